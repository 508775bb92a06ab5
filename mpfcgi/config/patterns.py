"""Shell-style patterns as Apache has them (apr_fnmatch): in paths, and in the names of hosts."""

from __future__ import annotations

import re
from functools import lru_cache

WILD = frozenset("*?[")


def is_wild(text: str) -> bool:
    """Whether `text` is a pattern rather than a plain path."""
    return not WILD.isdisjoint(text)


@lru_cache(1024)
def path_pattern(text: str) -> re.Pattern[str]:
    """The expression for a path: `*`, `?` and `[...]` never stand for a slash; a backslash takes a wildcard's meaning."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "*":
            parts.append("[^/]*")
            while text[at : at + 1] == "*":
                at += 1
        elif char == "?":
            parts.append("[^/]")
        elif char == "[" and (end := _end_of_set(text, at)):
            parts.append(_set(text[at:end]))
            at = end + 1
        elif char == "\\" and at < len(text):
            parts.append(re.escape(text[at]))
            at += 1
        else:
            parts.append(re.escape(char))
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(1024)
def name_pattern(text: str) -> re.Pattern[str]:
    """The expression for a ServerAlias: `*` and `?` stand for anything, dots included."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in re.sub(r"\*+", "*", text)))


def _end_of_set(text: str, at: int) -> int:
    """Where the `]` of a set stands that begins at `at`; 0 when it isn't closed. A `]` right at its start belongs to it."""
    start = at + (text[at : at + 1] in ("!", "^"))
    return max(text.find("]", start + 1), 0)


def _set(inner: str) -> str:
    negated = inner[:1] in ("!", "^")
    members = inner[1:] if negated else inner
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    try:
        re.compile(f"[{escaped}]")
    except re.error:
        # A range that runs backwards, such as [z-a], has no members.
        return "(?!)"
    return f"(?!/)[{'^' if negated else ''}{escaped}]"
