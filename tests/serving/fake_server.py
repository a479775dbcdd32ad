#!/usr/bin/env python3
"""A small server with the API's shapes and no model, to test clients against.

usage: fake_server.py [--port N] [--files DIR]

It answers chat completions with the same tokens always, at a given pace, with
log-probabilities where they are asked for, and serves the playground's files.
"""

import argparse
import glob
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "fake-model"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

# Two tokens make the sun; the last ends the answer and has no text.
TOKENS = [token.encode() for token in (
    "The", " sky", " looks", " blue", " because", " air", " sc", "atters", " short",
    " waves", " of", " light", " more", " than", " long", " ones", ".", "\n\n", "So",
    " from", " every", " side", " some", " blue", " reaches", " the", " eye", ",",
    " while", " the", " sun", " itself", " ")] + [
        b"\xf0\x9f", b"\x8c\x9e"] + [token.encode() for token in (
            " keeps", " the", " rest", " of", " its", " colours", ".", "")]
# Of the tokens, from the first on; the rest the model drew alone. The sun's two
# are a draft's first and a token of its own.
SOURCES = dict(zip(range(1, 9), ["text"] * 2 + ["target"] + ["prediction"] * 3 +
                   ["draft_model"] * 2)) | {33: "text"}
OTHERS = [b" grey", b" wide", b"\n", b" because"]


def text_of(token):
    return token.decode("utf-8", "replace")


def logprob_entry(token, num_top):
    """An entry of logprobs.content; the chosen token has half of it all."""
    def one(data, logprob):
        return {"token": text_of(data), "logprob": logprob, "bytes": list(data)}
    others = [other for other in OTHERS if other != token][:max(0, num_top - 1)]
    top = [one(token, -0.693)] + [one(other, -1.8 - index)
                                  for index, other in enumerate(others)]
    return {**one(token, -0.693), "top_logprobs": top[:num_top]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status, message, param=None, **headers):
        kind = "invalid_request_error" if status < 500 else "service_unavailable_error"
        self._answer(status, {"error": {"message": message, "type": kind,
                                        "param": param, "code": None}}, **headers)

    def _is_allowed(self):
        key = self.server.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return True
        self._error(401, "This server asks for an API key.")
        return False

    def do_GET(self):  # noqa: N802 (the name that http.server calls)
        path = self.path.split("?")[0]
        if path == "/health":
            self._answer(self.server.health, {})
        elif path == "/v1/models":
            if self._is_allowed():
                self._answer(200, {"object": "list", "data": [
                    {"id": MODEL, "object": "model", "created": 0, "owned_by": "x"}]})
        elif path in self.server.files:
            content_type, body = self.server.files[path]
            self._answer(200, body, content_type)
        else:
            self._error(404, f"There is no {path}.")

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._is_allowed():
            return
        request = json.loads(body)
        self.server.requests.append(request)
        if self.server.health != 200:
            self._error(503, "The server is stopping.", Retry_After="2")
        elif self.path == "/tokenize":
            self._answer(200, {"token_strs": prompt_tokens(request)})
        elif request.get("prediction", {}).get("content") == "refuse me":
            self._error(400, "prediction.content must be something else.",
                        "prediction.content")
        elif not 0 <= request.get("temperature", 1) <= 100:
            self._error(400, "temperature must be between 0 and 100.", "temperature")
        else:
            self._stream(request)

    def _stream(self, request):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for chunk in chunks(request):
                time.sleep(self.server.pace)
                self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.server.hang_ups += 1


def choice(delta, finish_reason=None, logprobs=None, **more):
    return {"index": 0, "delta": delta, "logprobs": logprobs,
            "finish_reason": finish_reason, **more}


def prompt_tokens(request):
    """One a word; the first begins without a space."""
    words = " ".join(message["content"] for message in request["messages"]).split()
    return [word if index == 0 else " " + word for index, word in enumerate(words)]


def chunks(request):
    """The chunks of a chat completion."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0,
            "model": MODEL}
    num_tokens = min(request.get("max_tokens") or 1 << 30, len(TOKENS))
    yield {**head, "choices": [choice({"role": "assistant", "content": ""})]}
    held = b""
    for index, token in enumerate(TOKENS[:num_tokens]):
        held += token
        try:
            text, held = held.decode(), b""
        except UnicodeDecodeError:
            text = ""  # half a character
        last = index + 1 == num_tokens
        reason = ("stop" if num_tokens == len(TOKENS) else "length") if last else None
        logprobs = {"content": [logprob_entry(token, request.get("top_logprobs", 0))]}
        sources = {"token_sources": [SOURCES.get(index, "target")]} if request.get(
            "return_token_sources") else {}
        yield {**head, "choices": [choice({"content": text}, reason, logprobs if
                                          request.get("logprobs") else None,
                                          **sources)]}
    prompt = len(prompt_tokens(request))
    yield {**head, "choices": [],
           "usage": {"prompt_tokens": prompt, "completion_tokens": num_tokens,
                     "total_tokens": prompt + num_tokens,
                     "prompt_tokens_details": {"cached_tokens": prompt // 2}},
           "timings": {"queue_seconds": 0.0002, "prefill_seconds": 0.012,
                       "decode_seconds": 0.4,
                       "cached_tokens_by_tier": {"engine": 0, "memory": prompt // 2,
                                                 "disk": 0},
                       "load_seconds": 0.0032,
                       "drafts": {"text": {"drafted_tokens": 4, "accepted_tokens": 3},
                                  "draft_model": {"drafted_tokens": 2,
                                                  "accepted_tokens": 2}}}}


def read_files(folder):
    """{path: (content type, bytes)} as services/gateway/playground has them."""
    files = {}
    for path in glob.glob(os.path.join(folder, "*")):
        name, extension = os.path.basename(path), os.path.splitext(path)[1]
        if extension in TYPES:
            with open(path, "rb") as file:
                url = "/" if name == "index.html" else "/playground/" + name
                files[url] = TYPES[extension], file.read()
    return files


class FakeServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder=None, port=0, key=None, pace=0.01):
        super().__init__(("127.0.0.1", port), Handler)
        self.files = read_files(folder) if folder else {}
        self.key = key
        self.pace = pace       # seconds a chunk
        self.health = 200      # what /health answers
        self.hang_ups = 0      # streams that their client left
        self.requests = []     # bodies of POSTs
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def start(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--files", metavar="DIR", help="of the playground")
    parser.add_argument("--key")
    parser.add_argument("--pace", type=float, default=0.01, help="seconds a token")
    options = parser.parse_args()
    server = FakeServer(options.files, options.port, options.key, options.pace)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
