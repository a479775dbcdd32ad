"""Conversations that take turns, several in flight, on each engine alike."""

import statistics

import load
from cache_rows import ROWS
from command import CommandFailed
from least_tokens import least_tokens
from workbench import check_same

IN_FLIGHT = 8
NUM_SYSTEM_PROMPTS = 4
SYSTEM_WORDS, USER_WORDS, ANSWER_TOKENS = 130, 24, 24
# Of the longest conversation: measured 1,100 of the full size's.
MAX_CONTEXT = 1536
NUM_CHECKED = 4
# Answers are of exactly so many tokens, without the default model's end tokens:
# with ignore_eos they would be generated, and be in no text.
SAMPLING = {"ignore_eos": False, "logit_bias": {"0": -100, "2": -100}}


class Conversation:
    def __init__(self, bench, index):
        self._bench, self._index = bench, index
        system = f"system {index % NUM_SYSTEM_PROMPTS}"
        self.messages = [{"role": "system", "content":
                          f"You answer briefly. {bench.words(system, SYSTEM_WORDS)}"}]

    def say(self, turn):
        words = self._bench.words(f"{self._index} {turn}", USER_WORDS)
        self.messages.append({"role": "user", "content": f"What is this about? {words}"})

    def hear(self, answer):
        self.messages.append({"role": "assistant", "content": answer.reply.text})


class Talks:
    """All conversations with one server."""

    def __init__(self, bench, server, count):
        self._bench = bench
        self.server = server
        self.conversations = [Conversation(bench, index) for index in range(count)]
        self.answers = []  # in the order in which their requests were sent
        self.last = []     # of each conversation, the last

    def turn(self, number):
        """One turn of each: IN_FLIGHT lanes, each taking its conversations one
        after another."""
        for conversation in self.conversations:
            conversation.say(number)
        groups = [self.conversations[lane::IN_FLIGHT] for lane in range(IN_FLIGHT)]
        lanes = [[self._request(conversation) for conversation in group]
                 for group in groups]
        heard = self._bench.load(self.server, lanes)
        for group, answers in zip(groups, heard):
            for conversation, answer in zip(group, answers):
                conversation.hear(answer)
        self.last = [answer for answers in heard for answer in answers]
        self.answers += sorted(load.flat(heard), key=lambda answer: answer.sent_s)

    def _request(self, conversation):
        return load.request(self.server, conversation.messages, ANSWER_TOKENS,
                            **SAMPLING)

    @property
    def mean_first_token(self):
        return statistics.fmean(answer.first_token_s for answer in self.answers)


def _check(bench, talks):
    """Some last turns, asked again where nothing is cached."""
    lanes = talks.last[:NUM_CHECKED]
    with bench.running([bench.tessera("no cache", "--prefix-cache", "off")]) as (plain,):
        again = [bench.ask(plain, answer.reply.prompt_token_ids, ANSWER_TOKENS,
                           **SAMPLING) for answer in lanes]
    check_same("with a cache and without", lanes, again)


def _computed_row(answers):
    replies = [answer.reply for answer in answers]
    if not all(reply.prompt_token_ids and reply.token_ids for reply in replies):
        raise CommandFailed("an answer came without its token ids")
    computed = sum(reply.prompt_tokens - reply.cached_tokens for reply in replies)
    least = least_tokens([(reply.prompt_token_ids, reply.token_ids)
                          for reply in replies])
    total = sum(reply.prompt_tokens for reply in replies)
    return ROWS.got("computed", computed / least,
                    f"{computed:,} of {total:,}; least {least:,}")


def _first_token_row(talks):
    key = "conversation_first_token"
    if len(talks) < 2:
        return ROWS.got(key, None, "no --peer")
    ours, theirs = (each.mean_first_token for each in talks)
    return ROWS.got(key, theirs / ours,
                    f"{ours * 1e3:.0f} ms against {theirs * 1e3:.0f} ms",
                    {each.server.name: [answer.first_token_s for answer in each.answers]
                     for each in talks})


def measure(bench, peer, num_conversations, num_turns):
    """peer: None, or what start()s a server with a prompt cache of its own."""
    arms = [bench.tessera("tessera"), *([peer] if peer else [])]
    with bench.running(arms, num_conversations, MAX_CONTEXT) as servers:
        talks = [Talks(bench, server, num_conversations) for server in servers]
        for turn in range(num_turns):
            bench.turns.run(f"{num_conversations} conversations, turn {turn + 1} of "
                            f"{num_turns}",
                            {each.server.name: lambda each=each: each.turn(turn)
                             for each in talks}, servers, num_rounds=1)
    _check(bench, talks[0])
    return [_computed_row(talks[0].answers), _first_token_row(talks)]
