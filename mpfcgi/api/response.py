"""The head of a response as CGI has it (RFC 3875 section 6): `Status:`, then the headers. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from mpfcgi.api.constants import REASONS
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import wire_bytes

# These belong to the front-end, which frames the body itself.
_NOT_OURS = frozenset(("transfer-encoding", "connection", "keep-alive", "status"))
# RFC 9110, 5.1 and 5.5: a line break in a value would let it write headers of its own.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# A stream of events that a web server holds back until it has a buffer full is none; nginx lets it through for this.
_EVENTS = "text/event-stream"
_UNBUFFERED = b"X-Accel-Buffering: no"


class InvalidHeader(ValueError):
    """A header that can't be sent; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class HeadRefused(OSError):
    """The head could not be made of what the handler set: an error document has taken the response's place."""


def with_charset(content_type: str | None, charset: str) -> str | None:
    """A content type with the charset that AddDefaultCharset names: plain text and HTML that tell none get it."""
    if content_type is None or "charset=" in (folded := content_type.lower()):
        return content_type
    return f"{content_type}; charset={charset}" if folded.startswith(("text/plain", "text/html")) else content_type


@lru_cache(512)
def plain_head(status: int, content_type: str | None, length: int | None) -> bytes:
    """The head of a response that has no headers but its type and length."""
    lines = [status_line(status, None)]
    if content_type is not None:
        lines.append(b"Content-Type: " + _value("Content-Type", content_type))
        if content_type.startswith(_EVENTS):
            lines.append(_UNBUFFERED)
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def head(
    status: int,
    custom_status: str | None,
    content_type: str | None,
    headers: mp_table | None,
    err_headers: mp_table | None,
    length: int | None,
) -> bytes:
    """The whole head. `content_type` and `length` win over what the tables say; error headers come first.

    Raises InvalidHeader.
    """
    lines = [status_line(status, custom_status)]
    redirects = False
    for table in (err_headers, headers):
        if table is None:
            continue
        for name, value in table.items():
            lowered, start = _named(name)
            if lowered in _NOT_OURS:
                continue
            if (lowered == "content-type" and content_type is not None) or (
                lowered == "content-length" and length is not None
            ):
                continue
            redirects = redirects or lowered == "location"
            lines.append(start + _value(name, value))
    if content_type is not None:
        lines.append(b"Content-Type: " + _value("Content-Type", content_type))
        if content_type.startswith(_EVENTS) and not any(
            "X-Accel-Buffering" in table for table in (err_headers, headers) if table
        ):
            lines.append(_UNBUFFERED)
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    if redirects:
        # HAProxy takes a Location for a 302, unless a status stands behind it.
        lines.append(lines.pop(0))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def line_sent(req: Any) -> str | None:
    """The status line that a handler has set, or that is sent; None where there is none yet."""
    if req._status_line is None and req._head_sent and req._status in REASONS:
        return f"{req._status} {REASONS[req._status]}"
    return req._status_line  # type: ignore[no-any-return]


def status_line(status: int, custom: str | None) -> bytes:
    """`Status: 404 Not Found`. A number without a meaning is 500, unless the handler gave the words too.

    So is one below 200: a client would take it for a message before the response, and the body for what comes then.
    """
    words = own_words(status, custom) if status >= 200 else None
    if words is not None:
        return b"Status: %d " % status + wire_bytes(words)
    reason = REASONS.get(status)
    if reason is None or status < 200:
        status, reason = 500, REASONS[500]
    return f"Status: {status} {reason}".encode("ascii")


def own_words(status: int, line: str | None) -> str | None:
    """What a handler's status line says of this status; None when it is about another, or no status line."""
    if line is None or line[:4] != f"{status} " or _CONTROL.search(line):
        return None
    return line[4:]


@lru_cache(1024)
def _named(name: str) -> tuple[str, bytes]:
    """The name in lower case, and the start of the header's line."""
    if not _NAME.fullmatch(name):
        raise InvalidHeader(name)
    return name.lower(), name.encode("ascii") + b": "


def _value(name: str, text: str) -> bytes:
    if not text.isprintable() and _CONTROL.search(text):
        raise InvalidHeader(name)
    return wire_bytes(text)
