"""Texts for the goldens of libs/tokenizer: hard ones, random ones.

The random ones are made by integer arithmetic alone, so that random_texts.h
makes the same ones in C++.
"""

SPECIAL_TEXTS = [
    "<|im_start|>user\nhi<|im_end|>\n", "<|endoftext|>", "a<|endoftext|>b",
    " <|endoftext|> <|endoftext|>", "<|im_start|", "<<|im_end|>>",
    "<s>", "</s>", "a</s>b", "<s> a", " <s>a </s> b", "<unk>", "a<unk>b",
    "<tool>", "<tool>>", "x<tool>>>y", "  <pad>  ", "a <pad>\n\tb<pad><pad> c",
    "<|begin_of_text|><|eot_id|>", "<tool_call>{}</tool_call>", "<sep>",
    " <sep> a<sep>", "a<sep>b<sep>", "<0x0A>", "<0xE2><0x96>", "\u2581<s>",
    "<|im_end|><|im_end|>e\u0301<|im_end|>",
]

WORDS = [
    "the", "and", "of", "token", "Hello", "World", "don't", "I'LL", "we've",
    "'S", "'\u017f", "it's", "THE", "function", "return", "__init__", "==",
    "->", "::", "<|", "|>", "<s>", "\u2581", "e\u0301", "\u00e9", "\ufb01",
    "\uac00", "\u65e5\u672c", "\u0627\u0644", "\u0939\u093f", "\u00b2",
    "\u2167", "\u00bd", "\u0663", "\U0001d7d8", "\U0001f468\u200d\U0001f469",
    "\U0001f1fa\U0001f1f8", "\u212b", "\u2126", "\u1e9b\u0323",
]
SPACES = [
    " ", " ", " ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\r", "\v", "\f",
    "\u0085", "\u00a0", "\u2028", "\u3000", "\u1680", "\u180e", "\u200b",
    "\u202f", " \n ", "\n \n", " " * 8, " " * 17,
]
RANGES = [  # of code points
    (0x00, 0x7F), (0x80, 0x2FF), (0x300, 0x36F), (0x370, 0x5FF),
    (0x900, 0xDFF), (0x1100, 0x11FF), (0x2000, 0x2BFF), (0x3040, 0x30FF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0xFFFF), (0x10000, 0x1FFFF),
    (0x20000, 0x3FFFF), (0xE0000, 0x10FFFF),
]


