"""LogFormat: mod_log_config's format strings, compiled to functions (the 2.4 documentation's mod_log_config.html)."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.config import ConfigError
from mpfcgi.worker import sent

if TYPE_CHECKING:
    from mpfcgi.api import Request

COMMON = '%h %l %u %t "%r" %>s %b'
COMBINED = COMMON + ' "%{Referer}i" "%{User-Agent}i"'
# Nicknames that need no LogFormat line; "" is the format of TransferLog.
NICKNAMES = {
    "": COMMON, "common": COMMON, "CLF": COMMON, "combined": COMBINED, "vhost_combined": "%v:%p " + COMBINED,
}  # fmt: skip

# (the request that answered, the one the client sent) -> text
Item = Callable[["Request", "Request"], str]
# Modifiers come in any order: statuses, < or >, an argument; the last of several counts.
_DIRECTIVE = re.compile(r"%((?:[!<>,\d]|\{[^}]*\})*)(\^[A-Za-z]{2}|[A-Za-z%])")
_MODIFIER = re.compile(r"\{([^}]*)\}|([!\d,]+)|([<>])")
_ESCAPED = re.compile(r"\\([\\nrt])")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_BEGIN_AND_END = re.compile(r"(?:(begin|end):)?(.*)", re.DOTALL)
_ABSENT = {
    "ti": "the web server does not pass trailers on",
    "to": "trailers are not sent",
    "FB": "the time of the first byte is not kept",
}


def compile_format(text: str) -> Item:
    """A function that makes the line. ConfigError for a % that isn't known."""
    items: list[str | Item] = []
    at = 0
    for found in _DIRECTIVE.finditer(text):
        if "%" in text[at : found.start()]:
            break
        items += [_literal(text[at : found.start()]), _item(found)]
        at = found.end()
    if "%" in text[at:]:
        raise ConfigError(f"LogFormat can't be understood from {text[text.index('%', at) :]!r} on")
    items.append(_literal(text[at:]))

    def line(req: Request, first: Request) -> str:
        return "".join(item if isinstance(item, str) else item(req, first) for item in items)

    return line


def _literal(text: str) -> str:
    return _ESCAPED.sub(lambda found: _CONTROL[found[1]], text)


def _item(found: re.Match[str]) -> Item:
    modifiers, letter = found.groups()
    if letter == "%":
        if modifiers:
            raise ConfigError(f"LogFormat does not know {found[0]}")
        return lambda req, first: "%"
    argument, statuses, which = "", "", ""
    for part in _MODIFIER.finditer(modifiers):
        if part[1] is not None:
            argument = part[1]
        statuses += part[2] or ""
        which = part[3] or which
    if letter[1:] in _ABSENT:
        raise ConfigError(f"LogFormat can't have {found[0]}: {_ABSENT[letter[1:]]}")
    if letter in _WITH_ARGUMENT:
        item = _WITH_ARGUMENT[letter](argument)
    elif letter in _PLAIN:
        item = _PLAIN[letter]
    else:
        raise ConfigError(f"LogFormat does not know {found[0]}")
    # What a log shows of an internal redirect: the first request, but for a few, unless < or > says otherwise.
    use_last = which == ">" or (which == "" and letter not in "sUTDrR")
    chosen: Item = (lambda req, first: item(req, req)) if use_last else (lambda req, first: item(first, first))
    return _only_for(statuses, chosen) if statuses else chosen


def _only_for(statuses: str, item: Item) -> Item:
    codes = {int(code) for code in re.findall(r"\d+", statuses)}
    if not codes:
        return item
    negated = "!" in statuses
    return lambda req, first: item(req, first) if (req.status in codes) != negated else "-"


def _escaped(value: str | None) -> str:
    """`-` for nothing; quotes, backslashes and control characters escaped, so that a line can't be forged."""
    return "-" if value is None else _quoted(value)


def _quoted(value: str) -> str:
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return value
    parts = []
    for byte in value.encode("utf-8", "surrogateescape"):
        if byte in _ESCAPES:
            parts.append(_ESCAPES[byte])
        else:
            parts.append(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
    return "".join(parts)


_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 13: "\\r", 34: '\\"', 92: "\\\\"}


def _unit(name: str, values: dict[str, Item], argument: str) -> Item:
    if argument not in values:
        allowed = ", ".join(value for value in values if value)
        raise ConfigError(f"LogFormat: {{{argument}}} of %{name} is not one of {allowed}")
    return values[argument]


def _time(argument: str) -> Item:
    found = _BEGIN_AND_END.fullmatch(argument)
    at_end, format = (found[1] == "end", found[2]) if found is not None else (False, "")

    def moment(first: Request) -> float:
        return time.time() if at_end else first.request_time

    if format in _FRACTIONS:
        scale, modulus, digits = _FRACTIONS[format]

        def number(req: Request, first: Request) -> str:
            value = int(moment(first) * scale)
            return f"{value % modulus if modulus else value:0{digits}d}"

        return number
    pattern = format or "[%d/%b/%Y:%H:%M:%S %z]"
    return lambda req, first: time.strftime(pattern, time.localtime(moment(first)))


