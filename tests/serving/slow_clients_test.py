#!/usr/bin/env python3
"""Connections that say nothing, or too slowly, keep nobody else waiting.

usage: slow_clients_test.py TESSERA
"""

import contextlib
import os
import select
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from file_limit import raise_file_limit  # noqa: E402
from server_process import Served  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
NUM_IDLE = 10_000
NUM_SLOW = 200
MAX_BYTES_A_CONNECTION = 16 << 10
SECONDS = 60


class SlowClientsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise_file_limit(NUM_IDLE + 500)

    def serve(self, *flags):
        served = Served(TESSERA, "--kv-memory", "64MiB", *flags)
        self.addCleanup(served.close)
        return served

    def connect(self, served, count):
        connections = []
        for _ in range(count):
            connections.append(socket.create_connection(("127.0.0.1", served.port)))
            self.addCleanup(connections[-1].close)
        return connections

    def assert_answers(self, served):
        status, reply = served.client.post("/v1/completions", {
            "model": served.client.model(), "prompt": "The capital of France is",
            "max_tokens": 1, "temperature": 0})
        self.assertEqual((200, " Paris"), (status, reply["choices"][0]["text"]))

    @staticmethod
    def open_files(served):
        return len(os.listdir(f"/proc/{served.server.pid}/fd"))

    def until(self, is_so, words):
        end = time.monotonic() + SECONDS
        while not is_so():
            self.assertLess(time.monotonic(), end, words)
            time.sleep(0.05)

    def test_ten_thousand_idle_connections(self):
        # Longer than any machine takes to connect them all.
        served = self.serve("--idle-timeout", "1h", "--header-timeout", "1h")
        self.assert_answers(served)
        files, before = self.open_files(served), served.resident_bytes()
        connections = self.connect(served, NUM_IDLE)
        self.until(lambda: self.open_files(served) >= NUM_IDLE,
                   "not all were accepted")
        self.assert_answers(served)
        grown = served.resident_bytes() - before
        self.assertLess(grown, NUM_IDLE * MAX_BYTES_A_CONNECTION)
        for connection in connections:
            connection.close()
        self.until(lambda: self.open_files(served) <= files + 8, "some were kept")
        self.assert_answers(served)

    def test_an_idle_connection_is_closed_in_the_end(self):
        served = self.serve("--idle-timeout", "200ms", "--header-timeout", "200ms")
        for connection in self.connect(served, 20):
            connection.settimeout(SECONDS)
            # Nothing, or 408, and the end.
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass

    def test_headers_that_trickle_in(self):
        served = self.serve("--header-timeout", "500ms")
        slow = self.connect(served, NUM_SLOW)
        answered = self.trickle(slow, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ",
                                served)
        self.assertEqual(NUM_SLOW, answered)

    def test_bodies_that_trickle_in(self):
        served = self.serve("--body-timeout", "500ms")
        slow = self.connect(served, NUM_SLOW)
        answered = self.trickle(
            slow, b"POST /v1/completions HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n", served)
        self.assertEqual(NUM_SLOW, answered)

    def trickle(self, connections, head, served):
        """Sends `head` and then a byte at a time on all; how many were answered
        with 408, or closed. Meanwhile others are served."""
        waiting = set(connections)
        for connection in connections:
            connection.sendall(head)
            connection.setblocking(False)
        end, answered = time.monotonic() + SECONDS, 0
        while waiting and time.monotonic() < end:
            self.assert_answers(served)
            for connection in list(waiting):
                with contextlib.suppress(OSError):
                    connection.send(b"a")
            for connection in select.select(waiting, [], [], 0.1)[0]:
                answered += self.is_turned_away(connection)
                waiting.discard(connection)
        return answered

    @staticmethod
    def is_turned_away(connection):
        try:
            data = connection.recv(4096)
        except ConnectionResetError:
            return True
        return data == b"" or data.startswith(b"HTTP/1.1 408")

    def test_a_reader_that_stops_reading_is_dropped(self):
        served = self.serve("--max-send-bytes", "64KiB", "--send-timeout", "1s",
                            "--kv-memory", "256MiB")
        connection = socket.socket()
        self.addCleanup(connection.close)
        # Before connecting: little fits between the two.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        model = served.client.model()
        body = (b'{"model":"%s","prompt":"a","max_tokens":8000,"ignore_eos":true,'
                b'"stream":true,"logprobs":5}' % model.encode())
        connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: "
                           b"application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                           + body)

        def metric(name):
            return served.client.metrics()["tessera_" + name]
        self.until(lambda: metric("num_requests_running") == 1, "it never ran")
        self.until(lambda: metric("num_requests_running") == 0, "it runs for nobody")
        self.assertEqual(1, metric("requests_cancelled_total"))
        self.assertLess(metric("generation_tokens_total"), 8000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