class Random:
    """SplitMix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        mask = 0xFFFFFFFFFFFFFFFF
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return (z ^ z >> 31) % n


def random_part(random):
    kind = random.below(9)
    if kind == 0:
        return SPACES[random.below(len(SPACES))].encode()
    if kind == 1:
        return WORDS[random.below(len(WORDS))].encode()
    if kind == 2:
        return b" " + WORDS[random.below(len(WORDS))].encode()
    if kind == 3:
        return bytes(b"etaoinshrdlu"[random.below(12)]
                     for _ in range(1 + random.below(9)))
    if kind == 4:
        return bytes(48 + random.below(10) for _ in range(1 + random.below(7)))
    if kind == 5:
        return bytes(33 + random.below(15) for _ in range(1 + random.below(4)))
    if kind == 6:
        return bytes([97 + random.below(3)]) * (1 + random.below(40))
    if kind == 7:
        return bytes([random.below(256)])
    first, last = RANGES[random.below(len(RANGES))]
    return "".join(chr(first + random.below(last - first + 1))
                   for _ in range(1 + random.below(4))).encode()


def random_texts(seed, count):
    """Texts of up to 12 parts; some are no UTF-8."""
    random = Random(seed)
    for _ in range(count):
        yield b"".join(random_part(random) for _ in range(random.below(13)))


def hard_texts():
    texts = [
        "", " ", "  ", "\n", "\r\n", "\t", "a", " a", "a ", " a ", "\0",
        "a\0b", "\x01\x02\x04\x06\x13\x14\x16\x1d\x7f", "Hello, world!",
        "The capital of France is Paris.\n\nThe", "don't you'll I'm we've he'd",
        "DON'T YOU'LL I'M WE'VE HE'D", "'s 't 're 've 'm 'll 'd", "'sa 'rex",
        "'S'T'RE'VE'M'LL'D", "'\u017f '\u212a", "''''s", "a'", "'",
        "1", "12", "123", "1234", "12345678901", "1a2b3c", "3.14159", "1,000",
        "\u0661\u0662\u0663", "\u00b2\u00b3\u00b9", "\u2167\u2168", "\u00bd",
        "\U0001d7d8\U0001d7d9", "x\u00b2+y\u00b2", "a  b", "a   b", "a \n b",
        "a\n\n\nb", "a \n\n b", "a\r\n\r\nb", " \n", "\n ", "\n\n ", " \n \n ",
        "a\tb", "\t\ta", "a\u00a0b", "a\u3000b", "\u2003a", "\u200b", "a\u200bb",
        "\u180ea", "\u0085a", "\x0b\x0ca", "a\u2028b\u2029c",
        "if (x == 0) {\n    return y[i]->z;\n}\n", "def f(self):\n\treturn None",
        "#include <stdio.h>\n", "a+b=c;//x", "!!!???", "...", "\u2026",
        "https://example.com/a?b=c&d=%20#e", "user@example.com",
        "caf\u00e9", "cafe\u0301", "\u00c5\u212b\u0041\u030a",
        "\u1e9b\u0323", "q\u0307\u0323", "\u0344", "\uf900", "\ufb01\ufb02",
        "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0958\u0915\u093c",
        "\u0301a", "a\u0301\u0302\u0323", "\u03b1\u0313\u0345",
        "\u4f60\u597d\uff0c\u4e16\u754c\u3002", "\u3053\u3093\u306b\u3061\u306f",
        "\u30ab\u3099", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5",
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
        "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
        "\u0928\u092e\u0938\u094d\u0924\u0947",
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u041f\u0440\u0438\u0432\u0435\u0442",
        "\u0393\u03b5\u03b9\u03ac", "\U00010400\U00010428", "\U0001f600",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
        "\U0001f1fa\U0001f1f8\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd",
        "\u263a\ufe0f", "\U000e0041", "\U0010ffff", "\ufffd", "\ufffe\uffff",
        "\ue000", "\U000f0000", "\U0001e4d0\U0001e4f1", "\U00011f50",
        "\U00011de3", "\U00016ff4", "\U0001ccf0", "\ua7da", "\u1c89",
        "\u2581", "\u2581\u2581", "a\u2581b", "\u2581a \u2581 b",
        " ".join("abcdefgh"), "a" * 100, " " * 50 + "x", "\n" * 30,
        "-" * 65, "=" * 64, "ab" * 40, "\u00e9" * 33, "the" * 20, "0" * 40,
        "The the THE tHe", "camelCaseWordsHTTPServer", "snake_case_words",
        "{\"key\": [1, 2.5, null, \"\\u00e9\"]}", "<b>bold</b>&amp;",
        "$100 \u20ac200 \u00a3300", "\u00ab\u00bb\u201c\u201d\u2018\u2019",
        "\u00ad\u200d\u2060", "\u0e33\u0eb3", "a\u0300\u0301b\u0327\u0301",
        "\uac00\u11a7\u11a8", "\U00011935\U00011930",
        "q\u0345\u1abf\u0323", "o\U00010eab\u0301",
    ]
    data = [t.encode() for t in texts]
    data += [  # no UTF-8
        b"\xff", b"a\xffb", b"\xc3", b"\xc3\xc3\xa9", b"\xe2\x96", b"\xe2\x96a",
        b"\xf0\x9f\x98", b"\xf0\x9f\x98 \xf0\x9f", b"\xed\xa0\x80", b"\xc0\x80",
        b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
        b"\x80\x80\x80", b"\xfe\xff", b"a\xc3\xa9\xa9b", b"\xef\xbf\xbd\xef\xbf",
        b"\xf1\x80\x80\x80\xf2\x80\x80\x80",
    ]
    return data


def training_texts():
    """What the small tokenizers are trained on: these texts and some English."""
    english = (
        "The quick brown fox jumps over the lazy dog. It was the best of "
        "times, it was the worst of times, and there were 1234 tokens in the "
        "context of the model. A language model gives a probability to each "
        "next word; attention weighs what came before. Don't they'll we've. "
        "In 2024 the answers were streamed, one token after another, to the "
        "terminal of whoever had asked the question: what is the capital of "
        "France? Internationalization and tokenization are long words. "
        "for (int i = 0; i < 10; ++i) {\n    total += values[i];\n}\n\n"
        "return self.name == other.name\n")
    random_ones = [t.decode("utf-8", "replace") for t in random_texts(7, 1500)]
    texts = [english] * 20 + random_ones + [
        t.decode("utf-8", "replace") for t in hard_texts()] * 3
    # No merge is to make a special token: the judge would follow it.
    return [t.replace("<s>", "") for t in texts]
