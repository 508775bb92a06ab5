"""The Python that is made of a page's pieces (manual 4.9), and which line of the page each part of it is.

Text becomes `req.write(\"\"\"...\"\"\",0)`, an expression `req.write(str(...),0)`, code stands as it is. Code that fills
lines of its own gives its last indentation to the text behind it; after a colon at its end one tab is added.

The Python comes in two forms that differ in few characters: what `psp.parse` and the debug view show is mod_python's
to the letter; what runs is protected where mod_python's would not compile or would lose text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from mpfcgi.api.psp_parser import CODE, TEXT, Page, Piece, Place

_PROTECTED = re.compile(r'"|\\(?=[nrt])')
# What Python reads as an escape in a string, and what can't stand in a string as it is.
_ESCAPES = re.compile(
    r"\\(?:[\n\r\\'"
    '"'
    r"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}"
    r'|U0010[0-9a-fA-F]{4}|N\{[^{}\n]*\})|["\r\\\0\ud800-\udfff]'
)
_LITERAL = {'"': '\\"', "\r": "\n", "\\": "\\\\", "\0": "\\x00", "\\\r": "\\\n"}
# A line of Python that ends in a comment: the number sign stands outside of strings.
_COMMENT = re.compile(r"""(?:[^'"#]|'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")*#""")
_BLANK_LINES = re.compile(r"(?:\n[ \t]*)+$")


class Mark(NamedTuple):
    """A piece begins at this line (from 1) and column (from 0, in bytes of UTF-8) of the Python."""

    line: int
    column: int
    piece: Piece


class Python(NamedTuple):
    """Python made of a page; `place` finds the page's side of a position in it."""

    text: str
    marks: tuple[Mark, ...]
    positions: tuple[tuple[int, int], ...]

    def mark(self, line: int, column: int) -> Mark | None:
        """The piece that a position belongs to; None before the first."""
        index = bisect_right(self.positions, (line, column))
        return self.marks[index - 1] if index else None

    def place(self, line: int, column: int) -> Place | None:
        """Where a position (column in bytes) stands in its file; None before the first piece. Column in bytes, too."""
        mark = self.mark(line, column)
        if mark is None:
            return None
        place = mark.piece.place
        if line > mark.line:
            return Place(place.file, place.line + line - mark.line, column)
        return Place(place.file, place.line, place.column + column - mark.column)


def shown(page: Page) -> str:
    """The Python as `psp.parse` returns it: for the eye, and as mod_python makes it."""
    return _Writer(_as_shown, careful=False).write(page).text


def runnable(page: Page) -> Python:
    """The Python that is compiled."""
    return _Writer(_as_literal, careful=True).write(page)


def _as_shown(text: str) -> str:
    return _PROTECTED.sub(r"\\\g<0>", text)


def _as_literal(text: str) -> str:
    """Text for between triple quotes that Python reads in any case, as it reads `_as_shown` where that can be read."""
    return _ESCAPES.sub(_escape, _as_shown(text))


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    if found in _LITERAL:
        return _LITERAL[found]
    if found[0] != "\\":
        return f"\\u{ord(found):04x}"
    if len(found) == 4 and "4" <= found[1] <= "7":
        # More than a byte: Python reads it so, but warns.
        return f"\\u{int(found[1:], 8):04x}"
    if found[1] == "N" and not _names_a_character(found[3:-1]):
        return "\\\\" + _ESCAPES.sub(_escape, found[1:])
    return found


def _names_a_character(name: str) -> bool:
    """Whether Python reads `\\N{name}` in a string."""
    try:
        # Names of sequences are found, too, but are none in a string.
        return len(unicodedata.lookup(name)) == 1
    except (KeyError, ValueError):
        return False


class _Writer:
    """Writes the Python of one page. `careful` closes a comment before what follows it on its line."""

    def __init__(self, literal: Callable[[str], str], careful: bool) -> None:
        self._literal = literal
        self._careful = careful
        self._parts: list[str] = []
        self._marks: list[Mark] = []
        self._line, self._column = 1, 0
        self._indent = ""

    def write(self, page: Page) -> Python:
        if not page.empty:
            self._put('req.write("""')
            for piece in page.pieces:
                last = page.unclosed is not None and piece is page.pieces[-1] and page.unclosed.tag in ("<%", "<%=")
                self._piece(piece, last)
            if page.unclosed is None:
                self._put('""",0)\n')
        positions = tuple((mark.line, mark.column) for mark in self._marks)
        return Python("".join(self._parts), tuple(self._marks), positions)

    def _piece(self, piece: Piece, unclosed: bool) -> None:
        if piece.kind == TEXT:
            self._put(self._literal(piece.text), piece)
        elif piece.kind == CODE:
            self._put('""",0);')
            self._put(piece.text, piece)
            if not unclosed:
                self._put(self._after_code(piece.text) + 'req.write("""')
        else:
            self._put('""",0); req.write(str(')
            self._put(piece.text, piece)
            if not unclosed:
                self._put('),0); req.write("""')

    def _after_code(self, code: str) -> str:
        """What stands between code and the writing of the text behind it."""
        lines = code.split("\n")
        opened = "\t" if _BLANK_LINES.sub("", code).endswith(":") else ""
        if len(lines) > 1:
            self._indent = between = _indent_after(lines) + opened
        else:
            between = ";" + opened
        if self._careful and _COMMENT.match(lines[-1]):
            return "\n" + self._indent
        return between

    def _put(self, text: str, piece: Piece | None = None) -> None:
        if piece is not None:
            self._marks.append(Mark(self._line, self._column, piece))
        self._parts.append(text)
        newline = text.rfind("\n")
        if newline >= 0:
            self._line += text.count("\n")
            self._column = 0
        self._column += len(text[newline + 1 :].encode("utf-8", "surrogatepass"))


def _indent_after(lines: list[str]) -> str:
    """The indentation that code leaves behind: that of its last line, unless nothing stands between it and `%>`."""
    inner = lines[1:] if lines[-1] else lines[1:-1]
    return inner[-1][: len(inner[-1]) - len(inner[-1].lstrip(" \t"))] if inner else ""
