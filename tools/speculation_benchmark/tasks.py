"""What is asked: answers that repeat their prompt, answers that do not, and all
kinds mixed. Of the default model, whose answers to the first are mostly the
prompt's own words."""

import random

_CODE = '''class Account:
    """A bank account with a history of its transactions."""

    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("the amount must be positive")
        self.balance = self.balance + amount
        self.history.append(("deposit", amount))
        return self.balance

    def withdraw(self, amount):
        if amount <= 0:
            raise ValueError("the amount must be positive")
        if amount > self.balance:
            raise ValueError("the balance is too low")
        self.balance = self.balance - amount
        self.history.append(("withdraw", amount))
        return self.balance
'''
_LETTER = """Dear Ms. Okafor,

Thank you for your order of 14 March. We are sorry to tell you that the oak table is \
out of stock until the end of April. The six chairs and the green lamp left our \
warehouse in Rotterdam this morning and will reach you on Thursday between nine and \
noon. Please keep the delivery note, since you will need it if anything is damaged. \
You may cancel the table at no cost by writing to orders@example.com, or wait for it \
at the old price of 480 euros.

Yours sincerely,
Pieter de Vries"""
_PASSAGE = """The lighthouse stands on a rock that the tide covers twice a day. It was \
finished in 1811 after four years of work, during which the builders lived in a \
wooden hut on legs above the waves. Its light can be seen from thirty-five miles away. \
Until 1988 three keepers lived there at a time, each for six weeks, and a boat brought \
them bread, coal and newspapers when the sea allowed it. Since then the lamp has \
worked by itself, and the only visitors are engineers, seals and birds. The stones of \
the tower are dovetailed into each other and into the rock below, so that each wave \
presses them more tightly together."""

# {name: question}
REPEATING = {
    "edit": f"Here is a Python file:\n\n```python\n{_CODE}```\n\nWrite the whole file "
            "again with the class named Wallet.",
    "extract": "Copy the sentences about the delivery out of this letter, word for "
               f"word.\n\n{_LETTER}",
    "quote": f"Repeat the following passage, word for word:\n\n{_PASSAGE}",
}
WRITING = {
    "story": "Write a short story about a watchmaker and a crow.",
    "bicycle": "Explain how a bicycle stays upright.",
    "mail": "Write an email that asks a landlord to repair a window.",
}
_MIXED = [*REPEATING.values(), *WRITING.values(),
          "List the numbers from 1 to 40, separated by commas.",
          "What is a semaphore in programming? Give an example in C."]
MIXED_TEMPERATURES = (0, 0.8)
# Answers' tokens, in turn. Were all as long, the streams of a batch without drafts
# would end and begin in the same passes, which is cheaper than one by one. Pairs
# have the same sum, so that all streams end together at last.
_LENGTHS = (32, 64, 40, 56, 48, 48, 36, 60)


def chat(question):
    return [{"role": "user", "content": question}]


def _answer_tokens(stream, index):
    """How long a stream's index-th answer is."""
    return _LENGTHS[(2 * stream + index) % len(_LENGTHS)]


def mixed(num_streams, num_requests):
    """[[(messages, num_tokens and sampling fields)] of each stream]: all kinds in
    turn, each stream beginning with another, no two the same."""
    def request(stream, index):
        kind = (stream + index) % len(_MIXED)
        number = index * num_streams + stream
        # Not of one kind the same each time.
        turn = stream // len(_MIXED) + index // len(_MIXED)
        temperature = MIXED_TEMPERATURES[(turn + kind) % len(MIXED_TEMPERATURES)]
        return (chat(f"Task {number + 1}. {_MIXED[kind]}"),
                {"temperature": temperature, "seed": number,
                 "num_tokens": _answer_tokens(stream, index)})

    return [[request(stream, index) for index in range(num_requests)]
            for stream in range(num_streams)]


def unrepeated(prompts, num_streams, num_requests, num_tokens):
    """[[(token ids, num_tokens and sampling fields)] of each stream]: other
    people's words, and answers drawn at such a temperature that hardly anything in
    them comes twice."""
    return [[(prompts.next(num_tokens),
              {"temperature": 1.3, "seed": stream * num_requests + index,
               "num_tokens": _answer_tokens(stream, index)})
             for index in range(num_requests)] for stream in range(num_streams)]


def changed(text, one_in, seed=1):
    """The text with one word in so many put in another's place; spaces and line
    ends stay."""
    draw = random.Random(seed)
    pieces = text.split(" ")
    words = [piece for piece in pieces if piece.strip()]
    places = [index for index, piece in enumerate(pieces) if piece.strip()]
    for place in places[one_in // 2::one_in]:
        others = [word for word in words if word != pieces[place]]
        if others:
            pieces[place] = draw.choice(others)
    return " ".join(pieces)
