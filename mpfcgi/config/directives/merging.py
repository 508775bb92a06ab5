"""How a directive's value joins an earlier one of the same section, or that of an outer scope."""

from __future__ import annotations

from typing import Any


def replace(old: Any, new: Any) -> Any:
    """The inner one counts, and of two lines the last."""
    return new


def append(old: Any, new: Any) -> Any:
    """All count, in their order."""
    return (old or ()) + new


def prepend(old: Any, new: Any) -> Any:
    """Where the first that fits wins, an inner scope's come before an outer one's."""
    return new + (old or ())


def update(old: Any, new: Any) -> Any:
    """All count; of the same key the inner one, and of two lines the last."""
    return {**(old or {}), **new}


def update_in_any_case(old: Any, new: Any) -> Any:
    """The same for keys whose case is of no account, as those of Apache's tables; the first spelling stays."""
    joined = dict(old or {})
    known = {key.lower(): key for key in joined}
    for key, value in new.items():
        joined[known.setdefault(key.lower(), key)] = value
    return joined
