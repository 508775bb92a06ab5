"""The parts of a multipart body as they are read: each goes to a file of its own, on disk if it is an upload.

The grammar is the `multipart` library's.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from multipart import MultipartSegment, PushMultipartParser

from mpfcgi.api.fields import Field, StringField
from mpfcgi.api.queries import parse_header
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import shown

_NO_CHARSETS = frozenset(("idna", "punycode", "raw-unicode-escape", "raw_unicode_escape", "unicode-escape",
                          "unicode_escape", "undefined"))  # fmt: skip


def codec(charset: str) -> str:
    """The name of the codec for a charset that a client names; UTF-8 for one that isn't known, or that could be abused.

    Some of Python's take time that grows with the square of the length, or are no charsets at all.
    """
    try:
        name = codecs.lookup(charset).name if charset else "utf-8"
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name in _NO_CHARSETS else name


def decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(codec(charset), "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


# A part's head is held until it is whole, up to this size.
MAX_HEAD = 64 * 1024


class PartParser(PushMultipartParser):  # type: ignore[misc]
    """A parser that takes parts without a name, any header, or a body, and boundaries with nothing between them.

    Before the boundary behind a part without a body there is no line break but that of the empty line (RFC 2046, 5.1.1).
    The library needs another: what it is given therefore ends with each boundary and with each head.
    """

    def __init__(self, boundary: bytes, **limits: Any) -> None:
        super().__init__(boundary, **limits)
        self._dashes = b"--" + boundary
        self._held = b""
        self._head = self._over = False

    def events(self, data: bytes) -> Iterator[Any]:
        """What the library's `parse` yields for the next piece of the body; an empty one ends it.

        A body that breaks off within a part keeps it, with what could have been the beginning of the boundary.
        """
        last = not data
        data, self._held = self._held + data, b""
        start = 0
        while start < len(data) and not self._over:
            if not self._head:
                end = self._next_head(data, start)
                yield from self.parse(data[start:end])
                start = end
                continue
            start = self._behind_boundaries(data, start)
            end = self._next_body(data, start)
            if not last and len(data) < end + len(self._dashes) + 2 and len(data) - start < MAX_HEAD:
                self._held = data[start:]
                return
            yield from self.parse(data[start:end])
            start = end
            if not self._head and self._boundary_at(data, start):
                yield from self.parse(b"\r\n")
        if last and not (self._head or self._over):
            yield from self.parse(b"\r\n")

    def in_head(self) -> bool:
        """Whether what was read so far ends within the head of a part, or of a line of it."""
        return self._head and bool(self._segment_headerlist or self._buffer)

    def _next_head(self, data: bytes, start: int) -> int:
        """Where the head of the next part begins; the end of the data when none does."""
        line = self._dashes + b"\r\n"
        if self._segment_count:
            line = b"\r\n" + line
        # The library keeps what may be the beginning of a boundary.
        kept: bytes = self._buffer
        found = (kept + data[start : start + len(line)]).find(line)
        if found >= 0:
            return start + found + len(line) - len(kept)
        found = data.find(line, start)
        return found + len(line) if found >= 0 else len(data)

    def _behind_boundaries(self, data: bytes, start: int) -> int:
        """Where the head really begins, behind further boundaries; the last boundary of all ends the body."""
        while (ending := self._boundary_at(data, start)) == b"\r\n":
            start += len(self._dashes) + 2
        self._over = ending == b"--"
        return len(data) if self._over else start

    def _boundary_at(self, data: bytes, start: int) -> bytes:
        """What ends the boundary that stands there; nothing when none does."""
        end = start + len(self._dashes)
        ending = data[end : end + 2]
        return ending if ending in (b"\r\n", b"--") and data.startswith(self._dashes, start) else b""

    def _next_body(self, data: bytes, start: int) -> int:
        """Where the body of the part begins; the end of the data when its head doesn't end in it."""
        if data.startswith(b"\r\n", start):
            return start + 2
        found = data.find(b"\r\n\r\n", start)
        return found + 4 if found >= 0 else len(data)

    def _on_segment_start(self) -> None:
        super()._on_segment_start()
        self._head = True

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> Any:
        self._head = False
        return MultipartSegment(headerlist)

    def _on_segment_headerline(self, line: bytes) -> None:
        found = self._segment_headerlist
        # The library takes names that it knows to be headers, and Content-Length at its word: what is none of a form's
        # must be ignored (RFC 7578, 4.8).
        if found and line[:1] in (b" ", b"\t"):
            # It goes on with the header before it.
            spelt = found[-1][0]
            found[-1] = ("X", found[-1][1])
        else:
            name, colon, value = line.partition(b":")
            spelt = shown(name.strip().decode("latin-1"))
            line = b"X:" + value if colon else line
        super()._on_segment_headerline(line)
        found[-1] = (spelt, found[-1][1])


class Part:
    """A part of a multipart body, being read."""

    def __init__(
        self,
        headers: list[tuple[str, str]],
        file_callback: Callable[[str], Any] | None,
        field_callback: Callable[[], Any] | None,
    ) -> None:
        # Browsers send names as UTF-8; what isn't gets surrogate escapes, as everywhere.
        self.headers = mp_table.of_raw([(name, shown(value)) for name, value in headers])
        self.disposition, self.options = parse_header(self.headers.get("Content-Disposition") or "")
        self.type, self.type_options = parse_header(self.headers.get("Content-Type", "text/plain"))
        if "/" not in self.type:
            self.type = "application/octet-stream"
        filename = self.options.get("filename")
        # A file input that was left empty sends a name of no characters: it counts as an ordinary field.
        self.is_file = bool(filename)
        self._file: Any
        if filename is not None and file_callback is not None:
            self._file = file_callback(filename)
        elif self.is_file:
            self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - it lives as long as its field
        elif filename is None and field_callback is not None:
            self._file = field_callback()
        else:
            self._file = BytesIO()
        self.write = self._file.write

    def field(self) -> Field | StringField:
        """The finished field."""
        file = self._file
        file.seek(0)
        name = self.options.get("name")
        disposition = self.disposition or None
        if self.is_file:
            return Field(name, file, self.type, self.type_options, disposition, self.options, self.headers)
        text = StringField.named(name, decoded(file.read(), self.type_options.get("charset", "")))
        file.seek(0)
        text.file = file
        text.type = self.type
        text.type_options = self.type_options
        text.disposition = disposition
        text.disposition_options = self.options
        text.headers = self.headers
        return text
