"""The common forms of arguments: each function turns a directive's arguments into its value, or says what is wrong.

The wrong is a BadValue; the loader adds the directive's name, the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Parse = Callable[[tuple[str, ...]], Any]
# How the arguments of a function here are written; where that would tell too little, a directive says it itself.
WRITTEN: dict[Parse, str] = {}


class BadValue(ValueError):
    """An argument is wrong; the text says what is allowed."""


def one(args: tuple[str, ...]) -> str:
    """The only argument."""
    if len(args) != 1:
        raise BadValue(f"takes one argument, not {len(args)}")
    return args[0]


def non_empty(args: tuple[str, ...]) -> str:
    """The only argument, which has at least one character."""
    if not one(args):
        raise BadValue("can't be empty")
    return args[0]


def words(args: tuple[str, ...]) -> tuple[str, ...]:
    """One argument or more."""
    if not args:
        raise BadValue("takes at least one argument")
    return args


def flag(args: tuple[str, ...]) -> bool:
    """On is True, Off is False."""
    value = one(args).lower()
    if value not in ("on", "off"):
        raise BadValue(f"takes On or Off, not {args[0]!r}")
    return value == "on"


WRITTEN[flag] = "On|Off"


def choice(*allowed: str) -> Parse:
    """One of `allowed`, in any case; the value is lower-case."""

    def parse(args: tuple[str, ...]) -> str:
        value = one(args).lower()
        if value not in [name.lower() for name in allowed]:
            raise BadValue(f"takes {' or '.join(allowed)}, not {args[0]!r}")
        return value

    WRITTEN[parse] = "|".join(allowed)
    return parse


def integer(low: int, high: int) -> Parse:
    """A number within bounds, both included."""

    def parse(args: tuple[str, ...]) -> int:
        text = one(args)
        if not re.fullmatch(r"\d{1,15}", text) or not low <= int(text) <= high:
            raise BadValue(f"takes a number from {low} to {high}, not {text!r}")
        return int(text)

    WRITTEN[parse] = "number"
    return parse


UNITS = {"ms": 0.001, "s": 1, "m": 60, "mi": 60, "min": 60, "h": 3600, "d": 86400}
# Seconds.
LONGEST_WAIT = 24 * UNITS["d"]


def seconds(args: tuple[str, ...]) -> float:
    """A time: a number with ms, s, min, h or d; without a unit, seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|min|mi|h|d)?", one(args))
    if found is None:
        raise BadValue(f"takes a time such as 60, 500ms, 10s, 5min or 1h, not {args[0]!r}")
    return float(found[1]) * UNITS[found[2] or "s"]


WRITTEN[seconds] = "time"


def waiting_time(args: tuple[str, ...]) -> float:
    """A time for which the kernel waits, poll(2): it takes no more than 24 days."""
    value = seconds(args)
    if value > LONGEST_WAIT:
        raise BadValue(f"takes a time of at most {LONGEST_WAIT / UNITS['d']:g}d, not {args[0]!r}")
    return value


WRITTEN[waiting_time] = "time"


def size(args: tuple[str, ...]) -> int:
    """A number of bytes, with K, M or G for powers of 1024."""
    found = re.fullmatch(r"(\d{1,15})([KMG])?B?", one(args), re.I)
    if found is None:
        raise BadValue(f"takes a size such as 65536, 64K, 512M or 1G, not {args[0]!r}")
    return int(found[1]) << 10 * " KMG".index((found[2] or " ").upper())


WRITTEN[size] = "bytes"


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """The regular expression of a text. BadValue when it is none."""
    try:
        return re.compile(text, flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadValue(f"{text!r} is not a regular expression: {error}")


def path_or_off(args: tuple[str, ...]) -> str | None:
    """A path; None for Off."""
    path = non_empty(args)
    return None if path.lower() == "off" else path


def extension_map(args: tuple[str, ...]) -> dict[str, str]:
    """`value extension [extension ...]`: keys are lower-case, without the dot."""
    if len(args) < 2:
        raise BadValue("takes a value and one or more file extensions")
    return {extension.lower().lstrip("."): args[0] for extension in args[1:]}


def extension_removals(args: tuple[str, ...]) -> dict[str, None]:
    """`extension [extension ...]`: what extension_map has set, taken away."""
    return {extension.lower().lstrip("."): None for extension in words(args)}


def address_argument(text: str) -> tuple[str, str]:
    """`host:port` of a VirtualHost or Listen, in its parts; `*` or "" for any."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::(\d{1,5}|\*))?", text)
    if found is None:
        raise BadValue(f"takes an address such as *:80, 127.0.0.1:9000 or [::1]:9000, not {text!r}")
    return found[1], found[2] or ""
