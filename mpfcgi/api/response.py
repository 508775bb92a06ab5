"""The head of a response as CGI has it (RFC 3875 section 6): `Status:`, then the headers. Pure."""

from __future__ import annotations

from functools import lru_cache

from mpfcgi.api.constants import REASONS
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import wire_bytes

# These belong to the front-end, which frames the body itself.
_NOT_OURS = frozenset(("transfer-encoding", "connection", "keep-alive", "status"))


@lru_cache(512)
def plain_head(status: int, content_type: str | None, length: int | None) -> bytes:
    """The head of a response that has no headers but its type and length."""
    lines = [status_line(status, None)]
    if content_type is not None:
        lines.append(b"Content-Type: " + _one_line(content_type))
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
    """The whole head. `content_type` and `length` win over what the tables say; error headers come first."""
    lines = [status_line(status, custom_status)]
    redirects = False
    for table in (err_headers, headers):
        if table is None:
            continue
        for name, value in table.items():
            lowered = name.lower()
            if lowered in _NOT_OURS:
                continue
            if (lowered == "content-type" and content_type is not None) or (
                lowered == "content-length" and length is not None
            ):
                continue
            redirects = redirects or lowered == "location"
            lines.append(_one_line(name) + b": " + _one_line(value))
    if content_type is not None:
        lines.append(b"Content-Type: " + _one_line(content_type))
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    if redirects:
        # HAProxy takes a Location for a 302, unless a status stands behind it.
        lines.append(lines.pop(0))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def status_line(status: int, custom: str | None) -> bytes:
    """`Status: 404 Not Found`. A number without a meaning is 500, unless the handler gave the words too."""
    if custom is not None:
        return b"Status: " + _one_line(custom)
    reason = REASONS.get(status)
    if reason is None:
        status, reason = 500, REASONS[500]
    return f"Status: {status} {reason}".encode("ascii")


def _one_line(text: str) -> bytes:
    # A line break in a value would let it write headers of its own (response splitting).
    if "\r" in text or "\n" in text:
        text = text.replace("\r", " ").replace("\n", " ")
    return wire_bytes(text)
