"""The conditions of server side includes before Apache 2.4 (SSILegacyExprParser On; the manual's examples, 6.5).

    $NAME = some text && ( ${OTHER} != /^regex/ || ! $THIRD )

Words that follow each other are one string; `$name` is replaced in each. A string is true when it isn't empty. `!`
binds tightest, then comparisons; && and || alike, from the right.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mpfcgi.worker.ssi_expression import STRING_TESTS, compile_regex
from mpfcgi.worker.ssi_text import Problem

TOKEN = re.compile(
    r"""\s*(?: (?P<op>&&|\|\||==|!=|<=|>=|[=<>!()])
    | '(?P<quoted>(?:\\.|[^'\\])*)'
    | /(?P<regex>(?:\\.|[^/\\])*)/
    | (?P<bare>(?:\\.|&(?!&)|\|(?!\|)|[^\s\\&|=<>!()'/])(?:\\.|&(?!&)|\|(?!\|)|[^\s\\&|=<>!()])*) )""",
    re.X | re.S,
)
# Behind -A a slash begins a path, and no regular expression.
PATH = re.compile(r"\s*(?P<bare>/(?:\\.|&(?!&)|\|(?!\|)|[^\s\\&|=<>!()'])*)", re.S)
COMPARISONS = frozenset(("=", "==", "!=", "<", "<=", ">", ">="))


def evaluate(
    text: str,
    expand: Callable[[str], str],
    matched: Callable[[re.Match[str]], None],
    accessible: Callable[[str], bool],
) -> bool:
    """Whether the condition holds. Problem when it is none.

    `expand` puts in the values of variables; `matched` is told of each regular expression that was found;
    `accessible` says whether a URL may be had (`-A`).
    """
    return LegacyCondition(text, expand, matched, accessible).holds()


class LegacyCondition:
    def __init__(
        self,
        text: str,
        expand: Callable[[str], str],
        matched: Callable[[re.Match[str]], None],
        accessible: Callable[[str], bool],
    ) -> None:
        self._text, self._expand, self._matched, self._accessible = text, expand, matched, accessible
        self._tokens = self._tokenize(text)
        self._at = 0

    def holds(self) -> bool:
        if not self._tokens:
            return False
        try:
            result = self._logic(True)
        except RecursionError:
            raise Problem("condition is nested too deeply")
        if self._at < len(self._tokens):
            raise self._problem()
        return result

    def _tokenize(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        text = text.rstrip()
        at = 0
        while at < len(text):
            found = (PATH.match(text, at) if tokens and tokens[-1][0] == "access" else None) or TOKEN.match(text, at)
            if not found or not found.lastgroup:
                raise Problem(f"condition {text!r}: a quote or a regular expression has no end")
            at = found.end()
            kind, value = found.lastgroup, found[found.lastgroup]
            if kind == "bare" and value == "-A":
                kind = "access"
            if kind in ("quoted", "bare"):
                if kind == "quoted":
                    value = value.replace("\\'", "'")
                # A dollar sign, too: what is to stay one is written with two backslashes.
                value = re.sub(r"\\(.)", r"\1", value, flags=re.S)
                if tokens and tokens[-1][0] == "string":
                    before = tokens[-1][1]
                    tokens[-1] = ("string", f"{before} {value}" if before else value)
                    continue
                kind = "string"
            tokens.append((kind, value))
        return tokens

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _logic(self, counts: bool) -> bool:
        """A chain of && and ||; what does not count is parsed, and its regular expressions are not tried."""
        left = self._operand(counts)
        kind, value = self._peek()
        if kind != "op" or value not in ("&&", "||"):
            return left
        self._at += 1
        if value == "&&":
            right = self._logic(counts and left)
            return left and right
        right = self._logic(counts and not left)
        return left or right

    def _operand(self, counts: bool) -> bool:
        kind, value = self._peek()
        if kind != "string":
            return self._unary(counts)
        self._at += 1
        operator = self._peek()
        if operator[0] != "op" or operator[1] not in COMPARISONS:
            return self._expand(value) != ""
        self._at += 1
        return self._compare(self._expand(value), operator[1], counts)

    def _unary(self, counts: bool) -> bool:
        kind, value = self._peek()
        self._at += 1
        if (kind, value) == ("op", "!"):
            return not self._unary(counts)
        if (kind, value) == ("op", "("):
            return self._group(counts)
        if kind == "access":
            return self._access(counts)
        if kind != "string":
            raise self._problem()
        return self._expand(value) != ""

    def _access(self, counts: bool) -> bool:
        kind, value = self._peek()
        self._at += 1
        if kind != "string":
            raise self._problem()
        return counts and self._accessible(self._expand(value))

    def _group(self, counts: bool) -> bool:
        result = self._logic(counts)
        if self._peek() != ("op", ")"):
            raise self._problem()
        self._at += 1
        return result

    def _compare(self, left: str, operator: str, counts: bool) -> bool:
        kind, value = self._peek()
        self._at += 1
        if kind == "regex" and operator in ("=", "==", "!="):
            regex = compile_regex(self._expand(value.replace("\\/", "/")))
            found = regex.search(left) if counts else None
            if found:
                self._matched(found)
            return (found is not None) == (operator != "!=")
        if kind != "string":
            raise self._problem()
        return STRING_TESTS[operator](left, self._expand(value))

    def _problem(self) -> Problem:
        return Problem(f"condition {self._text!r} is invalid")
