"""The conditions of server side includes, in the language of Apache's ap_expr (the 2.4 documentation's expr.html).

    v("NAME") == "value" && ! ( -z v("OTHER") || %{REQUEST_METHOD} in { "GET", "HEAD" } )

A condition is parsed as a whole before any of it counts: what is wrong in a part that does not matter is still wrong.
What looks at files (-f, -d, file()...) is not available and says so, as in Apache.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
from collections.abc import Callable
from typing import Protocol

from mpfcgi.config.patterns import path_pattern
from mpfcgi.worker.ssi_text import Problem, escape_path, to_bytes, unbase64

Word = Callable[[], str]
Test = Callable[[], bool]

TOKEN = re.compile(
    r"""\s+
    | (?P<op>\|\||&&|=~|!~|==|!=|<=|>=|[=<>!(){},.])
    | (?P<option>-[A-Za-z]+)
    | (?P<digits>-?[0-9]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | \$(?P<group>[0-9])
    | (?P<quote>['"]|%\{)""",
    re.X,
)
REGEX = re.compile(r"\s*(?:/((?:\\.|[^/\\])*)/|m([/\#$%^|?!'\",;:._-])(.*?)\2)([a-z]*)", re.S)
STRING = {
    "": re.compile(r"[^\\%$]+"),
    '"': re.compile(r'[^"\\%$]+'),
    "'": re.compile(r"[^'\\%$]+"),
    "}": re.compile(r"[^}\\%$]+"),
}
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "b": "\b", "f": "\f"}
STRING_TESTS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "strmatch": lambda a, b: bool(glob(b).fullmatch(a)),
    "strcmatch": lambda a, b: bool(glob(b.lower()).fullmatch(a.lower())),
    "fnmatch": lambda a, b: bool(path_pattern(b).fullmatch(a)),
    "ipmatch": lambda a, b: in_network(a, b),
}
NUMBER_TESTS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
FALSE_WORDS = frozenset(("", "0", "off", "false", "no"))


class Facts(Protocol):
    """What a condition may ask. Functions answer "" for what is not there, `server_variable` None for no such name."""

    def server_variable(self, name: str) -> str | None: ...
    def page_variable(self, name: str) -> str | None: ...
    def note(self, name: str) -> str | None: ...
    def header_in(self, name: str) -> str | None: ...
    def header_out(self, name: str) -> str | None: ...
    def accessible(self, uri: str, /) -> bool: ...


FUNCTIONS: dict[str, Callable[[Facts, str], str | None]] = {
    "v": lambda facts, name: facts.page_variable(name),
    "reqenv": lambda facts, name: facts.page_variable(name),
    "env": lambda facts, name: facts.page_variable(name) or facts.note(name) or os.environ.get(name),
    "osenv": lambda facts, name: os.environ.get(name),
    "note": lambda facts, name: facts.note(name),
    "req": lambda facts, name: facts.header_in(name),
    "http": lambda facts, name: facts.header_in(name),
    "resp": lambda facts, name: facts.header_out(name),
    "tolower": lambda facts, text: text.lower(),
    "toupper": lambda facts, text: text.upper(),
    "escape": lambda facts, text: escape_path(text),
    "unescape": lambda facts, text: _unescape(text),
    "base64": lambda facts, text: base64.b64encode(to_bytes(text)).decode("ascii"),
    "unbase64": lambda facts, text: unbase64(text),
    "md5": lambda facts, text: hashlib.md5(to_bytes(text), usedforsecurity=False).hexdigest(),
    "ldap": lambda facts, text: re.sub(r"[*()\\\0]", lambda found: f"\\{ord(found[0]):02x}", text),
    "sha1": lambda facts, text: hashlib.sha1(to_bytes(text), usedforsecurity=False).hexdigest(),
}


def evaluate(text: str, facts: Facts) -> bool:
    """Whether the condition holds. Problem, with the place, when it is none."""
    return Condition(text, facts).test()


