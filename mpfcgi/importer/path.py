"""The PythonPath directive: an expression that replaces sys.path (5.4.11; the manual's text of it is lost).

Evaluated once for each text: the last directive wins, and what earlier ones added does not pile up.
"""

from __future__ import annotations

import sys


def apply(expression: str, seen: set[str]) -> None:
    """Evaluate `expression` with `sys` at hand and make it sys.path; one that is in `seen` was applied before.

    ValueError when it gives no list of strings; what the expression itself raises.
    """
    if expression in seen:
        return
    value = eval(expression, {"sys": sys})
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"PythonPath is not a list of directories: {expression}")
    sys.path[:] = value
    seen.add(expression)
