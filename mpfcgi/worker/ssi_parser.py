"""Server side includes, the grammar: a page's bytes become text and elements, as they arrive (manual 6.1).

    <!--#element attribute="value" attribute='value' ... -->

Sans-IO and streaming: an element may come in any number of pieces, and nothing but an unfinished one is kept. The
rules of the details (quotes, missing values, what ends a name) are those that Apache's mod_include shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Optional

START, END = b"<!--#", b"-->"
# Longer than any element that a person writes, code blocks included; what is kept of a page is never more.
MAX_ELEMENT = 1024 * 1024
SPACE = b" \t\r\n\f\v"
QUOTES = b"\"'`"

Attributes = tuple[tuple[str, Optional[str]], ...]


class Element(NamedTuple):
    """An element: its name and attributes, in order and with their values undecoded (None: no `=`).

    `problem` says what is wrong with it; then it has no meaning but to be reported.
    """

    name: str
    attributes: Attributes = ()
    problem: str = ""


class Incomplete(Exception):
    """The element's end is not here yet."""


class Parser:
    """Takes a page apart. `start` and `end` are SSIStartTag and SSIEndTag."""

    def __init__(self, start: bytes = START, end: bytes = END) -> None:
        self._start, self._end = start, end
        # What is not used yet, and where in it the next part begins.
        self._kept = b""
        self._at = 0
        self._inside = False
        self._tried = 0
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | Element]:
        """The texts and elements that are complete with `data`; no text is empty. Use it up before the next call."""
        self._kept = self._kept[self._at :] + data
        self._at = 0
        while self._at < len(self._kept):
            if self._skipping:
                if not self._skip():
                    return
            elif self._inside:
                element = self._element()
                if element is None:
                    return
                yield element
            else:
                text = self._text()
                if text:
                    yield text
                if not self._inside:
                    return

    def close(self) -> Iterator[bytes | Element]:
        """What is left at the end of the page: the text that might have begun an element, or one without an end."""
        kept, self._kept, self._at = self._kept[self._at :], b"", 0
        if self._inside:
            self._inside = False
            yield Element("", problem="element was not finished at the end of the page")
        elif kept and not self._skipping:
            yield kept

    def _text(self) -> bytes:
        """The text up to the next element, or up to what may become one."""
        data, begin = self._kept, self._at
        end = data.find(self._start, begin)
        if end >= 0:
            self._inside, self._tried = True, 0
            self._at = end + len(self._start)
        else:
            self._at = end = len(data) - self._possible_start(data[max(begin, len(data) - len(self._start)) :])
        return data[begin:end]

    def _possible_start(self, data: bytes) -> int:
        """How many of the last bytes may be the beginning of a start tag."""
        for count in range(min(len(self._start) - 1, len(data)), 0, -1):
            if data.endswith(self._start[:count]):
                return count
        return 0

    def _element(self) -> Element | None:
        """The element that the kept bytes begin with; None when its end is missing."""
        data, begin = self._kept, self._at
        # Only an end tag can complete it: without a new one there is nothing to try.
        if data.find(self._end, begin + max(self._tried - len(self._end) + 1, 0)) >= 0:
            try:
                element, at = scan(data, begin, self._end)
            except Incomplete:
                pass
            else:
                self._inside, self._at = False, at
                return element
        self._tried = len(data) - begin
        if self._tried > MAX_ELEMENT:
            # The rest may be program code: it is not shown.
            self._inside, self._skipping = False, True
            return Element("", problem=f"element is longer than {MAX_ELEMENT} bytes: put what it does into a file")
        return None

    def _skip(self) -> bool:
        """Drop what is left of an element that was too long; True when its end was found."""
        at = self._kept.find(self._end, self._at)
        if at < 0:
            self._at = max(self._at, len(self._kept) - len(self._end) + 1)
            return False
        self._at = at + len(self._end)
        self._skipping = False
        return True


def scan(data: bytes, at: int = 0, end: bytes = END) -> tuple[Element, int]:
    """The element after a start tag, and where the text behind it begins. `Incomplete` when its end is missing."""
    name, at = _name(data, at, end)
    attributes: list[tuple[str, str | None]] = []
    problem = "" if name else "element has no name"
    while True:
        at = _past_space(data, at)
        if data.startswith(end, at):
            return Element(_text(name).lower(), tuple(attributes), problem), at + len(end)
        key, value, at = _attribute(data, at)
        if not key and not problem:
            problem = f"attribute without a name in element {_text(name)}"
        attributes.append((_text(key).lower(), None if value is None else _text(value)))


def _name(data: bytes, at: int, end: bytes) -> tuple[bytes, int]:
    begin = at
    while at < len(data):
        if data[at] in SPACE or data.startswith(end, at):
            return data[begin:at], at
        at += 1
    raise Incomplete


def _attribute(data: bytes, at: int) -> tuple[bytes, bytes | None, int]:
    """Name, value (None without `=`), and where they end."""
    begin = at
    while at < len(data) and data[at] not in SPACE and data[at] != 0x3D:
        at += 1
    name = data[begin:at]
    at = _past_space(data, at)
    if data[at] != 0x3D:
        return name, None, at
    at = _past_space(data, at + 1)
    if data[at] in QUOTES:
        value, at = _quoted(data, at + 1, data[at : at + 1])
        return name, value, at
    begin = at
    while at < len(data) and data[at] not in SPACE:
        at += 1
    if at == len(data):
        raise Incomplete
    return name, data[begin:at], at


def _quoted(data: bytes, at: int, quote: bytes) -> tuple[bytes, int]:
    """What stands before the closing quote; a backslash before a quote of that kind takes its meaning."""
    begin = at
    while True:
        at = data.find(quote, at)
        if at < 0:
            raise Incomplete
        if data[at - 1] != 0x5C or at == begin:
            return data[begin:at].replace(b"\\" + quote, quote), at + 1
        at += 1


def _past_space(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in SPACE:
        at += 1
    if at == len(data):
        raise Incomplete
    return at


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
