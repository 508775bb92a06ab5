"""ErrorLogFormat: the lines of the error log as httpd's directive of that name words them.

Items that say nothing take their field, the text up to the next blank, with them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from mpfcgi.api.unique_id import unique_id
from mpfcgi.config import ConfigError
from mpfcgi.config.directives.logs import LOG_LEVELS

# The name of the format that is no text with items.
JSON = "json"


class Entry(NamedTuple):
    """What is to be logged; `message` is escaped, `raw` is not. `now` is seconds since the epoch."""

    level: int
    message: str
    pid: int
    now: float
    request: Any = None
    server: Any = None
    connection: Any = None
    raw: str = ""
    pool: str = ""


Item = Callable[[Entry], str]
# %{name}item, perhaps with a - (print "-" for nothing), a + (no line at all for nothing) or a level, by number, from which
# on it says anything; a field ends at a blank, or at "% ", which is not printed; "\ " is a blank that ends none.
_TOKEN = re.compile(r"%(?:([-+]|\d+)?(?:\{([^}]*)\})?([a-zA-Z%])| )|\\ |( )|[^%\\ ]+|[%\\]")


class _Skip(Exception):
    """The line is not to be written."""


@lru_cache(64)
def compile_format(text: str) -> Callable[[Entry], str | None]:
    """What makes a line, without its end, of an entry; None for an entry without one. ConfigError for an unknown %."""
    if text.lower() == JSON:
        return _object
    fields: list[list[Item]] = [[]]
    seps = [""]
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in (" ", "% "):
            fields.append([])
            seps.append("" if token == "% " else " ")
        elif token == "\\ ":
            fields[-1].append(_text(" "))
        elif found[3]:
            fields[-1].append(_item(found[1] or "", found[2], found[3]))
        elif token == "%":
            raise ConfigError(f"ErrorLogFormat: % without a letter in {text!r}")
        else:
            fields[-1].append(_text(token))

    def line(entry: Entry) -> str | None:
        out = ""
        try:
            for before, field in zip(seps, fields):
                said = _field(field, entry)
                if said:
                    out += (before if out else "") + said
        except _Skip:
            return None
        return out

    return line


def _object(entry: Entry) -> str:
    """An entry as a JSON object in one line, without what is not known of it."""
    request, connection = entry.request, entry.connection
    values: dict[str, Any] = {
        "time": datetime.fromtimestamp(entry.now, timezone.utc).isoformat(timespec="microseconds"),
        "level": LOG_LEVELS[entry.level] if entry.level else "error",
        "pid": entry.pid,
        "pool": entry.pool,
        "server": _server_name("")(entry),
        "client": connection.client_addr[0] if connection is not None else "",
    }
    if request is not None:
        values |= {"request_id": unique_id(request), "method": request.method, "uri": request.uri}
    values["message"] = entry.raw
    said = {name: value for name, value in values.items() if value != ""}
    # Bytes that are no text are shown as such: a lone surrogate is no JSON.
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _field(items: list[Item], entry: Entry) -> str:
    """A field's text; "" when one of its items says nothing."""
    said = [item(entry) for item in items]
    return "".join(said) if all(said) else ""


def _text(text: str) -> Item:
    return lambda entry: text


def _item(sign: str, argument: str | None, letter: str) -> Item:
    if letter == "%":
        return _text("%")
    if letter in "ien":
        item = _named(letter, argument or "")
    elif letter in _ITEMS:
        item = _ITEMS[letter](argument or "")
    else:
        raise ConfigError(
            f"ErrorLogFormat does not know %{letter}", None, f"known: {', '.join(sorted(_ITEMS))}, e, i, n"
        )
    if sign.isdecimal():
        return lambda entry: item(entry) if entry.level >= int(sign) else ""
    if sign == "-":
        return lambda entry: item(entry) or "-"
    return _required(item) if sign == "+" else item


def _required(item: Item) -> Item:
    def said(entry: Entry) -> str:
        text = item(entry)
        if not text:
            raise _Skip
        return text

    return said


def _named(letter: str, name: str) -> Item:
    """Header fields, environment variables and notes of the request."""
    table = {"i": "headers_in", "e": "subprocess_env", "n": "notes"}[letter]
    return lambda entry: escape(getattr(entry.request, table).get(name) or "") if entry.request is not None else ""


def _time(argument: str) -> Item:
    compact, micro = "c" in argument, "u" in argument

    def text(entry: Entry) -> str:
        local = time.localtime(int(entry.now))
        fraction = f".{int(entry.now % 1 * 1_000_000):06d}" if micro else ""
        if compact:
            return time.strftime("%Y-%m-%d %H:%M:%S", local) + fraction
        return time.strftime("%a %b %d %H:%M:%S", local) + fraction + f" {local.tm_year}"

    return text


def _address(which: str) -> Callable[[str], Item]:
    def item(argument: str) -> Item:
        return lambda entry: (
            ":".join(str(part) for part in getattr(entry.connection, which)) if entry.connection is not None else ""
        )

    return item


def _server_name(argument: str) -> Item:
    def name(entry: Entry) -> str:
        server = entry.request.server if entry.request is not None else entry.server
        return server.server_hostname if server is not None else ""

    return name


_ITEMS: dict[str, Callable[[str], Item]] = {
    "a": _address("client_addr"),
    "A": _address("local_addr"),
    # Python's messages have no place in httpd's source, and no error of its library.
    "E": lambda argument: _text(""),
    "F": lambda argument: _text(""),
    "l": lambda argument: lambda entry: LOG_LEVELS[entry.level] if entry.level else "error",
    "m": lambda argument: _text("python"),
    "M": lambda argument: lambda entry: entry.message,
    "P": lambda argument: lambda entry: str(entry.pid),
    "T": lambda argument: lambda entry: str(entry.pid),
    "t": _time,
    "L": lambda argument: lambda entry: unique_id(entry.request) if entry.request is not None else "",
    "v": _server_name,
    "V": _server_name,
}


def escape(message: str) -> str:
    """A message as Apache writes it: control characters and bytes beyond ASCII escaped, so that a line stays one."""
    if message.isascii() and message.isprintable() and "\\" not in message and '"' not in message:
        return message
    parts = []
    for byte in message.encode("utf-8", "surrogateescape"):
        if byte in _ESCAPES:
            parts.append(_ESCAPES[byte])
        elif 32 <= byte < 127:
            parts.append(chr(byte))
        else:
            parts.append(f"\\x{byte:02x}")
    return "".join(parts)


_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 13: "\\r", 92: "\\\\"}
