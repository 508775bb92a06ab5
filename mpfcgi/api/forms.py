"""Form fields: the query string and the body of a POST as `FieldStorage` (manual 4.6.1).

Names and values of every encoding are str, the contents of uploaded files bytes. A body that breaks the rules of
its encoding is answered with 400; mod_python 3.5.0 lost the field, or showed a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl as _lenient_parse_qsl

from multipart import MultipartError, ParserError, ParserLimitReached

from mpfcgi.api.constants import (
    HTTP_BAD_REQUEST,
    HTTP_LENGTH_REQUIRED,
    HTTP_NOT_IMPLEMENTED,
    HTTP_REQUEST_ENTITY_TOO_LARGE,
)
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.fields import FieldList, StringField
from mpfcgi.api.parts import Part, PartParser, codec, decoded
from mpfcgi.api.queries import parse_header, parse_qsl

# A body may not make a worker hold more than this: each file is an open descriptor, each text field memory.
MAX_PARTS = 10_000
MAX_FIELDS = 100_000
MAX_FILES = 500
MAX_TEXT = 64 * 1024 * 1024
READ_SIZE = 64 * 1024

URLENCODED = "application/x-www-form-urlencoded"


def query_pairs(text: str, keep_blank_values: int) -> list[tuple[str, str]]:
    """The fields of a query string, whatever is in it."""
    try:
        return parse_qsl(text, keep_blank_values)
    except UnicodeDecodeError:
        # As mod_python does: what is no UTF-8 is read by the standard library, to which ";" is no separator.
        return _lenient_parse_qsl(text, bool(keep_blank_values), errors="replace")


class FieldStorage:
    """The fields of a request: those of the query string, then those of the body of a POST.

    Args:
        req: the request; the body is read here, so one FieldStorage should do for a request.
        keep_blank_values: whether fields without a value count.
        strict_parsing: has no effect, as in mod_python.
        file_callback: called with the file name of each upload, gives the file to write it to.
        field_callback: called for each other part of a multipart body, gives the file to write it to.

    Raises SERVER_RETURN with 400 for a malformed body, 411 for one without a length, 413 for one with too many fields
    or parts or too much text (`MAX_FIELDS` and its neighbours), 501 for a type that has no fields.
    """

    __module__ = "mod_python.util"

    def __init__(
        self,
        req: Any,
        keep_blank_values: int = 0,
        strict_parsing: int = 0,
        file_callback: Callable[[str], Any] | None = None,
        field_callback: Callable[[], Any] | None = None,
    ) -> None:
        self.list = FieldList()
        self._file_callback = file_callback if callable(file_callback) else None
        self._field_callback = field_callback if callable(field_callback) else None
        if req.args:
            self._add_pairs(req.args, keep_blank_values)
        if req.method == "POST":
            self._read_body(req, keep_blank_values)

    def _add_pairs(self, text: str, keep_blank_values: int) -> None:
        pairs = query_pairs(text, keep_blank_values)
        if type(self).add_field is FieldStorage.add_field:
            self.list += [StringField.named(name, value) for name, value in pairs]
            return
        for name, value in pairs:
            self.add_field(name, value)

    def _read_body(self, req: Any, keep_blank_values: int) -> None:
        kind, options = parse_header(req.headers_in.get("content-type") or URLENCODED)
        # As mod_python: whatever has parts, or begins like the other.
        if not kind.startswith((URLENCODED, "multipart/")):
            raise SERVER_RETURN(HTTP_NOT_IMPLEMENTED)
        first = req.read(READ_SIZE)
        if not first and req.headers_in.get("content-length") is None:
            raise SERVER_RETURN(HTTP_LENGTH_REQUIRED)
        if kind.startswith(URLENCODED):
            self._read_pairs(req, first, options.get("charset", ""), keep_blank_values)
            return
        if not options.get("boundary"):
            raise SERVER_RETURN(HTTP_BAD_REQUEST)
        try:
            self._read_multipart(req, options["boundary"], first)
        except ParserLimitReached as error:
            req.log_error(f"multipart body refused: {error}")
            raise SERVER_RETURN(HTTP_REQUEST_ENTITY_TOO_LARGE)
        except MultipartError as error:
            req.log_error(f"multipart body refused: {error}")
            raise SERVER_RETURN(HTTP_BAD_REQUEST)

    def _read_pairs(self, req: Any, data: bytes, charset: str, keep_blank_values: int) -> None:
        pieces = [data]
        size = fields = 0
        while pieces[-1]:
            size += len(pieces[-1])
            fields += pieces[-1].count(b"&") + pieces[-1].count(b";")
            if size > MAX_TEXT or fields > MAX_FIELDS:
                req.log_error(f"form refused: more than {MAX_TEXT} bytes, or more than {MAX_FIELDS} fields")
                raise SERVER_RETURN(HTTP_REQUEST_ENTITY_TOO_LARGE)
            pieces.append(req.read(READ_SIZE))
        body = b"".join(pieces)
        if codec(charset) == "utf-8":
            self._add_pairs(body.decode("utf-8", "surrogateescape"), keep_blank_values)
            return
        for name, value in parse_qsl(body, keep_blank_values):
            self.add_field(decoded(name, charset), decoded(value, charset))

    def _read_multipart(self, req: Any, boundary: str, data: bytes) -> None:
        parser = PartParser(
            boundary.encode("utf-8", "surrogateescape"),
            max_header_count=64,
            max_segment_count=MAX_PARTS,
            header_charset="latin1",
        )
        part: Part | None = None
        files = text = 0
        ended = False
        while not (ended or parser.closed):
            ended = not data
            for event in parser.events(data):
                if event is None:
                    self._end_part(part)
                    part = None
                elif isinstance(event, (bytes, bytearray)):
                    assert part is not None
                    part.write(bytes(event))
                    text += 0 if part.is_file else len(event)
                else:
                    part = Part(event.headerlist, self._file_callback, self._field_callback)
                    files += part.is_file
            if files > MAX_FILES or text > MAX_TEXT:
                raise ParserLimitReached(f"more than {MAX_FILES} files, or {MAX_TEXT} bytes of text in ordinary fields")
            data = req.read(READ_SIZE)
        if parser.in_head():
            raise ParserError("the body breaks off within the head of a part")
        self._end_part(part)

    def _end_part(self, part: Part | None) -> None:
        if part is not None:
            self.list.append(part.field())

    # -- as a dictionary

    def __getitem__(self, name: str) -> Any:
        """The field, or the list of fields when the name comes more than once. KeyError."""
        found = self.list.named(name)
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def get(self, key: str, default: Any) -> Any:
        """The same, and `default` where there is none."""
        try:
            return self[key]
        except (KeyError, TypeError):
            return default

    def getfirst(self, key: str, default: Any = None) -> Any:
        """The first field of that name."""
        found = self.list.named(key)
        return found[0] if found else default

    def getlist(self, key: str) -> list[Any]:
        """All fields of that name."""
        return self.list.named(key)

    def add_field(self, key: str, value: str) -> None:
        """Add a field beside those of that name."""
        self.list.append(StringField.named(key, value))

    def __setitem__(self, name: str, value: str) -> None:
        self.list[:] = [field for field in self.list if field.name != name]
        self.list.append(StringField.named(name, value))

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self.list[:] = [field for field in self.list if field.name != name]

    def keys(self) -> list[str]:
        """The names, each once."""
        return list(dict.fromkeys(field.name for field in self.list))

    def items(self) -> list[tuple[str, Any]]:
        """(name, field) for each field."""
        return [(field.name, field) for field in self.list]

    def has_key(self, key: str) -> bool:
        """Whether there is a field of that name."""
        return key in self

    def __contains__(self, name: object) -> bool:
        return bool(self.list.named(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def clear(self) -> None:
        """Remove all fields."""
        self.list.clear()

    def __repr__(self) -> str:
        return repr(self.list.table())
