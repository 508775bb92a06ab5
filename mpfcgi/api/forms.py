"""Form fields: the query string and the body of a POST as `FieldStorage` (manual 4.6.1 to 4.6.3).

Names and values of every encoding are str, the contents of uploaded files bytes. A body that breaks the rules of
its encoding is answered with 400; mod_python 3.5.0 lost the field, or showed a traceback.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from typing import IO, Any
from urllib.parse import parse_qsl as _lenient_parse_qsl

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from mpfcgi.api.constants import (
    HTTP_BAD_REQUEST,
    HTTP_LENGTH_REQUIRED,
    HTTP_NOT_IMPLEMENTED,
    HTTP_REQUEST_ENTITY_TOO_LARGE,
)
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.queries import parse_header, parse_qsl
from mpfcgi.api.table import mp_table

# A body may not make a worker hold more than this: each file is an open descriptor, each text field memory.
MAX_PARTS = 10_000
MAX_FILES = 500
MAX_TEXT = 64 * 1024 * 1024
READ_SIZE = 64 * 1024

URLENCODED = "application/x-www-form-urlencoded"


class Field:
    """An uploaded file: `file` is open for reading bytes, `filename` is as the browser sent it.

    Made by FieldStorage; `Field(name)` alone has a name and nothing else.
    """

    name: str | None
    file: Any
    filename: str | None
    type: str
    type_options: dict[str, str]
    disposition: str | None
    disposition_options: dict[str, str]
    headers: Any

    def __init__(self, name: str | None, *args: Any, **kwargs: Any) -> None:
        self.name = name
        if args or kwargs:
            self._fill(*args, **kwargs)

    def _fill(
        self,
        file: Any,
        ctype: str,
        type_options: dict[str, str],
        disp: str | None,
        disp_options: dict[str, str],
        headers: Any = None,
    ) -> None:
        self.file = file
        self.type = ctype
        self.type_options = type_options
        self.disposition = disp
        self.disposition_options = disp_options
        self.filename = disp_options.get("filename")
        self.headers = {} if headers is None else headers

    @property
    def value(self) -> bytes | None:
        """The contents, all in memory; None without a file."""
        if self.file is None:
            return None
        self.file.seek(0)
        contents = self.file.read()
        if not isinstance(contents, bytes):
            raise TypeError(f"the file of a Field gives bytes, not {type(contents).__name__}")
        return contents

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"

    def __del__(self) -> None:
        file = self.__dict__.get("file")
        if file is not None:
            file.close()


class StringField(str):
    """The value of an ordinary field: a str that also has the members of `Field`."""

    name: str | None
    type: str
    disposition_options: dict[str, str]
    filename: str | None = None
    ctype = "text/plain"
    type_options: dict[str, str]
    disposition: str | None = None
    disp_options: dict[str, str] | None = None
    headers: Any
    _file: IO[Any] | None = None

    def __new__(cls, value: str, /) -> StringField:
        field = super().__new__(cls, value)
        field.type_options = {}
        field.headers = {}
        return field

    @classmethod
    def named(cls, name: str | None, value: str) -> StringField:
        """A field of a form."""
        field = cls(value)
        field.name = name
        field.type = cls.ctype
        field.disposition_options = {}
        return field

    @property
    def value(self) -> str:
        """The same as an ordinary str."""
        return str(self)

    @property
    def file(self) -> IO[Any]:
        """The value as a file: of text, or of bytes when it came in a multipart body."""
        if self._file is None:
            self._file = StringIO(str(self))
        return self._file

    @file.setter
    def file(self, file: IO[Any]) -> None:
        self._file = file

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {str(self)!r})"


class FieldList(list[Any]):
    """`FieldStorage.list`: the fields in the order of their arrival. It may be changed like any list."""

    def named(self, name: object) -> list[Any]:
        """The fields of a name. TypeError when it is no possible name."""
        hash(name)
        return [field for field in self if field.name == name]


class FieldStorage:
    """The fields of a request: those of the query string, then those of the body of a POST.

    Args:
        req: the request; the body is read here, so one FieldStorage should do for a request.
        keep_blank_values: whether fields without a value count.
        strict_parsing: has no effect, as in mod_python.
        file_callback: called with the file name of each upload, gives the file to write it to.
        field_callback: called for each other part of a multipart body, gives the file to write it to.

    Raises SERVER_RETURN with 400 for a malformed body, 411 for one without a length, 413 for one with too many
    parts, 501 for a type that has no fields.
    """

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
        try:
            pairs = parse_qsl(text, keep_blank_values)
        except UnicodeDecodeError:
            # As mod_python does: what is no UTF-8 is read by the standard library, to which ";" is no separator.
            pairs = _lenient_parse_qsl(text, bool(keep_blank_values), errors="replace")
        self.list += [StringField.named(name, value) for name, value in pairs]

    def _read_body(self, req: Any, keep_blank_values: int) -> None:
        kind, options = parse_header(req.headers_in.get("Content-Type") or URLENCODED)
        if kind not in (URLENCODED, "multipart/form-data"):
            raise SERVER_RETURN(HTTP_NOT_IMPLEMENTED)
        first = req.read(READ_SIZE)
        if not first and req.headers_in.get("Content-Length") is None:
            raise SERVER_RETURN(HTTP_LENGTH_REQUIRED)
        if kind == URLENCODED:
            text = (first + req.read()).decode("utf-8", "surrogateescape")
            self._add_pairs(text, keep_blank_values)
            return
        if not options.get("boundary"):
            raise SERVER_RETURN(HTTP_BAD_REQUEST)
        try:
            self._read_multipart(req, options["boundary"], first)
        except ParserLimitReached as error:
            req.log_error(f"multipart body refused: {error}")
            raise SERVER_RETURN(HTTP_REQUEST_ENTITY_TOO_LARGE)
        except (MultipartError, UnicodeDecodeError) as error:
            req.log_error(f"multipart body refused: {error}")
            raise SERVER_RETURN(HTTP_BAD_REQUEST)

    def _read_multipart(self, req: Any, boundary: str, data: bytes) -> None:
        parser = _Parser(boundary.encode("utf-8", "surrogateescape"), max_header_count=64, max_segment_count=MAX_PARTS)
        part: _Part | None = None
        files = text = 0
        while data and not parser.closed:
            for event in parser.parse(data):
                if event is None:
                    self._end_part(part)
                    part = None
                elif isinstance(event, (bytes, bytearray)):
                    assert part is not None
                    part.write(bytes(event))
                    text += 0 if part.is_file else len(event)
                else:
                    part = _Part(event.headerlist, self._file_callback, self._field_callback)
                    files += part.is_file
            if files > MAX_FILES or text > MAX_TEXT:
                raise ParserLimitReached("too many files, or too much text in ordinary fields")
            data = req.read(READ_SIZE)
        # A body that ends without its last boundary keeps the part that it broke off in.
        self._end_part(part)

    def _end_part(self, part: _Part | None) -> None:
        if part is not None:
            self.list.append(part.field())

    # -- as a dictionary

    def __getitem__(self, name: str) -> Any:
        """The field, or the list of fields when the name comes more than once. KeyError."""
        found = self.list.named(name)
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def get(self, name: str, default: Any, /) -> Any:
        """The same, and `default` where there is none."""
        try:
            return self[name]
        except (KeyError, TypeError):
            return default

    def getfirst(self, name: str, default: Any = None) -> Any:
        """The first field of that name."""
        found = self.list.named(name)
        return found[0] if found else default

    def getlist(self, name: str) -> list[Any]:
        """All fields of that name."""
        return self.list.named(name)

    def add_field(self, name: str, value: str) -> None:
        """Add a field beside those of that name."""
        self.list.append(StringField.named(name, value))

    def __setitem__(self, name: str, value: str) -> None:
        self.list[:] = [field for field in self.list if field.name != name]
        self.add_field(name, value)

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

    def has_key(self, name: str) -> bool:
        """Whether there is a field of that name."""
        return name in self

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
        return repr({name: self.getlist(name) for name in self.keys()})


class _Parser(PushMultipartParser):  # type: ignore[misc]
    """A parser that takes parts without a name, or without any header."""

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> Any:
        return MultipartSegment(headerlist)


class _Part:
    """A part of a multipart body, being read."""

    def __init__(
        self,
        headers: list[tuple[str, str]],
        file_callback: Callable[[str], Any] | None,
        field_callback: Callable[[], Any] | None,
    ) -> None:
        self.headers = mp_table.of_raw(list(headers))
        self.disposition, self.options = parse_header(self.headers.get("Content-Disposition") or "")
        self.type, self.type_options = parse_header(self.headers.get("Content-Type") or "text/plain")
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
        text = StringField.named(name, file.read().decode(self.type_options.get("charset", "utf-8"), "replace"))
        file.seek(0)
        text.file = file
        text.type = text.ctype = self.type
        text.type_options = self.type_options
        text.disposition = disposition
        text.disposition_options = text.disp_options = self.options
        text.headers = self.headers
        return text
