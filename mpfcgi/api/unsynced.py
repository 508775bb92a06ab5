"""Berkeley DB without its waits for the disk.

`dbm.ndbm`, where it is Berkeley DB, calls fdatasync(2) three times for a file that it closes after a change, and has no
flag against it. The other kinds of dbm leave that to the kernel, as those do who write plain files. Berkeley DB has a
hook for it in C (Berkeley DB C API, db_env_set_func_fsync).
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

_FSYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)


@contextlib.contextmanager
def unsynced() -> Iterator[None]:
    """Berkeley DB writes to its files meanwhile, and does not wait until they are on the disk.

    What it writes outlives the process, however that ends, but not always the machine's loss of power. The hook is the
    process's: other threads that close such files meanwhile do not wait either.
    """
    module = sys.modules.get("_dbm")
    hook = None if module is None else _hook_of(getattr(module, "__file__", None))
    if hook is None:
        yield
        return
    set_fsync, nothing = hook
    set_fsync(nothing)
    try:
        yield
    finally:
        set_fsync(None)


@cache
def _hook_of(path: str | None) -> tuple[Any, Any] | None:
    """The hook that is reached through the module at `path`, and a function for it; None where there is none."""
    try:
        # A system that allows no memory to be both written and run may refuse the function.
        return ctypes.CDLL(path).db_env_set_func_fsync, _FSYNC(_nothing)
    except (OSError, AttributeError, MemoryError):
        return None


def _nothing(_fd: int) -> int:
    return 0
