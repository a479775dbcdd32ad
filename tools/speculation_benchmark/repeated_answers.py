"""Answers that somebody has said already: the prompt, or a prediction."""

import tasks
from paired import Speeds, one_after_another
from speculation_rows import ROWS

ANSWER_TOKENS = 192
PREDICTION_TOKENS = 128
ONE_WRONG_IN = 10   # words
OFF, AUTO = "off", "auto"


def _arms(bench):
    return [bench.tessera(OFF, "--speculation", "off"),
            bench.tessera(AUTO, "--speculation", "auto")]


def row(key, names, heard, detail=""):
    """heard: {arm: [[Answer of each round] of each task]}."""
    plain, fast = Speeds(heard[OFF]), Speeds(heard[AUTO])
    each = ", ".join(f"{name} {ratio:.2f}x"
                     for name, ratio in zip(names, fast.times(plain)))
    return ROWS.got(key, fast.rate / plain.rate,
                    f"{fast.rate:.0f} tok/s against {plain.rate:.0f}: {each}{detail}",
                    {arm: speeds.seconds for arm, speeds in
                     ((OFF, plain), (AUTO, fast))})


def measure_lookup(bench):
    asked = {name: tasks.chat(text) for name, text in tasks.REPEATING.items()}
    with bench.running(_arms(bench)) as servers:
        heard = one_after_another(bench, "lookup", servers, asked, ANSWER_TOKENS)
    return [row("lookup", asked, heard)]


def predictions(texts):
    """{task: what is wrong in every tenth word}, as the field of a request."""
    return {name: {"prediction": {"type": "content",
                                  "content": tasks.changed(text, ONE_WRONG_IN)}}
            for name, text in texts.items()}


def accepted(answers):
    """(accepted tokens, rejected) of predictions, as the usage tells them."""
    details = [answer.reply.usage.get("completion_tokens_details") or {}
               for answer in answers]
    return tuple(sum(each.get(f"{kind}_prediction_tokens", 0) for each in details)
                 for kind in ("accepted", "rejected"))


def measure_prediction(bench):
    asked = {name: tasks.chat(text) for name, text in tasks.WRITING.items()}
    with bench.running(_arms(bench)) as servers:
        texts = {name: bench.ask(servers[0], messages, PREDICTION_TOKENS,
                                 ignore_eos=False).reply.text
                 for name, messages in asked.items()}
        heard = one_after_another(bench, "prediction", servers, asked,
                                  PREDICTION_TOKENS, {AUTO: predictions(texts)})
    kept, lost = accepted([rounds[0] for rounds in heard[AUTO]])
    return [row("prediction", asked, heard,
                f"; {kept} tokens accepted, {lost} rejected")]