# Of %{...}t: how many in a second, how many of them are shown (0 for all), in how many digits.
_FRACTIONS = {
    "sec": (1, 0, 0), "msec": (1000, 0, 0), "usec": (1_000_000, 0, 0),
    "msec_frac": (1000, 1000, 3), "usec_frac": (1_000_000, 1_000_000, 6),
}  # fmt: skip


def _elapsed(scale: float) -> Item:
    return lambda req, first: str(int((time.time() - first.request_time) * scale))


def _cookie(name: str) -> Item:
    pattern = re.compile(rf"(?:^|;)\s*{re.escape(name)}\s*=([^;]*)")

    def value(req: Request, first: Request) -> str:
        found = pattern.search(req.headers_in.get("Cookie") or "")
        return _escaped((found[1].strip() or None) if found else None)

    return value


def _header_out(name: str) -> Item:
    lower = name.lower()

    def value(req: Request, first: Request) -> str:
        if lower == "content-type":
            return _escaped(req.content_type.partition(";")[0].rstrip() if req.content_type else None)
        sent.show(req)
        if lower == "set-cookie":
            cookies = [value for key, value in req.headers_out.items() if key.lower() == lower]
            return _escaped(", ".join(cookies) if cookies else None)
        return _escaped(req.headers_out.get(name))

    return value


def _body_sent(req: Request) -> int:
    """Bytes of the response's body: what requests have sent before they were redirected counts, too."""
    sent = req._bytes_sent
    while req._prev is not None:
        req = req._prev
        sent += req._bytes_sent
    return sent


def _body_received(req: Request) -> int:
    """Bytes of the request's body."""
    told = req._params.get("CONTENT_LENGTH", "")
    read: int = req.read_length
    return max(read, int(told) if told.isdecimal() else 0)


def _keeps(req: Request) -> str:
    """Whether the client keeps its connection open after the response, as far as it has said."""
    if req.connection.aborted:
        return "X"
    said = (req.headers_in.get("Connection") or "").lower()
    return "-" if "close" in said or (req.protocol == "HTTP/1.0" and "keep-alive" not in said) else "+"


_PORTS: dict[str, Item] = {
    "": lambda req, first: str(req.server.port or req._usual_port()),
    "canonical": lambda req, first: str(req.server.port or req._usual_port()),
    "local": lambda req, first: str(req.connection.local_addr[1]),
    "remote": lambda req, first: str(req.connection.client_addr[1]),
}
_PROCESSES: dict[str, Item] = {
    "": lambda req, first: str(os.getpid()),
    "pid": lambda req, first: str(os.getpid()),
    "tid": lambda req, first: str(threading.get_ident()),
    "hextid": lambda req, first: f"{threading.get_ident():x}",
}
_ELAPSED = {"": _elapsed(1), "s": _elapsed(1), "ms": _elapsed(1000), "us": _elapsed(1_000_000)}

_WITH_ARGUMENT: dict[str, Callable[[str], Item]] = {
    "i": lambda name: lambda req, first: _escaped(req.headers_in.get(name)),
    "o": _header_out,
    "e": lambda name: lambda req, first: _escaped(req.subprocess_env.get(name)),
    "n": lambda name: lambda req, first: _escaped(req.notes.get(name)),
    "C": _cookie,
    "t": _time,
    "T": lambda argument: _unit("T", _ELAPSED, argument),
    "p": lambda argument: _unit("p", _PORTS, argument),
    "P": lambda argument: _unit("P", _PROCESSES, argument),
}
_PLAIN: dict[str, Item] = {
    "a": lambda req, first: _escaped(req.connection.client_ip),
    "A": lambda req, first: _escaped(req.connection.local_ip),
    "B": lambda req, first: str(_body_sent(req)),
    "b": lambda req, first: str(_body_sent(req) or "-"),
    "O": lambda req, first: str(_body_sent(req)),
    "I": lambda req, first: str(_body_received(first)),
    "S": lambda req, first: str(_body_sent(req) + _body_received(first)),
    "D": _elapsed(1_000_000),
    "f": lambda req, first: _escaped(req.filename),
    "h": lambda req, first: _escaped(req.get_remote_host()),
    "H": lambda req, first: _escaped(req.protocol),
    "k": lambda req, first: str(req.connection.keepalives),
    "l": lambda req, first: _escaped(req.connection.remote_logname),
    "L": lambda req, first: _escaped(first._unique_id),
    "m": lambda req, first: _escaped(req.method),
    "q": lambda req, first: "?" + _quoted(req.args) if req.args else "",
    "r": lambda req, first: _escaped(req.the_request),
    "R": lambda req, first: _escaped(req.handler),
    "s": lambda req, first: str(req.status),
    "u": lambda req, first: _user(req),
    "U": lambda req, first: _escaped(req.uri),
    "v": lambda req, first: _escaped(req.server.server_hostname),
    "V": lambda req, first: _escaped(req._server_name()),
    "X": lambda req, first: _keeps(req),
}


def _user(req: Request) -> str:
    """The user; two quotes for an empty name, as Apache writes it."""
    return '""' if req.user == "" else _escaped(req.user)
