"""Apache's configuration syntax: text into nodes, each with its file and line. Knows no directive by name.

Lines are continued by a backslash at their end; arguments are separated by blanks and may be quoted with " or ',
in which a backslash escapes the quote and itself; `${NAME}` stands for a defined or an environment variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mpfcgi.config.model import ConfigError, Place

_OPEN = re.compile(r"<([A-Za-z]\w*)(.*)>\s*$", re.S)
_CLOSE = re.compile(r"</([A-Za-z]\w*)\s*>\s*$")
_VARIABLE = re.compile(r"\$\{([^}:\s]+)\}")


@dataclass(frozen=True, slots=True)
class DirectiveNode:
    """`Name arg arg`."""

    name: str
    args: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class SectionNode:
    """`<Name arg arg>` to `</Name>`."""

    name: str
    args: tuple[str, ...]
    children: tuple[Node, ...]
    place: Place


Node = DirectiveNode | SectionNode


def parse(text: str, file: str, lookup: Callable[[str], str | None] = lambda name: None) -> tuple[Node, ...]:
    """The nodes of `text`; `lookup` gives the values of `${NAME}`. ConfigError with the place of what is wrong."""
    stack: list[tuple[str, tuple[str, ...], list[Node], Place]] = []
    nodes: list[Node] = []
    for place, raw in _logical_lines(text, file):
        line = _VARIABLE.sub(lambda found: _value(found, lookup), raw)
        if closing := _CLOSE.match(line):
            nodes = _close(closing[1], stack, nodes, place)
        elif line.startswith("<"):
            opening = _OPEN.match(line)
            if opening is None:
                raise ConfigError(f"not a section: {line}", place, "a section looks like <Name argument>")
            stack.append((opening[1], split(opening[2], place), nodes, place))
            nodes = []
        else:
            name, *args = split(line, place)
            nodes.append(DirectiveNode(name, tuple(args), place))
    if stack:
        name, _, _, place = stack[-1]
        raise ConfigError(f"<{name}> is never closed", place, f"write </{name}> where it ends")
    return tuple(nodes)


def split(text: str, place: Place) -> tuple[str, ...]:
    """The arguments in `text`, without their quotes. ConfigError for a quote that is not closed."""
    args: list[str] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at].isspace():
            at += 1
        if at == end:
            return tuple(args)
        if text[at] in "\"'":
            arg, at = _quoted(text, at, place)
        else:
            start = at
            while at < end and not text[at].isspace():
                at += 1
            arg = text[start:at]
        args.append(arg)


def quote(arg: str) -> str:
    """`arg` as `split` reads it back; for one without line breaks."""
    return '"' + arg.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str, at: int, place: Place) -> tuple[str, int]:
    mark = text[at]
    parts: list[str] = []
    at += 1
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text) and text[at + 1] in (mark, "\\"):
            parts.append(text[at + 1])
            at += 2
        elif char == mark:
            return "".join(parts), at + 1
        else:
            parts.append(char)
            at += 1
    raise ConfigError(f"a quoted argument is never closed: {mark}{''.join(parts)}", place, f"end it with {mark}")


def _logical_lines(text: str, file: str) -> Iterator[tuple[Place, str]]:
    """Lines with their continuations joined, without comments and empty lines."""
    started = 0
    parts: list[str] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not parts:
            started = number
        if line.endswith("\\") and not line.endswith("\\\\"):
            parts.append(line[:-1])
            continue
        whole = "".join((*parts, line)).strip()
        parts = []
        if whole and not whole.startswith("#"):
            yield Place(file, started), whole
    whole = "".join(parts).strip()
    if whole and not whole.startswith("#"):
        yield Place(file, started), whole


def _close(
    name: str, stack: list[tuple[str, tuple[str, ...], list[Node], Place]], nodes: list[Node], place: Place
) -> list[Node]:
    if not stack:
        raise ConfigError(f"</{name}> closes nothing", place)
    opened, args, outer, opened_at = stack.pop()
    if opened.lower() != name.lower():
        raise ConfigError(f"</{name}> closes <{opened}> of {opened_at}", place, f"write </{opened}> first")
    outer.append(SectionNode(opened, args, tuple(nodes), opened_at))
    return outer


def _value(found: re.Match[str], lookup: Callable[[str], str | None]) -> str:
    value = lookup(found[1])
    # As in Apache, a name that is not defined stays as it is written.
    return found[0] if value is None else value
