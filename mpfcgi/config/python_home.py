"""PythonHome: whether a folder is a virtual environment of this Python, and where its packages are."""

from __future__ import annotations

import os
import re
import sys

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def packages(home: str) -> str:
    """The folder of an environment's packages."""
    return os.path.join(home, "lib", f"python{VERSION}", "site-packages")


def problem(home: str) -> str | None:
    """What is wrong with a folder as PythonHome; None when it can be used."""
    if os.path.isdir(packages(home)):
        return None
    if not os.path.isdir(home):
        return "there is no such folder"
    others = sorted(name for name in _names(os.path.join(home, "lib")) if re.fullmatch(r"python\d+\.\d+", name))
    if others:
        return f"it is of {', '.join(others)}, and this daemon runs on python{VERSION}: start it with that Python"
    return f"it is no virtual environment: there is no {packages(home)}"


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
