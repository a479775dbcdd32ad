"""Random templates over the subset that is supported, mostly of matching types."""

VARIABLES = {
    "s": "Hello, World",
    "u": " naïve 日本 x ",
    "e": "",
    "n": 7,
    "z": 0,
    "f": 2.5,
    "b": True,
    "o": None,
    "words": ["b", "a", "C", "a"],
    "nums": [3, 1, 2],
    "d": {"k": 1, "a": "x", "items": [1]},
    "rows": [{"n": 2, "t": "two"}, {"n": 1, "t": "one", "x": None}, {"n": 3, "t": ""}],
}
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": " hi\n<|im_end|> "},
    {"role": "assistant", "content": "yes"},
]

TEXTS = ["s", "u", "e", "'a'", '"b c"', "'x\\ny'", "m.content", "m['role']", "'%s'", "d.a", "words[0]", "'é'", "' pad '"]
INTEGERS = ["n", "z", "0", "1", "2", "-3", "10", "nums[1]", "d['k']", "s | length", "rows | length", "1_000", "0x1F"]
FLOATS = ["f", "1.5", "0.1", "1e3", "n / 2"]
BOOLEANS = ["b", "true", "False", "s is string", "nope is defined", "o is none", "'a' in words", "'H' in s", "'k' in d"]
LISTS = ["words", "nums", "[]", "[1, 'a', none]", "(1, 2)", "range(3) | list", "rows", "messages", "s.split(', ')", "d.keys() | list"]
ANYTHING = ["o", "nope", "d", "none", "rows[0]", "rows[9]", "d.nope", "{'q': [1.0, true, 'é\"']}"]


