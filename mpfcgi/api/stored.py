"""Sessions as bytes, for stores outside of the process; and files that nobody else can have put there.

What is read is unpickled, which runs what it says. So files are believed only when they are this user's own, or root's.
"""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Callable
from typing import Any

_NUMBERS = ("_created", "_accessed", "_timeout")


class DamagedError(Exception):
    """What is stored is no session."""


def dumped(stored: dict[str, Any]) -> bytes:
    """A session's dictionary as bytes. What can't be pickled raises what pickle raises."""
    return pickle.dumps(stored)


def loaded(data: bytes) -> dict[str, Any]:
    """The dictionary of a session. DamagedError when the bytes are cut short, garbled, or something else."""
    try:
        stored = pickle.loads(data)
    except Exception as error:
        # pickle has no error of its own for this: garbage raises whatever its opcodes run into.
        raise DamagedError(f"{type(error).__name__}: {error}") from None
    if not (
        isinstance(stored, dict)
        and all(isinstance(stored.get(name), (int, float)) for name in _NUMBERS)
        and isinstance(stored.get("_data"), dict)
    ):
        raise DamagedError("it holds something else than a session")
    return stored


def found(data: bytes | None, where: str, log: Callable[[str], object]) -> dict[str, Any] | None:
    """The dictionary of a session that is stored at `where`; None when there is none, or a damaged one, which is logged."""
    if data is None:
        return None
    try:
        return loaded(data)
    except DamagedError as error:
        log(f"the session in {where} is damaged and taken for none: {error}")
        return None


def check_owner(path: str, status: os.stat_result) -> None:
    """PermissionError when a file or folder is another user's, or a symbolic link, who could have put anything there."""
    if stat.S_ISLNK(status.st_mode):
        raise PermissionError(f"{path} is a symbolic link: sessions are not kept where that leads")
    if status.st_uid not in (os.geteuid(), 0):
        raise PermissionError(
            f"{path} belongs to user {status.st_uid}, and the worker runs as {os.geteuid()}: sessions that somebody else "
            "can write are not read; choose a directory with PythonOption mod_python.session.database_directory"
        )
