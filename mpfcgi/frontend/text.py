"""What the generators share: the head of a file, indentation, names as expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mpfcgi.frontend.model import Deployment, Site


def head(name: str, deployment: Deployment, *lines: str) -> list[str]:
    """The first comment: what made the file, and what to do with it."""
    made = f"Made by `mpfcgi frontend {name}` for {deployment.file}; make it again when that changes."
    return [f"# {line}".rstrip() for line in (made, *lines)] + [""]


def block(opening: str, lines: Iterable[str], closing: str = "}") -> list[str]:
    """Lines between an opening and a closing one, indented."""
    return [opening, *indent(lines), closing]


def indent(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def name_expression(names: Iterable[str]) -> str:
    """The regular expression for ServerAlias patterns, each of which may have `*` and `?`; no anchors."""
    return "|".join(
        "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in name) for name in names
    )  # fmt: skip


def title(site: Site) -> str:
    """A host's name for comments."""
    return site.name or "the only host"
