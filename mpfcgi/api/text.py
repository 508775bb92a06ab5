"""Text and bytes where the api meets the wire (parity with mod_python 3.5.0 on Python 3).

What comes in is Latin-1 strings of raw bytes and is shown as UTF-8, undecodable bytes as surrogate escapes; table
values and members that go out are Latin-1.
"""

from __future__ import annotations

from urllib.parse import quote


def shown(raw: str) -> str:
    """A raw (Latin-1) string as handlers see it."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def outgoing(value: str | bytes) -> str:
    """A value that a handler sets, as a raw (Latin-1) string. TypeError for other types and characters."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise TypeError(f"expected str or bytes, got {type(value).__name__}")
    if not value.isascii():
        _check_latin1(value)
    return value


def _check_latin1(value: str) -> None:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        try:
            value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            pass
        raise TypeError(f"characters beyond Latin-1 can't be sent in a header: {value!r}") from None


def wire_bytes(value: str) -> bytes:
    """A table value as bytes for the wire."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")


def loggable(message: object, level: object) -> bool:
    """Whether there is anything to log: None is no message. TypeError for what is no str and no level."""
    if message is not None and not isinstance(message, str):
        raise TypeError(f"log_error() takes a string, not {type(message).__name__}")
    if not isinstance(level, int):
        raise TypeError(f"a level is one of APLOG_*, not {type(level).__name__}")
    return message is not None


def quoted_uri(path: str) -> str:
    """A decoded path as a URI has it."""
    return quote(path, safe="/:@!$&'()*+,;=~", encoding="utf-8", errors="surrogateescape")


def as_bytes(data: object) -> bytes:
    """What a handler writes: text as UTF-8, bytes as they are; TypeError for all else."""
    if isinstance(data, str):
        return str.encode(data)
    if isinstance(data, bytes):
        return bytes(data)
    raise TypeError(f"write() takes str or bytes, not {type(data).__name__}")
