"""A load: requests in lanes, put on a server by load_client, and what came."""

import functools
import json
import math
import subprocess
from dataclasses import dataclass
from typing import Optional

import reply
from command import CommandFailed

TIMEOUT_S = 3600


def request(server, prompt, num_tokens, delay_ms=0, **more):
    """One planned request: greedy, of exactly so many tokens, unless fields in
    `more` say otherwise. prompt: text, token ids, or a chat's messages."""
    is_chat = isinstance(prompt, list) and isinstance(prompt[0], dict)
    body = {"model": server.model_name, "messages" if is_chat else "prompt": prompt,
            "max_tokens": num_tokens, "temperature": 0, "ignore_eos": True,
            "stream": True, "stream_options": {"include_usage": True},
            **server.more_fields, **more}
    path = "/v1/chat/completions" if is_chat else "/v1/completions"
    return {"delay_ms": delay_ms, "path": path, "body": json.dumps(body)}


@dataclass
class Answer:
    sent_s: float
    tokens_s: list
    end_s: float
    status: int
    completion_tokens: int
    error: str
    body: str = ""

    @functools.cached_property
    def reply(self):
        """What the events said, put together."""
        return reply.read(self.body)

    @property
    def first_token_s(self):
        return self.tokens_s[0] - self.sent_s

    @property
    def gaps_s(self):
        return [after - before for before, after in
                zip(self.tokens_s, self.tokens_s[1:])]

    @property
    def decode_rate(self):
        """Tokens a second after the first. Tokens may share an event, where
        several make one character: they count as many."""
        return ((self.completion_tokens - 1) /
                (self.tokens_s[-1] - self.tokens_s[0]))


def read_answers(text):
    """[[Answer, ...] of each lane] out of what load_client wrote."""
    return [[Answer(**answer) for answer in lane]
            for lane in json.loads(text)["lanes"]]


def run(load_client, server, lanes, end_with_lane: Optional[int] = None):
    """[[Answer]]; CommandFailed names the first answer that is not whole.
    With end_with_lane the other lanes are hung up on, and may be cut."""
    plan = {"port": server.port, "lanes": lanes, "end_with_lane": end_with_lane}
    done = subprocess.run([load_client], input=json.dumps(plan), text=True,
                          capture_output=True, check=False, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise CommandFailed(f"load_client: {done.stderr.strip()}")
    answers = read_answers(done.stdout)
    for index, lane in enumerate(answers):
        for answer in lane:
            is_cut = end_with_lane not in (None, index) and answer.error == "stopped"
            if (answer.error and not is_cut) or not answer.tokens_s:
                raise CommandFailed(
                    f"{server.name}: {answer.error or 'an answer without text'}")
    return answers


def percentile(values, share):
    """Nearest rank: the least value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def flat(lanes):
    return [answer for lane in lanes for answer in lane]


def throughput(answers):
    """Generated tokens a second, from the first request to the last token."""
    begin = min(answer.sent_s for answer in answers)
    end = max(answer.tokens_s[-1] for answer in answers)
    return sum(answer.completion_tokens for answer in answers) / (end - begin)


def worst_gap(running, since):
    """The longest wait for a token of a running answer that ended after
    `since`, seconds; both on load_client's clock."""
    return max((after - before for before, after in
                zip(running.tokens_s, running.tokens_s[1:]) if after > since),
               default=float("nan"))
