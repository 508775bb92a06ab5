"""LogFormat: mod_log_config's format strings, compiled to functions."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.config import ConfigError

if TYPE_CHECKING:
    from mpfcgi.api import Request

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = COMMON + ' "%{Referer}i" "%{User-Agent}i"'

# (the request that answered, the one the client sent) -> text
Item = Callable[["Request", "Request"], str]
_DIRECTIVE = re.compile(r"%(!?[\d,]*)([<>]?)(?:\{([^}]*)\})?(\^?[A-Za-z%])")


def compile_format(text: str) -> Item:
    """A function that makes the line. ConfigError for a % that isn't known."""
    text = text.replace("\\n", "\n").replace("\\t", "\t")
    items: list[str | Item] = []
    at = 0
    for found in _DIRECTIVE.finditer(text):
        if "%" in text[at : found.start()]:
            break
        items += [text[at : found.start()], _item(found)]
        at = found.end()
    if "%" in text[at:]:
        raise ConfigError(f"LogFormat can't be understood from {text[text.index('%', at) :]!r} on")
    items.append(text[at:])

    def line(req: Request, first: Request) -> str:
        return "".join(item if isinstance(item, str) else item(req, first) for item in items)

    return line


def _item(found: re.Match[str]) -> Item:
    statuses, which, argument, letter = found.groups()
    if letter == "%":
        return lambda req, first: "%"
    make = _WITH_ARGUMENT.get(letter) if argument is not None else None
    if make is not None:
        item = make(argument or "")
    elif letter in _PLAIN and (argument is None or letter in "pP"):
        item = _PLAIN[letter]
    else:
        raise ConfigError(f"LogFormat does not know {found[0]}")
    # What a log shows of an internal redirect: the first request, but for a few, unless < or > says otherwise.
    use_last = which == ">" or (which == "" and letter not in "sUTDr")
    chosen: Item = (lambda req, first: item(req, req)) if use_last else (lambda req, first: item(first, first))
    return _only_for(statuses, chosen) if statuses else chosen


def _only_for(statuses: str, item: Item) -> Item:
    codes = {int(code) for code in statuses.lstrip("!").split(",") if code}
    negated = statuses.startswith("!")
    return lambda req, first: item(req, first) if (req.status in codes) != negated else "-"


def _escaped(value: str | None) -> str:
    """`-` for nothing; quotes, backslashes and control characters escaped, so that a line can't be forged."""
    if not value:
        return "-"
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return value
    parts = []
    for byte in value.encode("utf-8", "surrogateescape"):
        char = chr(byte)
        if char in '"\\':
            parts.append("\\" + char)
        elif char in "\n\t\r":
            parts.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char])
        else:
            parts.append(char if 32 <= byte < 127 else f"\\x{byte:02x}")
    return "".join(parts)


def _time(format: str) -> Item:
    if format in ("sec", "msec", "usec"):
        scale = {"sec": 1, "msec": 1000, "usec": 1_000_000}[format]
        return lambda req, first: str(int(first.request_time * scale))
    pattern = format.removeprefix("begin:") or "[%d/%b/%Y:%H:%M:%S %z]"
    return lambda req, first: time.strftime(pattern, time.localtime(first.request_time))


def _elapsed(scale: float) -> Item:
    return lambda req, first: str(int((time.time() - first.request_time) * scale))


def _cookie(name: str) -> Item:
    pattern = re.compile(rf"(?:^|[;,])\s*{re.escape(name)}=([^;,]*)")

    def value(req: Request, first: Request) -> str:
        found = pattern.search(req.headers_in.get("Cookie") or "")
        return _escaped(found[1] if found else None)

    return value


def _header_out(name: str) -> Item:
    def value(req: Request, first: Request) -> str:
        if name.lower() == "content-type" and req.content_type:
            return _escaped(req.content_type)
        return _escaped(req.headers_out.get(name) or req.err_headers_out.get(name))

    return value


_WITH_ARGUMENT: dict[str, Callable[[str], Item]] = {
    "i": lambda name: lambda req, first: _escaped(req.headers_in.get(name)),
    "o": _header_out,
    "e": lambda name: lambda req, first: _escaped(req.subprocess_env.get(name)),
    "n": lambda name: lambda req, first: _escaped(req.notes.get(name)),
    "C": _cookie,
    "t": _time,
    "T": lambda unit: _elapsed({"s": 1, "ms": 1000, "us": 1_000_000}.get(unit, 1)),
}
_PLAIN: dict[str, Item] = {
    "a": lambda req, first: _escaped(req.connection.client_ip),
    "A": lambda req, first: _escaped(req.connection.local_ip),
    "B": lambda req, first: str(req.bytes_sent),
    "b": lambda req, first: str(req.bytes_sent or "-"),
    "O": lambda req, first: str(req.bytes_sent),
    "I": lambda req, first: str(first.read_length),
    "D": _elapsed(1_000_000),
    "T": _elapsed(1),
    "f": lambda req, first: _escaped(req.filename),
    "h": lambda req, first: _escaped(req.get_remote_host()),
    "H": lambda req, first: _escaped(req.protocol),
    "k": lambda req, first: str(req.connection.keepalives),
    "l": lambda req, first: _escaped(req.connection.remote_logname),
    "m": lambda req, first: _escaped(req.method),
    "p": lambda req, first: str(req.connection.local_addr[1]),
    "P": lambda req, first: str(os.getpid()),
    "q": lambda req, first: "?" + _escaped(req.args) if req.args else "",
    "r": lambda req, first: _escaped(req.the_request),
    "R": lambda req, first: _escaped(req.handler),
    "s": lambda req, first: str(req.status),
    "t": _time(""),
    "u": lambda req, first: _escaped(req.user),
    "U": lambda req, first: _escaped(req.uri),
    "v": lambda req, first: _escaped(req.server.server_hostname),
    "V": lambda req, first: _escaped(req.hostname or req.server.server_hostname),
    "X": lambda req, first: "X" if req.connection.aborted else "+",
}
