"""A small client of the HTTP API. Standard library only."""

import http.client
import json
import re

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)( \d+)?")


class Client:
    def __init__(self, port, key=None, host="127.0.0.1"):
        self.host, self.port, self._key = host, port, key

    def _headers(self):
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = "Bearer " + self._key
        return headers

    def request(self, method, path, payload=None, timeout=60):
        """(status, {header in lower case: value}, body)."""
        connection = http.client.HTTPConnection(self.host, self.port,
                                                timeout=timeout)
        try:
            body = None if payload is None else json.dumps(payload)
            connection.request(method, path, body, self._headers())
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()
        finally:
            connection.close()

    def is_healthy(self):
        try:
            return self.request("GET", "/health", timeout=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def model(self):
        return json.loads(self.request("GET", "/v1/models")[2])["data"][0]["id"]

    def post(self, path, payload, timeout=120):
        """(status, the JSON that came)."""
        status, _, body = self.request("POST", path, payload, timeout)
        return status, json.loads(body)

    def stream(self, path, payload, timeout=120):
        """Opens a stream: a Stream, or raises Refused."""
        connection = http.client.HTTPConnection(self.host, self.port,
                                                timeout=timeout)
        try:
            connection.request("POST", path, json.dumps({**payload, "stream": True}),
                               self._headers())
            response = connection.getresponse()
            if response.status != 200:
                raise Refused(response.status, response.read())
            return Stream(connection, response)
        except BaseException:
            connection.close()
            raise

    def metrics(self):
        """{name, without labels: sum of its samples}."""
        status, _, body = self.request("GET", "/metrics")
        if status != 200:
            raise AssertionError(f"/metrics: status {status}")
        return parse_metrics(body.decode())


def parse_metrics(text):
    values = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            raise AssertionError(f"no line of an exposition: {line[:100]!r}")
        values[sample[1]] = values.get(sample[1], 0.0) + float(sample[3])
    return values


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"status {status}: {body[:200]!r}")
        self.status = status


class Broken(Exception):
    """A stream ended without its [DONE], or with an error event."""


class Stream:
    """The events of one answer; iterate to the end, or close() to hang up."""

    def __init__(self, connection, response):
        self._connection, self._response = connection, response

    def __iter__(self):
        try:
            while True:
                line = self._response.readline()
                if not line:
                    raise Broken("no data: [DONE]")
                line = line.strip()
                if line == b"data: [DONE]":
                    return
                if line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    if "error" in event:
                        raise Broken(str(event["error"]))
                    yield event
        finally:
            self.close()

    def close(self):
        self._response.close()
        self._connection.close()
