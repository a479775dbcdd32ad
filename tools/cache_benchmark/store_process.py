"""A prefix store of its own process."""

import http.client
import time

from command import CommandFailed
from servers import RunningProcess, free_port, metric

_WRITTEN_S = 30


class StoreProcess(RunningProcess):
    """`tessera prefix_cache` on loopback; a context manager."""

    def __init__(self, bench, memory):
        self._listen, self._metrics = free_port(), free_port()
        super().__init__("prefix_cache", bench.tessera_command(
            "prefix_cache", "--listen", self.address, "--memory", memory,
            "--metrics-port", str(self._metrics)))

    @property
    def address(self):
        return f"127.0.0.1:{self._listen}"

    def _get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self._metrics, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def _is_ready(self):
        try:
            return self._get("/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def num_blocks(self):
        """In memory."""
        return metric(self._get("/metrics")[1],
                      'tessera_prefix_cache_store_blocks{tier="memory"}')

    def wait_for_blocks(self, count):
        """Until so many were put; puts are off a request's path."""
        end = time.monotonic() + _WRITTEN_S
        while self.num_blocks() < count:
            if time.monotonic() > end:
                raise CommandFailed(f"prefix_cache has {self.num_blocks():.0f} blocks "
                                    f"after {_WRITTEN_S} s: {count} were expected")
            time.sleep(0.05)
