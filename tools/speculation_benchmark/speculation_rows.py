"""What speculation has to reach, and aims at, on the default model."""

from bars import itself
from judged_rows import Asked, Rows

ROWS = Rows({
    "lookup": Asked("prompt lookup where the answer repeats the prompt, greedy, "
                    "batch 1: times plain", "x", itself(2), itself(3)),
    "prediction": Asked("prediction with 90% of its words right, greedy, batch 1: "
                        "times plain", "x", itself(2.5), itself(4)),
    "draft_model": Asked("draft model, acceptance near one, on a target padded with "
                         "layers that add nothing: times plain", "x", itself(2),
                         itself(3)),
    "useless_lookup": Asked("lookup where nothing repeats: slowest batch, times plain",
                            "x", itself(0.98), itself(1)),
    "useless_draft": Asked("useless draft model: slowest batch, times plain", "x",
                           itself(0.98), itself(1)),
    "mixed": Asked("mixed prompts, auto: slowest batch, times plain", "x",
                   itself(0.98), itself(1, "above 1x at each")),
})
