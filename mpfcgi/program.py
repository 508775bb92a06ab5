"""This program as others start it: the arguments of a command line that finds mpfcgi, and nothing in the current folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence

# What -P of Python 3.11 does: with -c, and with -m, the current folder is searched first, whatever lies there.
_SAFE = "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
COMMAND = "from mpfcgi.__main__ import main; main()"


def command_line(
    *arguments: str, run: str = COMMAND, python: str = sys.executable, flags: Sequence[str] = ()
) -> list[str]:
    """`mpfcgi ARGUMENTS`, or another line of Python to `run`, by an interpreter with its `flags`."""
    return [python, *flags, "-c", _SAFE + run, *arguments]


# The flags of a Python that the configuration has put under -O, and not who started it.
OPTIMIZED = ["-O", "-X", "mpfcgi_optimized"]


def anew(optimized: bool | None = None) -> list[str]:
    """The command line of this process, or one where -O is put in or taken out. To be asked before it has a title."""
    original = getattr(sys, "orig_argv", None)
    if original is None:
        # Python 3.9
        with open("/proc/self/cmdline", "rb") as file:
            original = [word.decode("utf-8", "surrogateescape") for word in file.read().split(b"\0")[:-1]]
    arguments = original[1:]
    if optimized is not None and is_optimized_by_configuration():
        del arguments[: len(OPTIMIZED)]
    return [sys.executable, *(OPTIMIZED if optimized else []), *arguments]


def is_optimized_by_configuration() -> bool:
    """Whether this Python was started by `anew`, under -O."""
    return OPTIMIZED[-1] in sys._xoptions
