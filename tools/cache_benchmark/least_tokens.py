"""The fewest prompt tokens that any engine can compute for given requests."""


class SeenTokens:
    """Sequences of tokens, by their prefixes."""

    def __init__(self):
        self._root = {}

    def longest_prefix(self, tokens):
        """How many of the first tokens begin some sequence that was added."""
        node = self._root
        for count, token in enumerate(tokens):
            node = node.get(token)
            if node is None:
                return count
        return len(tokens)

    def add(self, tokens):
        node = self._root
        for token in tokens:
            node = node.setdefault(token, {})


def least_tokens(requests):
    """requests: [(prompt's token ids, answer's token ids)] in the order sent.

    A token's keys and values depend on all tokens before it, so what need not be
    computed is the longest prefix shared with something sent earlier: a prompt
    and the answer to it, less the answer's last token, which was drawn and never
    read. The last token of each prompt is computed in any case: the answer's
    first is drawn from it. Requests that overlap in time count as if the earlier
    were done when the later came, so that no schedule needs fewer.
    """
    seen, least = SeenTokens(), 0
    for prompt, answer in requests:
        least += max(1, len(prompt) - seen.longest_prefix(prompt))
        seen.add([*prompt, *answer[:-1]])
    return least
