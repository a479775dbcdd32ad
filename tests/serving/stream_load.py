"""Many streams at once on one thread (asyncio)."""

import asyncio
import json


class Outcome:
    """How a stream went: its status, how many events had text, why it broke."""

    def __init__(self):
        self.status = 0
        self.num_texts = 0
        self.text = ""
        self.done = False
        self.error = ""

    @property
    def is_whole(self):
        return self.done and not self.error


async def _read(reader, outcome, hang_up_after):
    head = await reader.readuntil(b"\r\n\r\n")
    outcome.status = int(head.split(b" ", 2)[1])
    if outcome.status != 200:
        outcome.error = f"status {outcome.status}"
        return
    while not outcome.done:
        line = await reader.readline()
        if not line:
            outcome.error = outcome.error or "closed before [DONE]"
            return
        if line.strip() == b"data: [DONE]":
            outcome.done = True
        elif line.startswith(b"data: "):
            event = json.loads(line[6:])
            if "error" in event:
                outcome.error = str(event["error"])
                continue
            text = "".join(choice.get("text") or "" for choice in event["choices"])
            outcome.num_texts += text != ""
            outcome.text += text
            if outcome.num_texts == hang_up_after:
                return


async def stream(port, payload, hang_up_after=None):
    """One /v1/completions stream, left after so many events with text."""
    outcome = Outcome()
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port,
                                                       limit=1 << 20)
        body = json.dumps({**payload, "stream": True}).encode()
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                     % len(body) + body)
        await writer.drain()
        await _read(reader, outcome, hang_up_after)
    except (OSError, asyncio.IncompleteReadError) as error:
        outcome.error = repr(error)
    finally:
        if writer:
            writer.close()
    return outcome


def run_all(port, payloads):
    """Outcomes of all streams, begun at once, in their order."""
    async def gather():
        return await asyncio.gather(*(stream(port, each) for each in payloads))
    return asyncio.run(gather())