class Writer:
    """One random template; `random` is a random.Random."""

    def __init__(self, random):
        self._random = random
        self._names = []
        self._macros = []
        self._loops = 0

    def template(self):
        return self._body(3)

    def _pick(self, *choices):
        return self._random.choice(choices)

    def _chance(self, probability):
        return self._random.random() < probability

    def _text(self, depth):
        if depth <= 0:
            return self._random.choice(TEXTS)
        t, i, l = (lambda: self._text(depth - 1)), (lambda: self._integer(depth - 1)), (lambda: self._list(depth - 1))
        return self._pick(
            lambda: f"{t()} + {t()}",
            lambda: f"{t()} ~ {self._expression(depth - 1)}",
            lambda: f"({t()}) * {self._pick('2', '0', 'n', '-1')}",
            lambda: f"({t()}){self._slice()}",
            lambda: f"({t()}) | {self._pick('trim', 'upper', 'lower', 'title', 'capitalize', 'string', 'safe', 'reverse', 'first', 'last', 'indent', 'indent(2, true)')}",
            lambda: f"({t()}) | {self._pick('indent(1, blank=true)', 'trim(chars=' + self._random.choice(TEXTS) + ')', 'default(' + chr(39) + 'q' + chr(39) + ', true)')}",
            lambda: f"({t()}) | replace({self._random.choice(TEXTS)}, {t()})",
            lambda: f"({t()}).replace({self._random.choice(TEXTS)}, {t()}, {self._pick('1', '-1', '2')})",
            lambda: f"({t()}).{self._pick('strip()', 'lstrip()', 'rstrip()', 'upper()', 'title()', 'capitalize()', 'lower()', 'removeprefix(s)', 'strip(' + self._random.choice(TEXTS) + ')')}",
            lambda: f"({self._expression(depth - 1)}) | tojson{self._pick('', '(indent=2)', '(separators=(' + repr(',') + ', ' + repr(':') + '))', '(sort_keys=true)', '(ensure_ascii=true)')}",
            lambda: f"({l()}) | join({self._pick('', repr(', '), t())})",
            lambda: f"({self._expression(depth - 1)}) | string",
            lambda: f"{t()} if {self._boolean(depth - 1)} else {t()}",
            lambda: f"({t()}).{self._pick('partition', 'rpartition')}({self._pick(repr(' '), repr('a'), 's')})[{self._pick('0', '1', '2', '-1')}]",
            lambda: f"'{{}}-{{}}{{{{'.format({self._expression(depth - 1)}, {t()})",
            lambda: f"({t()})[{i()}]",
            lambda: f"loop.{self._pick('index', 'length', 'cycle(' + t() + ', 1)', 'previtem', 'nextitem')} ~ ''" if self._loops else t(),
            t,
        )()

    def _slice(self):
        part = lambda: self._pick("", "", "1", "-1", "2", "-3", "n")
        return f"[{part()}:{part()}{self._pick('', '', ':' + self._pick('', '1', '-1', '2', '-2'))}]"

    def _integer(self, depth):
        if depth <= 0:
            return self._random.choice(INTEGERS)
        i = lambda: self._integer(depth - 1)
        return self._pick(
            lambda: f"{i()} {self._pick('+', '-', '*', '//', '%')} {i()}",
            lambda: f"({i()}) ** {self._pick('2', '0', '3')}",
            lambda: f"-{i()}",
            lambda: f"({self._list(depth - 1)}) | length",
            lambda: f"({self._text(depth - 1)}) | {self._pick('length', 'int', 'int(9)', 'count')}",
            lambda: f"({self._text(depth - 1)}).{self._pick('find', 'rfind', 'count')}({self._pick(repr('a'), repr(' '), 'e', 's')})",
            lambda: f"nums | {self._pick('sum', 'max', 'min', 'first', 'last')}",
            lambda: f"({i()}) | abs",
            lambda: f"({i()}{self._pick(' if ' + self._boolean(0) + ' else 5', '')})",
            lambda: f"{self._pick('+', '')}{i()}",
        )()

    def _float(self, depth):
        if depth <= 0:
            return self._random.choice(FLOATS)
        return self._pick(
            lambda: f"{self._float(depth - 1)} {self._pick('+', '-', '*', '/', '//', '%')} {self._integer(depth - 1)}",
            lambda: f"({self._integer(depth - 1)}) | float",
            lambda: f"({self._float(depth - 1)}) | round({self._pick('', '1', '2')})",
            lambda: f"({self._float(depth - 1)}) | round(1, {self._pick(repr('floor'), repr('ceil'))})",
        )()

    def _boolean(self, depth):
        if depth <= 0:
            return self._random.choice(BOOLEANS)
        b = lambda: self._boolean(depth - 1)
        x = lambda: self._expression(depth - 1)
        return self._pick(
            lambda: f"{b()} {self._pick('and', 'or')} {b()}",
            lambda: f"not {b()}",
            lambda: f"{x()} {self._pick('==', '!=')} {x()}",
            lambda: f"{self._integer(depth - 1)} {self._pick('<', '<=', '>', '>=')} {self._integer(depth - 1)}",
            lambda: f"{self._text(depth - 1)} {self._pick('<', '>=', 'in', 'not in')} {self._text(depth - 1)}",
            lambda: f"1 < {self._integer(depth - 1)} <= 7",
            lambda: f"({x()}) is {self._pick('', 'not ')}{self._pick('defined', 'none', 'string', 'number', 'mapping', 'iterable', 'sequence', 'boolean', 'integer', 'float', 'true', 'false', 'undefined', 'callable')}",
            lambda: f"({self._integer(depth - 1)}) is {self._pick('odd', 'even', 'divisibleby 3', 'eq(3)', 'gt 2', 'in nums')}",
            lambda: f"({self._text(depth - 1)}).{self._pick('startswith', 'endswith')}({self._random.choice(TEXTS + ['(s, e)'])})",
            lambda: f"({self._text(depth - 1)}) is {self._pick('upper', 'lower', 'in words', 'equalto s', 'sameas s')}",
            lambda: f"({x()}) in {self._pick('words', 'nums', 'd', 'messages')}",
            lambda: f"loop.{self._pick('first', 'last', 'changed(' + self._random.choice(TEXTS) + ')')}" if self._loops else b(),
        )()

    def _list(self, depth):
        if depth <= 0:
            return self._random.choice(LISTS)
        l = lambda: self._list(depth - 1)
        return self._pick(
            lambda: f"({l()}){self._slice()}",
            lambda: f"({l()}) | list",
            lambda: f"[{self._expression(depth - 1)}, {self._expression(depth - 1)}]",
            lambda: f"words | {self._pick('sort', 'sort(reverse=true)', 'sort(case_sensitive=true)', 'unique', 'reverse', 'unique(true)')} | list",
            lambda: f"rows | {self._pick('sort(attribute=' + repr('n') + ')', 'map(attribute=' + repr('t') + ')', 'map(attribute=' + repr('x') + ', default=1)')} | list",
            lambda: f"rows | {self._pick('selectattr', 'rejectattr')}({self._pick(repr('t'), repr('x'))}) | list",
            lambda: f"rows | {self._pick('selectattr', 'rejectattr')}({self._pick(repr('n') + ', ' + repr('gt') + ', 1', repr('t') + ', ' + repr('equalto') + ', ' + repr('one'), repr('x') + ', ' + repr('defined'))}) | list",
            lambda: f"messages | {self._pick('selectattr', 'rejectattr')}('role', '{self._pick('equalto', '==', 'ne')}', 'user') | map(attribute='content') | list",
            lambda: f"words | map({self._pick(repr('upper'), repr('length'), repr('replace') + ', ' + repr('a') + ', s')}) | list",
            lambda: f"nums | {self._pick('select', 'reject')}({self._pick(repr('odd'), repr('gt') + ', 1', '')}) | list",
            lambda: f"d{self._pick('.items()', ' | items', ' | dictsort', '.keys()', '.values()', ' | dictsort(reverse=true)')} | list",
            lambda: f"({self._text(depth - 1)}).{self._pick('split', 'rsplit')}({self._pick('', repr(' '), repr('a'), 'none, 1', repr(' ') + ', 1')})",
            lambda: f"({self._text(depth - 1)}).splitlines({self._pick('', 'true')})",
            lambda: f"{l()} + [1]",
            lambda: f"range({self._pick('4', '1, 4', '5, 0, -2', 'n')}) | list",
            lambda: f"({self._text(depth - 1)}) | list",
        )()

    def _expression(self, depth):
        kinds = [self._text, self._text, self._integer, self._boolean, self._list, self._float]
        if self._names and self._chance(0.25):
            return self._random.choice(self._names)
        if self._chance(0.12):
            return self._random.choice(ANYTHING)
        if self._macros and self._chance(0.15):
            return f"{self._random.choice(self._macros)}({self._expression(0)}{self._pick('', ', y=' + self._expression(0))})"
        return self._random.choice(kinds)(depth)

    def _tag(self, kind, inner):
        left = self._pick("", "", "", "-", "+")
        right = self._pick("", "", "", "-", "+" if kind == "%" else "")
        begin, end = ("{{", "}}") if kind == "{" else ("{%", "%}")
        return f"{begin}{left} {inner} {right}{end}"

    def _block(self, begin, body, end):
        return self._tag("%", begin) + body + self._tag("%", end)

    def _space(self):
        return self._pick("", "", "\n", " ", "  \n", "\n  ", "\t", "x", " a b\n", "\n\n")

    def _new_name(self):
        name = f"v{self._random.randrange(4)}"
        if name not in self._names:
            self._names.append(name)
        return name

    def _body(self, depth):
        parts = []
        for _ in range(self._random.randrange(1, 5)):
            parts.append(self._space())
            parts.append(self._statement(depth))
        return "".join(parts) + self._space()

    def _statement(self, depth):
        expression = lambda: self._expression(self._random.randrange(0, 4))
        if depth <= 0 or self._chance(0.35):
            return self._tag("{", expression())
        return self._pick(self._if, self._for, self._set, self._set_block, self._with, self._macro, self._filter, self._namespace, self._raw, self._call)(depth - 1, expression)

    def _if(self, depth, expression):
        middle = ""
        if self._chance(0.3):
            middle += self._tag("%", "elif " + self._boolean(1)) + self._body(depth)
        if self._chance(0.5):
            middle += self._tag("%", "else") + self._body(depth)
        return self._block("if " + self._boolean(2), self._body(depth) + middle, "endif")

    def _for(self, depth, expression):
        target, iterable = self._pick(("m", "messages"), ("x", self._list(1)), ("k, v", "d.items()"), ("x", "rows"), ("x", "s"), ("x", "d"))
        if target == "x" and "x" not in self._names:
            self._names.append("x")
        condition = f" if {target.split(',')[0]}" if self._chance(0.2) else ""
        self._loops += 1
        body = self._body(depth)
        if self._chance(0.15):
            body += self._block(f"if loop.index == {self._pick('1', '2')}", self._tag("%", self._pick("break", "continue")), "endif") + self._body(0)
        self._loops -= 1
        if self._chance(0.2):
            body += self._tag("%", "else") + self._body(depth)
        return self._block(f"for {target} in {iterable}{condition}", body, "endfor")

    def _set(self, depth, expression):
        if self._chance(0.1):
            value = expression()
            return self._tag("%", f"set {self._new_name()}, {self._new_name()} = {value}, 1")
        value = expression()
        return self._tag("%", f"set {self._new_name()} = {value}")

    def _set_block(self, depth, expression):
        body = self._body(depth)
        return self._block(f"set {self._new_name()}{self._pick('', ' | upper', ' | trim | length')}", body, "endset")

    def _with(self, depth, expression):
        return self._block(f"with w = {expression()}", self._tag("{", "w") + self._body(depth), "endwith")

    def _macro(self, depth, expression):
        name = f"f{len(self._macros)}"
        loops, self._loops = self._loops, 0
        body = self._block(f"macro {name}(x, y={self._expression(0)})", self._tag("{", "x ~ y") + self._body(depth), "endmacro")
        self._loops = loops
        self._macros.append(name)
        return body

    def _filter(self, depth, expression):
        return self._block(f"filter {self._pick('upper', 'trim', 'replace(' + repr('a') + ', s)')}", self._body(depth), "endfilter")

    def _namespace(self, depth, expression):
        return (
            self._tag("%", f"set ns = namespace(a={expression()}, c=0)")
            + self._block("for i in range(3)", self._tag("%", "set ns.c = ns.c + i") + self._body(depth), "endfor")
            + self._tag("{", "ns.c ~ (ns.a | string)")
        )

    def _raw(self, depth, expression):
        return self._pick(
            "{% raw %} {{ x }}\n {% endraw %}\n",
            "{%- raw -%} {% if %} \n{%- endraw -%} \n",
            "{# note #}\n",
            "{#- {{ x }} -#} \n",
            " {#+ y #}\n",
            "{% raw %}\n  {#{% endraw %}",
        )

    def _call(self, depth, expression):
        loops, self._loops = self._loops, 0
        block = self._block("macro g(t)", "<" + self._tag("{", "caller(t)") + ">", "endmacro") + self._block("call(x) g(" + self._expression(1) + ")", self._tag("{", "x") + self._body(depth), "endcall")
        self._loops = loops
        return block
