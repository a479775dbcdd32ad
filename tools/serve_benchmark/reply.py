"""A streamed answer of the OpenAI API, put together again."""

import json
from dataclasses import dataclass, field

_DATA = "data: "


@dataclass
class Reply:
    text: str = ""
    token_ids: list = field(default_factory=list)         # if asked for
    first_piece: int = 0  # how many of them came with the first text
    prompt_token_ids: list = field(default_factory=list)  # if asked for
    finish_reason: str = ""
    usage: dict = field(default_factory=dict)
    timings: dict = field(default_factory=dict)

    @property
    def prompt_tokens(self):
        return self.usage.get("prompt_tokens", 0)

    @property
    def cached_tokens(self):
        details = self.usage.get("prompt_tokens_details") or {}
        return details.get("cached_tokens", 0)

    def _add_choice(self, choice):
        delta = choice.get("delta") or {}
        text = choice.get("text") or delta.get("content") or ""
        self.token_ids += choice.get("token_ids") or []
        if text and not self.text:
            self.first_piece = len(self.token_ids)
        self.text += text
        self.finish_reason = choice.get("finish_reason") or self.finish_reason

    def add(self, event):
        for choice in event.get("choices") or []:
            self._add_choice(choice)
        self.prompt_token_ids = event.get("prompt_token_ids") or self.prompt_token_ids
        self.usage = event.get("usage") or self.usage
        self.timings = event.get("timings") or self.timings


def read(body):
    """The Reply of a body of server-sent events with one choice."""
    whole = Reply()
    for line in body.split("\n"):  # splitlines() would part texts with U+2028
        line = line.rstrip("\r")
        if line.startswith(_DATA) and line != _DATA + "[DONE]":
            whole.add(json.loads(line[len(_DATA):]))
    return whole
