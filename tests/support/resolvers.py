"""The resolver of a configuration."""

from __future__ import annotations

from typing import Any

from mpfcgi.config import Resolver, Server, load_text


def resolver_for(text: str, **more: Any) -> tuple[Resolver, Server]:
    """It, and its main server; `more` is for load_text."""
    resolver = Resolver(load_text(text, **more))
    return resolver, resolver.config.main