class Condition:
    """A parsed condition over `facts`."""

    functions = FUNCTIONS
    kind = "condition"

    def __init__(self, text: str, facts: Facts) -> None:
        self._text = text
        self._facts = facts
        self._at = 0
        self._groups: tuple[str, ...] = ()
        self.test = self._parse()

    def _parse(self) -> Test:
        try:
            test = self._either()
        except RecursionError:
            raise Problem("condition is nested too deeply")
        if self._peek() != ("end", ""):
            raise self._problem("expected the end")
        return test

    # -- logic, from the loosest to the tightest

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take(("op", "||"), ("name", "or")):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda: any(test() for test in tests)

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._take(("op", "&&"), ("name", "and")):
            tests.append(self._negated())
        return tests[0] if len(tests) == 1 else lambda: all(test() for test in tests)

    def _negated(self) -> Test:
        if self._take(("op", "!"), ("name", "not")):
            test = self._negated()
            return lambda: not test()
        if self._take(("op", "(")):
            test = self._either()
            self._expect(")")
            return test
        if self._take(("name", "true")):
            return lambda: True
        if self._take(("name", "false")):
            return lambda: False
        return self._comparison()

    def _comparison(self) -> Test:
        kind, value = self._peek()
        if kind == "option":
            self._next()
            return self._about_one(value[1:])
        left = self._word()
        kind, value = self._next()
        if kind == "op" and value in ("=~", "!~"):
            return self._match(left, value == "!~")
        if kind in ("op", "option", "name"):
            name = value.removeprefix("-")
            if name == "in" and kind != "op":
                choices = self._choices()
                return lambda: left() in [choice() for choice in choices]
            if name in NUMBER_TESTS and kind != "op":
                holds, right = NUMBER_TESTS[name], self._word()
                return lambda: holds(number(left()), number(right()))
            if name in STRING_TESTS and (kind == "op") == (not name.isalpha()) and kind != "name":
                compare, right = STRING_TESTS[name], self._word()
                return lambda: compare(left(), right())
        raise self._problem("expected a comparison", value)

    def _about_one(self, name: str) -> Test:
        if name in ("n", "z"):
            word = self._word()
            return (lambda: word() != "") if name == "n" else (lambda: word() == "")
        if name == "T":
            word = self._word()
            return lambda: word().lower() not in FALSE_WORDS
        if name == "R":
            word = self._word()
            return lambda: in_network(self._facts.server_variable("REMOTE_ADDR") or "", word())
        if name in ("A", "U"):
            word = self._word()
            return lambda: self._facts.accessible(word())
        raise Problem(f"-{name} is not available in the conditions of a page")

    def _match(self, left: Word, negated: bool) -> Test:
        found = REGEX.match(self._text, self._at)
        if not found:
            raise self._problem("expected a regular expression, as in /^a/")
        self._at = found.end()
        regex = compile_regex(found[1] if found[1] is not None else found[3], found[4])

        def test() -> bool:
            match = regex.search(left())
            if match:
                self._groups = (match[0], *(group or "" for group in match.groups()))
            return (match is None) == negated

        return test

    def _choices(self) -> list[Word]:
        self._expect("{")
        choices = [self._word()]
        while self._take(("op", ",")):
            choices.append(self._word())
        self._expect("}")
        return choices

    # -- words

    def _word(self) -> Word:
        parts = [self._part()]
        while self._take(("op", ".")):
            parts.append(self._part())
        return join(parts)

    def _part(self) -> Word:
        kind, value = self._next()
        if kind == "digits":
            return lambda: value
        if kind == "group":
            return self._group(int(value))
        if kind == "quote":
            return self._variable() if value == "%{" else self._string(value)
        if kind == "name" and self._take(("op", "(")):
            argument = self._word()
            self._expect(")")
            return self._call(value, argument)
        raise self._problem("expected a string, a variable or a function", value)

    def _group(self, index: int) -> Word:
        return lambda: self._groups[index] if index < len(self._groups) else ""

    def _call(self, name: str, argument: Word) -> Word:
        function = self.functions.get(name.lower())
        if function is None:
            raise Problem(f"function {name!r} does not exist")
        return lambda: function(self._facts, argument()) or ""

    def _variable(self) -> Word:
        """After `%{`: a variable's name, or a function and its argument behind a colon."""
        found = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)([:}])").match(self._text, self._at)
        if not found:
            raise self._problem("expected the name of a variable and }")
        self._at = found.end()
        if found[2] == ":":
            return self._call(found[1], self._string("}"))
        value = self._facts.server_variable(found[1].upper())
        if value is None:
            raise Problem(f"variable {found[1]!r} does not exist: one of the page is v({found[1]!r})")
        return lambda: value

    def _string(self, end: str) -> Word:
        """Up to `end`, "" for the end of the text: characters, escapes, %{variables} and $groups."""
        text, parts = self._text, list[Word]()
        while True:
            if self._at >= len(text):
                if not end:
                    return join(parts)
                raise self._problem(f"string has no closing {end}")
            char = text[self._at]
            plain = STRING[end].match(text, self._at)
            if plain:
                self._at = plain.end()
                parts.append(constant(plain[0]))
                continue
            self._at += 1
            following = text[self._at : self._at + 1]
            if char == end:
                return join(parts)
            if char == "\\" and following:
                self._at += 1
                parts.append(constant(ESCAPES.get(following, following)))
            elif char == "%" and following == "{":
                self._at += 1
                parts.append(self._variable())
            elif char == "$" and following.isdigit():
                self._at += 1
                parts.append(self._group(int(following)))
            else:
                parts.append(constant(char))

    # -- tokens

    def _peek(self) -> tuple[str, str]:
        at = self._at
        token = self._next()
        self._at = at
        return token

    def _next(self) -> tuple[str, str]:
        while self._at < len(self._text):
            found = TOKEN.match(self._text, self._at)
            if not found:
                raise self._problem("expected something else")
            self._at = found.end()
            if found.lastgroup is not None:
                return found.lastgroup, found[found.lastgroup]
        return "end", ""

    def _take(self, *tokens: tuple[str, str]) -> bool:
        if self._peek() not in tokens:
            return False
        self._next()
        return True

    def _expect(self, char: str) -> None:
        if not self._take(("op", char)):
            raise self._problem(f"expected {char}")

    def _problem(self, what: str, token: str = "") -> Problem:
        near = token or self._text[self._at : self._at + 20]
        return Problem(f"{self.kind} {self._text!r}: {what} near {near!r}")


