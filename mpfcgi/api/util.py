"""`mod_python.util`: form fields, query strings, redirects (manual 4.6).

Names and values of every encoding are str; the contents of uploaded files are bytes, in temporary files.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any
from urllib.parse import parse_qsl as _parse_qsl

from multipart import MultipartError, MultipartParser, parse_options_header

from mpfcgi.api.constants import (
    DONE,
    HTTP_BAD_REQUEST,
    HTTP_MOVED_PERMANENTLY,
    HTTP_MOVED_TEMPORARILY,
    HTTP_NOT_IMPLEMENTED,
)
from mpfcgi.api.errors import SERVER_RETURN

MAX_FIELDS = 10_000
IN_MEMORY = 1 << 16


class StringField(str):
    """The value of an ordinary field: a str that also has the members of `Field`."""

    name: str
    filename: str | None = None
    type = "text/plain"
    type_options: dict[str, str]
    disposition: str | None = None
    disposition_options: dict[str, str]
    headers: dict[str, str]

    def __new__(cls, value: str = "", name: str = "") -> StringField:
        field = super().__new__(cls, value)
        field.name = name
        field.type_options, field.disposition_options, field.headers = {}, {}, {}
        return field

    @property
    def value(self) -> str:
        return str(self)

    @property
    def file(self) -> IO[bytes]:
        return BytesIO(self.encode())


class Field:
    """An uploaded file: `file` is open for reading bytes, `filename` is as the browser sent it."""

    def __init__(self, name: str, file: IO[bytes], filename: str | None) -> None:
        self.name, self.file, self.filename = name, file, filename
        self.type = "application/octet-stream"
        self.type_options: dict[str, str] = {}
        self.disposition = "form-data"
        self.disposition_options: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    @property
    def value(self) -> bytes:
        """The contents."""
        self.file.seek(0)
        return self.file.read()

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.filename!r})"


class FieldStorage:
    """The fields of a request: those of the query string, then those of the body.

    SERVER_RETURN with 400 for a malformed body, 501 for a type of body that has no fields.
    """

    def __init__(self, req: Any, keep_blank_values: int = 0, strict_parsing: int = 0) -> None:
        self.list: list[Any] = []
        if req.args:
            self._add_pairs(parse_qsl(req.args, keep_blank_values, strict_parsing))
        if req.method != "POST":
            return
        kind, options = parse_options_header(req.headers_in.get("Content-Type") or "application/x-www-form-urlencoded")
        if kind == "application/x-www-form-urlencoded":
            text = req.read().decode("utf-8", "surrogateescape")
            self._add_pairs(parse_qsl(text, keep_blank_values, strict_parsing))
        elif kind == "multipart/form-data":
            self._read_multipart(req, options, keep_blank_values)
        else:
            raise SERVER_RETURN(HTTP_NOT_IMPLEMENTED)

    def _add_pairs(self, pairs: list[tuple[str, str]]) -> None:
        self.list += [StringField(value, name) for name, value in pairs]

    def _read_multipart(self, req: Any, options: dict[str, str], keep_blank_values: int) -> None:
        boundary = options.get("boundary")
        if not boundary:
            raise SERVER_RETURN(HTTP_BAD_REQUEST)
        parser = MultipartParser(req, boundary, memfile_limit=IN_MEMORY, disk_limit=1 << 62, mem_limit=1 << 26)
        try:
            for part in parser:
                if part.filename:
                    self.list.append(_file_field(part))
                elif part.value or keep_blank_values:
                    field = StringField(part.value, part.name)
                    field.disposition, field.disposition_options = "form-data", {"name": part.name}
                    self.list.append(field)
        except MultipartError as error:
            req.log_error(f"multipart body refused: {error}")
            raise SERVER_RETURN(HTTP_BAD_REQUEST)

    # -- as a dictionary

    def __getitem__(self, name: str) -> Any:
        """The field, or the list of fields when the name comes more than once. KeyError."""
        found = [field for field in self.list if field.name == name]
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def getfirst(self, name: str, default: Any = None) -> Any:
        """The first field of that name."""
        return next((field for field in self.list if field.name == name), default)

    def getlist(self, name: str) -> list[Any]:
        """All fields of that name."""
        return [field for field in self.list if field.name == name]

    def add_field(self, name: str, value: str) -> None:
        """Add a field beside those of that name."""
        self.list.append(StringField(value, name))

    def __setitem__(self, name: str, value: str) -> None:
        del self[name]
        self.add_field(name, value)

    def __delitem__(self, name: str) -> None:
        self.list = [field for field in self.list if field.name != name]

    def keys(self) -> list[str]:
        return list(dict.fromkeys(field.name for field in self.list))

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self[name]) for name in self.keys()]

    def has_key(self, name: str) -> bool:
        return name in self

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.list)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.list)

    def clear(self) -> None:
        self.list.clear()


def _file_field(part: Any) -> Field:
    field = Field(part.name, part.file, part.filename)
    field.type = part.content_type or field.type
    field.disposition_options = {"name": part.name, "filename": part.filename}
    field.headers = dict(part.headerlist)
    return field


def parse_qsl(qs: str, keep_blank_values: int = 0, strict_parsing: int = 0) -> list[tuple[str, str]]:
    """The pairs of a query string; `;` separates like `&`. ValueError for a wrong one with `strict_parsing`."""
    return _parse_qsl(
        qs.replace(";", "&"), bool(keep_blank_values), bool(strict_parsing), errors="replace", max_num_fields=MAX_FIELDS
    )


def parse_qs(qs: str, keep_blank_values: int = 0, strict_parsing: int = 0) -> dict[str, list[str]]:
    """The same by name."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(qs, keep_blank_values, strict_parsing):
        found.setdefault(name, []).append(value)
    return found


def redirect(req: Any, location: str, permanent: int = 0, text: str | None = None) -> None:
    """Send the browser to `location`, with a page for those that don't go. Raises SERVER_RETURN, or OSError when
    the headers are sent already."""
    if req.sent_bodyct:
        raise OSError("Cannot redirect after headers have already been sent.")
    req.err_headers_out["Location"] = location
    req.status = HTTP_MOVED_PERMANENTLY if permanent else HTTP_MOVED_TEMPORARILY
    if text is None:
        text = f'<p>The document has moved <a href="{html.escape(location)}">here</a></p>\n'
    req.write(text)
    raise SERVER_RETURN(DONE)


def apply_fs_data(object: Any, fs: FieldStorage, **args: Any) -> Any:
    """Call `object` with those fields of `fs` that it takes, and with `args`, which win."""
    function = object if hasattr(object, "__code__") else getattr(object, "__func__", None)
    bound = 0
    if function is None or not hasattr(function, "__code__"):
        function = getattr(object, "__init__" if isinstance(object, type) else "__call__", None)
        function = getattr(function, "__func__", function)
        bound = 1
    elif function is not object:
        bound = 1
    code = getattr(function, "__code__", None)
    if code is None:
        return object(**args)
    for field in fs.list:
        value = field if getattr(field, "filename", None) else field.value
        given = args.setdefault(field.name, _Repeated())
        # What the caller gives (`req`) wins over a field of that name.
        if isinstance(given, _Repeated):
            given.append(value)
    merged = {name: _plain(value) for name, value in args.items()}
    if code.co_flags & 0x08:
        return object(**merged)
    accepted = code.co_varnames[bound : code.co_argcount]
    return object(**{name: value for name, value in merged.items() if name in accepted})


class _Repeated(list[Any]):
    """The values of one field name."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Repeated):
        return value[0] if len(value) == 1 else list(value)
    return value
