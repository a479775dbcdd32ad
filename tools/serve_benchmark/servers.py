"""The servers that are compared, each started for one load and then ended."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

from command import CommandFailed

READY_SECONDS = 120
STOP_SECONDS = 30
CONTEXT_MARGIN = 16   # tokens a slot, beyond prompt and answer
MAX_SEQUENCE = 8192   # of the default model


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def metric(exposition, name):
    """The sum of a metric's values in Prometheus' text format: over all labels
    where `name` has none, or of the one line that it names whole."""
    values = [line.rpartition(" ") for line in exposition.split("\n")]
    return sum(float(value) for series, _, value in values
               if series == name or series.startswith(name + "{"))


class RunningProcess:
    """A process and what it logs; a context manager that ends it. The subclass
    says _is_ready()."""

    def __init__(self, name, arguments):
        self.name = name
        # pylint: disable=consider-using-with
        self._log = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=self._log,
                stderr=subprocess.STDOUT)
        except OSError as error:
            raise CommandFailed(f"{arguments[0]}: {error.strerror}") from error

    def __enter__(self):
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self._log.close()

    def _wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self._log.seek(0)
                tail = self._log.read().decode(errors="replace")[-800:]
                raise CommandFailed(f"{self.name} never became ready:\n{tail}")
            time.sleep(0.05)


class Server(RunningProcess):
    """A running server of HTTP."""

    def __init__(self, name, arguments, port, more_fields):
        self.port = port
        self.more_fields = more_fields  # of each request
        self.model_name = None
        super().__init__(name, arguments)

    def _wait_until_ready(self):
        super()._wait_until_ready()
        self.model_name = self.ask("GET", "/v1/models")["data"][0]["id"]

    def _is_ready(self):
        try:
            self.ask("GET", "/health")
            return True
        except (OSError, http.client.HTTPException, CommandFailed):
            return False

    def ask(self, method, path, payload=None):
        """The JSON of an answer with status 200."""
        return json.loads(self._ask(method, path, payload))

    def counter(self, name):
        """The sum of this metric of /metrics over all its labels; 0: it has none."""
        return metric(self._ask("GET", "/metrics").decode(), name)

    def _ask(self, method, path, payload=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.request(method, path, payload and json.dumps(payload),
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise CommandFailed(f"{self.name}: {path}: status {response.status}: "
                                f"{body[:200]!r}")
        return body

    def complete(self, prompt, num_tokens):
        """The greedy continuation's text."""
        reply = self.ask("POST", "/v1/completions", {
            "model": self.model_name, "prompt": prompt, "max_tokens": num_tokens,
            "temperature": 0, **self.more_fields})
        return reply["choices"][0]["text"]


class TesseraServer:
    """Starts `tessera serve`."""

    def __init__(self, binary, model, threads, kernels, name="tessera", flags=(),
                 more_fields=None):
        """flags: more of them. more_fields: of each request."""
        self.name = name
        self._more_fields = more_fields or {}
        self._arguments = [binary, "serve", "--model", model,
                           "--threads", str(threads), "--kernels", kernels, *flags]

    def start(self, num_streams=1, num_tokens=1):
        """num_streams: at once; num_tokens: of a prompt and its answer."""
        del num_streams, num_tokens  # it needs no telling
        port = free_port()
        return Server(self.name, [*self._arguments, "--port", str(port)], port,
                      self._more_fields)


class LlamaServer:
    """Starts llama-server with a slot a stream and the context that they need."""

    def __init__(self, name, tree, model, threads, keeps_prompts=False):
        """keeps_prompts: with its own prompt cache, as it comes."""
        self.name = name
        self._program = self._find(name, os.path.abspath(tree))
        self._arguments = ["-m", model, "-t", str(threads), "-fa", "on",
                           "--host", "127.0.0.1"]
        self._more_fields = {}
        if not keeps_prompts:
            self._arguments += ["--cache-ram", "0"]
            self._more_fields = {"cache_prompt": False}

    @staticmethod
    def _find(name, tree):
        for part in ("build/bin", "bin", "."):
            path = os.path.join(tree, part, "llama-server")
            if os.access(path, os.X_OK):
                return path
        raise CommandFailed(f"--peer {name}: {tree} has no build/bin/llama-server")

    def start(self, num_streams, num_tokens):
        port = free_port()
        per_slot = min(num_tokens + CONTEXT_MARGIN, MAX_SEQUENCE)
        arguments = [self._program, *self._arguments, "--port", str(port),
                     "--parallel", str(num_streams),
                     "-c", str(num_streams * per_slot)]
        return Server(self.name, arguments, port, self._more_fields)
