"""The fields of a form: `Field` for an uploaded file, `StringField` for all else, and the list of them (manual 4.6.3)."""

from __future__ import annotations

from io import StringIO
from typing import IO, Any, Final

_UNSET: Final = object()


class Field:
    """An uploaded file: `file` is open for reading bytes, `filename` is as the browser sent it.

    Made by FieldStorage; `Field(name)` alone has a name and nothing else.
    """

    __module__ = "mod_python.util"

    name: str | None
    file: Any
    filename: str | None
    type: str
    type_options: dict[str, str]
    disposition: str | None
    disposition_options: dict[str, str]
    headers: Any
    _value: Any = _UNSET

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
    def value(self) -> Any:
        """The contents, all in memory, as bytes; None without a file. The file is at its start afterwards.

        What it was set to counts instead.
        """
        if self._value is not _UNSET:
            return self._value
        if self.file is None:
            return None
        self.file.seek(0)
        contents = self.file.read()
        self.file.seek(0)
        if not isinstance(contents, bytes):
            raise TypeError(f"the file of a Field gives bytes, not {type(contents).__name__}")
        return contents

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"

    def __del__(self) -> None:
        file = self.__dict__.get("file")
        if file is not None:
            file.close()


class StringField(str):
    """The value of an ordinary field: a str that also has the members of `Field`."""

    __module__ = "mod_python.util"

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
    _value: Any = _UNSET

    def __new__(cls, value: str | bytes) -> StringField:
        # The real module's values are bytes on Python 3, and so are those that code written for it adds.
        field = super().__new__(cls, value.decode() if isinstance(value, bytes) else value)
        field.type_options = {}
        field.headers = {}
        return field

    def __init__(self, value: str | bytes) -> None:
        """For subclasses, who call it with the value."""

    def __reduce__(self) -> tuple[Any, ...]:
        """What a session keeps of it: all but the file."""
        members = {name: value for name, value in vars(self).items() if name != "_file"}
        return _kept, (str(self), {**members, "headers": dict(self.headers.items())})

    @classmethod
    def named(cls, name: str | None, value: str) -> StringField:
        """A field of a form."""
        field = cls.__new__(cls, value)
        field.name = name
        field.type = cls.ctype
        field.disposition_options = {}
        return field

    @property
    def value(self) -> Any:
        """The same as an ordinary str, unless it was set to something else."""
        return str(self) if self._value is _UNSET else self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value

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


def _kept(value: str, members: dict[str, Any]) -> StringField:
    """A field out of a session."""
    field = StringField(value)
    vars(field).update(members)
    return field


class FieldList(list[Any]):
    """`FieldStorage.list`: the fields in the order of their arrival. It may be changed like any list."""

    __module__ = "mod_python.util"

    def named(self, name: object) -> list[Any]:
        """The fields of a name. TypeError when it is no possible name."""
        hash(name)
        return [field for field in self if field.name == name]

    def table(self) -> dict[Any, list[Any]]:
        """The fields by name."""
        table: dict[Any, list[Any]] = {}
        for field in self:
            table.setdefault(field.name, []).append(field)
        return table
