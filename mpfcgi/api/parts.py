"""The parts of a multipart body as they are read: each goes to a file of its own, on disk if it is an upload.

The grammar is the `multipart` library's.
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Callable
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


class PartParser(PushMultipartParser):  # type: ignore[misc]
    """A parser that takes parts without a name, or without any header, and boundaries with nothing between them."""

    def in_head(self) -> bool:
        """Whether what was read so far ends within the head of a part, or of a line of it."""
        return self._segment is None and bool(self._segment_headerlist or (self._segment_count and self._buffer))

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> Any:
        return MultipartSegment(headerlist)

    def _on_segment_headerline(self, line: bytes) -> None:
        found = self._segment_headerlist
        if not found and line == self._delimiter[2:]:
            return
        # A line that begins with a blank goes on with the header before it.
        spelt = found[-1][0] if found and line[:1].isspace() else line.partition(b":")[0].strip().decode("latin-1")
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