def constant(text: str) -> Word:
    return lambda: text


def join(parts: list[Word]) -> Word:
    return parts[0] if len(parts) == 1 else lambda: "".join(part() for part in parts)


def number(text: str) -> int:
    """The digits that a string begins with, as C's atoi."""
    found = re.match(r"\s*([+-]?[0-9]{1,18})", text)
    return int(found[1]) if found else 0


def glob(pattern: str) -> re.Pattern[str]:
    """A shell pattern whose wildcards stand for slashes too."""
    import fnmatch

    return re.compile(fnmatch.translate(pattern))


def in_network(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise Problem(f"no address or network: {error}")


def compile_regex(text: str, flags: str = "") -> re.Pattern[str]:
    """The expression with Perl's flags (i, m, s). Problem when it is none."""
    chosen = re.RegexFlag(0)
    for flag in flags:
        if flag not in "ims":
            raise Problem(f"regular expression /{text}/{flags}: unknown flag {flag!r}")
        chosen |= {"i": re.I, "m": re.M, "s": re.S}[flag]
    try:
        # Perl's form of a named group, but for what looks behind.
        return re.compile(re.sub(r"(?<!\\)\(\?<(?![=!])", "(?P<", text), chosen)
    except (re.error, OverflowError) as error:
        raise Problem(f"regular expression /{text}/: {error}")


def _unescape(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text, "utf-8", "surrogateescape")
