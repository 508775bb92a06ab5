"""Apache's configuration syntax: text into nodes, each with its file and line. Knows no directive by name.

Lines are continued by a backslash at their end; arguments are separated by blanks and may be quoted with " or ',
in which a backslash escapes the quote and itself. `${NAME}` stands for a defined or an environment variable: it is put
in by `expand` when the line's turn comes, since the lines before it may define it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Union

from mpfcgi.config.model import ConfigError, Place

# Sections within sections: each is a few calls deep when it is read.
MAX_DEPTH = 50
_OPEN = re.compile(r"<([A-Za-z]\w*)(.*)>\s*$", re.S)
_CLOSE = re.compile(r"</([A-Za-z]\w*)\s*>\s*$")
_VARIABLE = re.compile(r"\$\{([^}:\s]+)\}")


@dataclass(frozen=True)
class DirectiveNode:
    """`Name arg arg`. `text` is the whole line as written."""

    name: str
    args: tuple[str, ...]
    place: Place
    text: str = field(default="", compare=False)


@dataclass(frozen=True)
class SectionNode:
    """`<Name arg arg>` to `</Name>`. `text` is its arguments as written."""

    name: str
    args: tuple[str, ...]
    children: tuple[Node, ...]
    place: Place
    text: str = field(default="", compare=False)


Node = Union[DirectiveNode, SectionNode]


@dataclass
class _Open:
    """A section whose end is yet to come; `outer` are the nodes around it."""

    name: str
    text: str
    place: Place
    outer: list[Node]


def parse(text: str, file: str) -> tuple[Node, ...]:
    """The nodes of `text`. ConfigError with the place of what is wrong."""
    stack: list[_Open] = []
    nodes: list[Node] = []
    for place, line in _logical_lines(text, file):
        if closing := _CLOSE.match(line):
            nodes = _close(closing[1], stack, nodes, place)
        elif line.startswith("<"):
            opening = _OPEN.match(line)
            if opening is None:
                raise ConfigError(f"not a section: {line}", place, "a section looks like <Name argument>")
            if len(stack) == MAX_DEPTH:
                raise ConfigError(f"<{opening[1]}> is inside of {MAX_DEPTH} sections", place, "that is the limit")
            stack.append(_Open(opening[1], opening[2], place, nodes))
            nodes = []
        else:
            name, *args = split(line, place)
            nodes.append(DirectiveNode(name, tuple(args), place, line))
    if stack:
        raise ConfigError(f"<{stack[-1].name}> is never closed", stack[-1].place, f"write </{stack[-1].name}>")
    return tuple(nodes)


def expand(node: Node, lookup: Callable[[str], str | None]) -> Node:
    """`node` with the values that `lookup` gives for `${NAME}`; a value may be several arguments.

    As in Apache, a name that `lookup` does not know stays as it is written.
    """
    if "${" not in node.text:
        return node
    text = _VARIABLE.sub(lambda found: _value(found, lookup), node.text)
    if isinstance(node, SectionNode):
        return replace(node, args=split(text, node.place), text=text)
    name, *args = split(text, node.place) or ("",)
    return DirectiveNode(name, tuple(args), node.place, text)


def variables(node: Node) -> tuple[str, ...]:
    """The names in `${NAME}` that `node` still has, its children aside."""
    return tuple(_VARIABLE.findall(node.text))


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
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        whole = "".join((*parts, line)).strip()
        parts = []
        if whole and not whole.startswith("#"):
            yield Place(file, started), whole
    whole = "".join(parts).strip()
    if whole and not whole.startswith("#"):
        yield Place(file, started), whole


def _close(name: str, stack: list[_Open], nodes: list[Node], place: Place) -> list[Node]:
    if not stack:
        raise ConfigError(f"</{name}> closes nothing", place)
    opened = stack.pop()
    if opened.name.lower() != name.lower():
        raise ConfigError(f"</{name}> closes <{opened.name}> of {opened.place}", place, f"write </{opened.name}> first")
    args = split(opened.text, opened.place)
    opened.outer.append(SectionNode(opened.name, args, tuple(nodes), opened.place, opened.text))
    return opened.outer


def _value(found: re.Match[str], lookup: Callable[[str], str | None]) -> str:
    value = lookup(found[1])
    return found[0] if value is None else value
