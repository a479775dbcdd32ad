#!/usr/bin/env python3
"""Loads against a server that answers as it is told, and what is made of them."""

import json
import os
import socketserver
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "comparison")]
import load  # noqa: E402
from command import CommandFailed  # noqa: E402
from load import Answer  # noqa: E402

LOAD_CLIENT = os.path.join(HERE, "load_client")


def event(text, **more):
    data = json.dumps({"choices": [{"index": 0, "text": text}], **more})
    line = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(line), line)


DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
USAGE = event("", usage={"completion_tokens": 3})


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.rfile.readline()
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        body = json.loads(self.rfile.read(length))
        self.server.bodies.append(body)
        script = self.server.script
        if callable(script[0]):
            script = [HEAD, *script[0](body)]
        try:
            for piece in script:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                else:
                    time.sleep(piece)
        except (BrokenPipeError, ConnectionResetError):
            self.server.hang_ups.set()


class Scripted(socketserver.ThreadingTCPServer):
    """Answers everything with the script: bytes, and seconds to wait; or what a
    function makes of the request's body."""
    name, model_name, more_fields = "scripted", "m", {"extra": 1}
    daemon_threads = True

    def __init__(self, *script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.script = script
        self.bodies = []
        self.hang_ups = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class LoadClientTest(unittest.TestCase):
    def serve(self, *script):
        server = Scripted(*script)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def test_tokens_are_timed_as_they_come(self):
        server = self.serve(HEAD, 0.1, event(" a"), event(""), 0.05, event(" b"),
                            event(" c"), USAGE, DONE)
        one = [load.request(server, [1, 2], 3)]
        lanes = load.run(LOAD_CLIENT, server, [one * 2, one])
        self.assertEqual([2, 1], [len(lane) for lane in lanes])
        for answer in load.flat(lanes):
            self.assertEqual((200, 3, "", 3), (answer.status, answer.completion_tokens,
                                               answer.error, len(answer.tokens_s)))
            self.assertGreaterEqual(answer.first_token_s, 0.1)
            self.assertGreaterEqual(answer.tokens_s[1] - answer.sent_s, 0.15)
            self.assertEqual((" a b c", {"completion_tokens": 3}),
                             (answer.reply.text, answer.reply.usage))
        first, second = lanes[0]
        self.assertGreaterEqual(second.sent_s, first.end_s)
        self.assertEqual(3, len(server.bodies))
        self.assertEqual(([1, 2], 3, 1, True),
                         tuple(server.bodies[0][key] for key in
                               ("prompt", "max_tokens", "extra", "stream")))

    def test_a_delay_is_kept(self):
        server = self.serve(HEAD, event("y"), USAGE, DONE)
        ((answer,),) = load.run(LOAD_CLIENT, server,
                                [[load.request(server, [1], 1, delay_ms=150)]])
        self.assertGreaterEqual(answer.sent_s, 0.15)

    def test_the_end_of_one_lane_ends_the_others(self):
        # 1,000 tokens, of which the other lane, with 3, leaves time for some.
        def script(body):
            tokens = 3 if body["prompt"] == [3] else 1000
            for _ in range(tokens):
                yield event("x")
                yield 0.02
            yield USAGE + DONE
        server = self.serve(script)
        lanes = [[load.request(server, [1], 1000)],
                 [load.request(server, [3], 3, delay_ms=100)]]
        (running,), (brief,) = load.run(LOAD_CLIENT, server, lanes, end_with_lane=1)
        self.assertEqual(("stopped", ""), (running.error, brief.error))
        self.assertLess(len(running.tokens_s), 1000)
        self.assertGreater(running.tokens_s[-1], brief.sent_s)
        self.assertTrue(server.hang_ups.wait(10))

    def test_a_lane_that_is_cut_before_its_first_token_is_a_failure(self):
        server = self.serve(HEAD, 0.2)
        with self.assertRaisesRegex(CommandFailed, "an answer without text|stopped"):
            load.run(LOAD_CLIENT, server, [[load.request(server, [1], 1)], []],
                     end_with_lane=1)

    def test_failures_are_named(self):
        refused = b"HTTP/1.1 429 No\r\nContent-Length: 4\r\n\r\nbusy"
        for words, script in (
                ("status 429: busy", [refused]),
                ("the connection was closed", [HEAD, event("a")]),
                (r"no data: \[DONE\]", [HEAD, event("a"), b"0\r\n\r\n"]),
                ("no HTTP response", [b"nonsense\r\n\r\n"]),
                ("boom", [HEAD, event("a"), event("", error={"message": "boom"})])):
            server = self.serve(*script)
            with self.assertRaisesRegex(CommandFailed, words):
                load.run(LOAD_CLIENT, server, [[load.request(server, [1], 1)]])

    def test_nobody_listens(self):
        server = self.serve(HEAD)
        server.shutdown()
        server.server_close()
        with self.assertRaisesRegex(CommandFailed, "Connection refused"):
            load.run(LOAD_CLIENT, server, [[load.request(server, [1], 1)]])


class FiguresTest(unittest.TestCase):
    def test_percentiles_are_values_that_were_measured(self):
        values = list(range(100, 0, -1))
        self.assertEqual([50, 99, 100, 1], [load.percentile(values, share) for share
                                            in (0.5, 0.99, 1, 0)])
        self.assertEqual(7, load.percentile([7], 0.99))
        # Of 16 the 99th percentile is the worst.
        self.assertEqual(16, load.percentile(range(1, 17), 0.99))

    def test_throughput_is_from_the_first_request_to_the_last_token(self):
        answers = [Answer(0.5, [1.0, 2.0], 9.0, 200, 10, ""),
                   Answer(1.0, [4.5], 4.6, 200, 30, "")]
        self.assertEqual(10, load.throughput(answers))

    def test_decode_rate_leaves_the_first_token_out(self):
        self.assertEqual(2, Answer(0, [1, 2, 3], 3, 200, 5, "").decode_rate)

    def test_the_worst_gap_is_one_that_ends_after_the_arrival(self):
        running = Answer(0, [1, 5, 6, 8, 8.5], 9, 200, -1, "stopped")
        self.assertEqual(2, load.worst_gap(running, 5.5))
        self.assertEqual(4, load.worst_gap(running, 4))  # it was under way


if __name__ == "__main__":
    unittest.main()
