"""Pages of text and Python, cut into pieces (manual 4.9).

    <% code %>   <%= expression %>   <%-- comment --%>   <%@ include file="name" %>

all else is text. A piece remembers where it stood, so that errors can name the page's own lines. What Python is made
of the pieces is `psp_writer`'s business. Nothing is executed here; files are read through the `read` that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

TEXT, CODE, EXPRESSION = "text", "code", "expression"
# Any other directive is ignored, as mod_python does.
_INCLUDE = re.compile(r'include +file *= *"([^"]+)"')
_NEWLINE = re.compile(r"\r\n|\r|\n")

# (name of a file as it is included) -> (its full name, its source)
Read = Callable[[str], tuple[str, str]]


class Place(NamedTuple):
    """A position in a source: `line` counts from 1, `column` from 0, in bytes of UTF-8, as Python's compiler counts."""

    file: str
    line: int
    column: int

    def after(self, text: str) -> Place:
        """The position behind `text`, which begins here."""
        lines = _NEWLINE.split(text)
        column = len(lines[-1].encode("utf-8", "surrogatepass"))
        if len(lines) == 1:
            return self._replace(column=self.column + column)
        return Place(self.file, self.line + len(lines) - 1, column)


class Piece(NamedTuple):
    """A part of a page. `place` is where its text begins, `directive` the outermost include that brought it, if any."""

    kind: str
    text: str
    place: Place
    directive: Place | None = None


class Unclosed(NamedTuple):
    """A page that ends inside of a tag: the tag's beginning ("<%=") and where it stands."""

    tag: str
    place: Place


class Page(NamedTuple):
    """A parsed source."""

    empty: bool
    pieces: tuple[Piece, ...]
    unclosed: Unclosed | None


def parse(source: str, name: str, read: Read) -> Page:
    """Cut `source` into pieces.

    Args:
        source: the page, with any kind of line ends.
        name: the page's file, for `Place`.
        read: finds and reads an included file.

    Raises what `read` raises; SyntaxError for files that include each other in a circle.
    """
    parser = _Parser(read)
    parser.page(source, Place(name, 1, 0), (name,), None)
    return Page(not source, tuple(parser.pieces), parser.unclosed)


class _Parser:
    def __init__(self, read: Read) -> None:
        self.pieces: list[Piece] = []
        self.unclosed: Unclosed | None = None
        self._read = read

    def page(self, source: str, place: Place, circle: Sequence[str], directive: Place | None) -> None:
        """One file; `circle` are those that it is included by, and itself. Stops at an unclosed tag."""
        position = 0
        while self.unclosed is None:
            start = source.find("<%", position)
            text = source[position:] if start < 0 else source[position:start]
            if text:
                self.pieces.append(Piece(TEXT, text.replace("\r\n", "\n"), place, directive))
            if start < 0:
                return
            place = place.after(text)
            tag, ending = _tag_at(source, start)
            end = source.find(ending, start + len(tag))
            inner = source[start + len(tag) :] if end < 0 else source[start + len(tag) : end]
            if end < 0:
                self.unclosed = Unclosed(tag, place)
            self._tag(tag, inner, place, circle, directive)
            position = end + len(ending)
            place = place.after(source[start:position])

    def _tag(self, tag: str, inner: str, place: Place, circle: Sequence[str], directive: Place | None) -> None:
        if tag == "<%@":
            unclosed, self.unclosed = self.unclosed, None
            for name in _INCLUDE.findall(inner):
                self._include(name, place, circle, directive)
            self.unclosed = self.unclosed or unclosed
        elif tag != "<%--":
            kind = EXPRESSION if tag == "<%=" else CODE
            # In code a lone CR ends a line, in text it is a character.
            self.pieces.append(Piece(kind, _NEWLINE.sub("\n", inner), place.after(tag), directive))

    def _include(self, name: str, place: Place, circle: Sequence[str], directive: Place | None) -> None:
        file, source = self._read(name)
        if file in circle:
            raise SyntaxError(
                f"pages include each other in a circle: {' -> '.join([*circle, file])}",
                (place.file, place.line, place.column + 1, None),
            )
        self.page(source, Place(file, 1, 0), (*circle, file), directive or place)


def _tag_at(source: str, start: int) -> tuple[str, str]:
    """The tag that begins at `start`, and what ends it."""
    if source.startswith("--", start + 2):
        return "<%--", "--%>"
    third = source[start + 2 : start + 3]
    return ("<%" + third if third in ("=", "@") and third else "<%"), "%>"
