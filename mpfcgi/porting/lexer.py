"""Tokens of any Python source, of version 2 or broken: what `tokenize` refuses is cut up here all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

COMPOUND = frozenset(
    ("class", "def", "elif", "else", "except", "finally", "for", "if", "try", "while", "with", "async", "match", "case")
)
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\f\r]+|\\\r?\n)
    | (?P<newline>\n)
    | (?P<comment>\#[^\n]*)
    | (?P<string>(?i:[bfrtu]{0,3})(?:
          \"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z) | '''(?:[^\\]|\\.)*?(?:'''|\Z)
        | "(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z) | '(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)))
    | (?P<number>\d[\w.]*|\.\d\w*)
    | (?P<name>[^\W\d]\w*)
    | (?P<op><>|\*\*=|//=|>>=|<<=|\.\.\.|[-+*/%&|^@=<>!:]=|->|\*\*|//|>>|<<|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
# With these at the start of a line, a bracket that is open still was never closed.
_FRESH_START = frozenset(("class", "def", "import", "from"))


class Token(NamedTuple):
    """A piece of source: `kind` is name, number, string or op.

    `depth` is that of the brackets around it, `first` whether a statement begins with it, `indent` the text before the
    first token of its statement's line.
    """

    kind: str
    text: str
    line: int
    column: int
    depth: int
    first: bool
    indent: str


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`, without comments and white space. Never fails."""
    line, line_start = 1, 0
    depth = 0
    first = True
    indent = ""
    compound = False
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup or "op", match.group()
        column = match.start() - line_start
        if kind == "newline":
            first = first or depth == 0
        elif kind not in ("space", "comment"):
            if depth and column == 0 and piece in _FRESH_START:
                depth, first = 0, True
            if first and depth == 0 and not text[line_start : match.start()].strip():
                indent = text[line_start : match.start()]
            if piece in _CLOSE and kind == "op":
                depth = max(depth - 1, 0)
            starts = first and depth == 0
            yield Token(kind, piece, line, column + 1, depth, starts, indent)
            if starts:
                compound = piece in COMPOUND
            first = depth == 0 and kind == "op" and (piece == ";" or (piece == ":" and compound))
            if piece in _OPEN and kind == "op":
                depth += 1
        breaks = piece.count("\n")
        if breaks:
            line += breaks
            line_start = match.start() + piece.rfind("\n") + 1
