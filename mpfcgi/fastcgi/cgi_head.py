"""The head of a CGI response (RFC 3875 section 6): header lines up to an empty one, and the status among them."""

from __future__ import annotations

import re
from http import HTTPStatus

from mpfcgi.fastcgi.errors import ProtocolError

MAX_HEAD = 256 * 1024
_END = re.compile(rb"\r?\n\r?\n")


class Head:
    """Status, reason and the other headers, in order and as sent."""

    __slots__ = ("headers", "reason", "status")

    def __init__(self, status: int, reason: str, headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.reason, self.headers = status, reason, headers


def parse_head(data: bytes) -> tuple[Head, bytes] | None:
    """The head and what follows it; None when it is not complete. ProtocolError when it is none."""
    end = _END.search(data)
    if end is None:
        if len(data) > MAX_HEAD:
            raise ProtocolError(f"response head of more than {MAX_HEAD} bytes")
        return None
    headers: list[tuple[bytes, bytes]] = []
    status, reason = 0, ""
    for line in re.split(rb"\r?\n", data[: end.start()]):
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise ProtocolError(f"response head has a line that is no header: {line[:80]!r}")
        if name.lower() == b"status":
            status, reason = _status(value.strip().decode("latin-1"))
        else:
            headers.append((name.strip(), value.strip()))
    if not status:
        status = 302 if any(name.lower() == b"location" for name, _ in headers) else 200
    return Head(status, reason or _phrase(status), headers), data[end.end() :]


def _status(value: str) -> tuple[int, str]:
    code, _, reason = value.partition(" ")
    if not (len(code) == 3 and code.isdecimal()):
        raise ProtocolError(f"response head has no valid status: {value[:80]!r}")
    return int(code), reason


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
