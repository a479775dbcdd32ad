"""Starts servers of ours, and always ends them."""

import glob
import os
import signal
import socket
import subprocess
import tempfile
import time

from api_client import Client

READY_SECONDS = 120


def default_model():
    (model,) = glob.glob("external/default_model/*.gguf") or glob.glob(
        "../default_model/*.gguf")
    return os.path.abspath(model)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """`tessera COMMAND FLAGS`, with what it wrote kept for messages."""

    def __init__(self, binary, command, *flags):
        # pylint: disable=consider-using-with
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [binary, command, *flags], stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def wait_until(self, is_ready):
        end = time.monotonic() + READY_SECONDS
        while not is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"exit status {self.process.returncode} "
                                     f"before it was ready:\n{self.log()}")
            if time.monotonic() > end:
                log = self.log()
                self.kill()
                raise AssertionError(f"never ready:\n{log}")
            time.sleep(0.05)

    def terminate(self, seconds=60):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._log.close()


class Backend:
    """`tessera COMMAND FLAGS`, a service behind a server, on a port of its own:
    it can die, pause and come back."""

    def __init__(self, binary, command, *flags):
        metrics_port = free_port()
        self._metrics = Client(metrics_port)
        self.address = f"127.0.0.1:{free_port()}"
        self._arguments = (binary, command, "--listen", self.address,
                           "--metrics-port", str(metrics_port), *flags)
        self.start()

    def start(self):
        self.process = ServerProcess(*self._arguments)
        self.process.wait_until(self._metrics.is_healthy)

    def metrics(self):
        return self._metrics.metrics()

    def signal(self, number):
        self.process.process.send_signal(number)

    def terminate(self):
        """SIGTERM; the exit status."""
        status = self.process.terminate()
        self.process.kill()
        return status

    def kill(self):
        self.process.kill()


def model_flags():
    return ("--model", default_model(), "--kv-memory", "128MiB", "--threads", "1")


class Verifier(Backend):
    def __init__(self, binary, *flags):
        super().__init__(binary, "verifier", *model_flags(), *flags)


class Speculator(Backend):
    def __init__(self, binary, *flags):
        super().__init__(binary, "speculator", *model_flags(), *flags)


class PrefixCache(Backend):
    """A store of prefixes."""

    def __init__(self, binary, folder, *flags):
        super().__init__(binary, "prefix_cache", "--dir", folder,
                         "--memory", "256MiB", *flags)


class Served:
    """A server with the HTTP API on a free port of loopback, ready."""

    def __init__(self, binary, *flags, command="serve", model=True, key=None):
        self.port = free_port()
        if model:
            flags = ("--model", default_model(), *flags)
        self.server = ServerProcess(binary, command, "--port", str(self.port),
                                    *flags)
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.port, key)
        self.server.wait_until(self.client.is_healthy)

    def close(self):
        self.server.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def resident_bytes(self):
        with open(f"/proc/{self.server.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
