"""Python 2's syntax: print, except, raise, exec, literals and operators."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mpfcgi.porting.source import LOOK, MUST, Hit, Source

_OCTAL = re.compile(r"0[0-7]+[lL]?\Z")
_LONG = re.compile(r"(?:\d+|0[xX][0-9a-fA-F]+)[lL]\Z")
_PREFIX = re.compile(r"[uU][rR]['\"]")


def statements(source: Source) -> Iterator[Hit]:
    """Statements that are written otherwise now."""
    for start, end in source.statements():
        word = source.text_at(start)
        if word == "print":
            yield from _print(source, start, end)
        elif word == "except":
            comma = _comma(source, start, end)
            if comma is not None:
                yield Hit(source.tokens[start], MUST, "except", "except X, e is Python 2", "except X as e")
        elif word == "raise":
            yield from _raise(source, start, end)
        elif word == "exec" and source.text_at(start + 1) not in ("(", "=", "."):
            yield Hit(source.tokens[start], MUST, "exec", "exec is a function", "exec(code, namespace)")
        elif word == "def":
            yield from _parameters(source, start)
        elif word == "__metaclass__" and source.text_at(start + 1) == "=":
            yield Hit(source.tokens[start], MUST, "metaclass", "__metaclass__ has no effect", "class X(metaclass=M)")


def lambdas(source: Source) -> Iterator[Hit]:
    """`lambda (a, b): a`."""
    for index, token in enumerate(source.tokens):
        if token.text != "lambda" or token.kind != "name":
            continue
        for at in range(index + 1, len(source.tokens)):
            part = source.tokens[at]
            if part.first or (part.text == ":" and part.depth == token.depth) or part.depth < token.depth:
                break
            if part.text == "(" and part.depth == token.depth and source.text_at(at - 1) in ("lambda", ","):
                yield Hit(part, MUST, "tuple-parameter", "a parameter can't be a tuple", "one name, taken apart inside")


def literals(source: Source) -> Iterator[Hit]:
    """Literals and operators that are gone."""
    quoting = False
    for token in source.tokens:
        if token.kind == "number" and _OCTAL.match(token.text) and token.text.strip("0lL"):
            digits = token.text.rstrip("lL").lstrip("0")
            yield Hit(token, MUST, "octal", f"{token.text} is no number", f"0o{digits}")
        elif token.kind == "number" and _LONG.match(token.text):
            yield Hit(token, MUST, "long", f"{token.text} is no number", token.text.rstrip("lL"))
        elif token.text == "<>":
            yield Hit(token, MUST, "<>", "<> is gone", "!=")
        elif token.text == "`":
            quoting = not quoting
            if quoting:
                yield Hit(token, MUST, "backticks", "backticks are gone", "repr(x)")
        elif token.kind == "string" and _PREFIX.match(token.text):
            yield Hit(token, MUST, "ur", "there are no ur strings", "r'...'")


def indents(source: Source) -> Iterator[Hit]:
    """Lines indented by tabs in one place and by blanks in another: Python 3 does not guess how wide a tab is."""
    outer = [""]
    for token in source.tokens:
        if not token.first or token.indent == outer[-1]:
            continue
        while len(outer) > 1 and not token.indent.startswith(outer[-1]) and _width(token.indent) <= _width(outer[-1]):
            if _width(token.indent) == _width(outer[-1]):
                break
            outer.pop()
        if token.indent == outer[-1]:
            continue
        if not token.indent.startswith(outer[-1]):
            # The first one will do: it is a matter of the whole file.
            yield Hit(token, MUST, "tabs", "tabs and blanks are mixed in the indentation", "blanks only")
            return
        outer.append(token.indent)


def _width(indent: str) -> int:
    return len(indent.expandtabs(8))


def _comma(source: Source, start: int, end: int) -> int | None:
    """The first comma of a statement that stands in no bracket, before the colon."""
    for index in range(start + 1, end):
        token = source.tokens[index]
        if token.depth == 0 and token.text in (",", ":"):
            return index if token.text == "," else None
    return None


def _print(source: Source, start: int, end: int) -> Iterator[Hit]:
    token = source.tokens[start]
    following = source.text_at(start + 1) if start + 1 < end else ""
    if following in ("=", ".", ":", ",", ")"):
        return
    if following == "(":
        close = source.closing(start + 1)
        after = source.text_at(close + 1) if close + 1 < end else ""
        if after not in ("%", ",", "."):
            to_file = any(source.text_at(at) == "file" for at in range(start + 2, close))
            if "req" in source.names and "mod_python" in source.names and not to_file:
                yield Hit(
                    token, LOOK, "print", "print() goes to the daemon's log, not to the client", "req.write(text)"
                )
            return
    if following == ">>":
        yield Hit(token, MUST, "print", "print is a function", f"print(text, file={source.text_at(start + 2)})")
    elif source.names & {"req", "mod_python"}:
        yield Hit(token, MUST, "print", "print is a function, and does not write to the client", "req.write(text)")
    else:
        yield Hit(token, MUST, "print", "print is a function", "print(text)")


def _raise(source: Source, start: int, end: int) -> Iterator[Hit]:
    token = source.tokens[start]
    if source.tokens[start + 1].kind == "string" if start + 1 < end else False:
        yield Hit(token, MUST, "raise", "a string is no exception", "raise SomeError('...')")
    comma = _comma(source, start, end)
    if comma is None:
        return
    name = "".join(source.text_at(index) for index in range(start + 1, comma))
    if name.endswith("SERVER_RETURN"):
        yield Hit(token, MUST, "raise", f"raise {name}, code is Python 2", f"raise {name}(code)")
    else:
        yield Hit(token, MUST, "raise", "raise X, value is Python 2", "raise X(value)")


def _parameters(source: Source, start: int) -> Iterator[Hit]:
    """`def f(a, (b, c))`: tuples as parameters."""
    for index in range(start + 2, len(source.tokens)):
        token = source.tokens[index]
        if token.first:
            return
        if token.text == "(" and token.depth == 1 and source.text_at(index - 1) in ("(", ","):
            yield Hit(token, MUST, "tuple-parameter", "a parameter can't be a tuple", "one name, taken apart inside")
