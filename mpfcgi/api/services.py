"""What the api asks of the process it runs in; the worker installs its answers once, at its start."""

from __future__ import annotations

from typing import Any

_installed: Any = None


def install(services: Any) -> None:
    """Make `services` the answer of this process."""
    global _installed
    _installed = services


def current() -> Any:
    """The process's services. RuntimeError outside of a worker."""
    if _installed is None:
        raise RuntimeError("this function works in an mpfcgi worker only")
    return _installed
