"""The PythonPath directive: an expression that replaces sys.path."""

from __future__ import annotations

import sys


def apply(expression: str, seen: set[str]) -> None:
    """Evaluate `expression` with `sys` at hand and make it sys.path; an expression in `seen` was applied before.

    ValueError when it gives no list of strings; what the expression itself raises.
    """
    if expression in seen:
        return
    value = eval(expression, {"sys": sys})
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"PythonPath is no list of directories: {expression}")
    sys.path[:] = value
    seen.add(expression)
