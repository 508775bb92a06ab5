"""Sessions as bytes, for stores outside of the process."""

from __future__ import annotations

import pickle
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
