"""What a server answers, without what is of the moment or in its own words."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import zlib
from typing import NamedTuple

from tests.parity.live_requests import Request

# Of the connection, of the moment, or of the server.
NOT_COMPARED = frozenset(("date", "server", "connection", "keep-alive", "transfer-encoding", "etag", "last-modified"))


class Answer(NamedTuple):
    status: int
    reason: str
    headers: list[tuple[str, str]]
    length: str | None
    body: str


def _compared(name: str, value: str) -> str:
    """A header's value without what is of the moment: the two are asked one after the other."""
    if name == "expires" and value.endswith("GMT"):
        return "a time"
    if name == "set-cookie":
        return re.sub("[0-9a-f]{32}", "an id", value)
    if name == "vary":
        return ",".join(sorted({item.strip() for item in value.split(",")}))
    return methods(value) if name == "allow" else value


def fetch(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        headers = {"Host": "live.test", "Connection": "close", **dict(request.headers)}
        connection.request(request.method, request.path, request.body, headers)
        response = connection.getresponse()
        raw = response.read()
    packed = response.getheader("Content-Encoding") == "gzip"
    body = (_unpacked(raw) if packed else raw).decode("utf-8", "backslashreplace")
    found = sorted(
        (name.lower(), _compared(name.lower(), value))
        for name, value in response.getheaders()
        if name.lower() not in NOT_COMPARED and name.lower() != "content-length"
    )
    told = words(body)
    return Answer(
        response.status,
        response.reason,
        found,
        response.getheader("Content-Length") if told == body and not packed else None,
        told,
    )


def _unpacked(raw: bytes) -> bytes:
    """A packed body, and a mark; what is no whole one stays as it is."""
    with contextlib.suppress(zlib.error, EOFError, OSError):
        return b"packed: " + gzip.decompress(raw) if raw else raw
    return raw


def methods(allow: str) -> str:
    """Those of an Allow header, in order; TRACE is for the front-end to answer, ours does not name it."""
    return ",".join(sorted({name.strip() for name in allow.split(",")} - {"TRACE"}))


def words(body: str) -> str:
    """The body, with pages that servers word for themselves replaced by what they say."""
    body = re.sub(r"(?s)<!DOCTYPE.*?<title>([^<]*)</title>.*?</html>\s*", r"[error page: \1]\n", body)
    return re.sub(r"(?s)\s*<pre>\s*Mod_python error: (.*?)\n\nTraceback.*?</pre>\s*", _raised, body)


def _raised(page: re.Match[str]) -> str:
    lines = page[0].splitlines()
    names = [
        line.partition(":")[0] for line in lines if re.match(r"[A-Za-z_.]+(:|$)", line) and "Mod_python" not in line
    ]
    return f"[traceback: {page[1]} {names}]"
