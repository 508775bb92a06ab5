"""Mutexes between the workers of one daemon: what sessions are locked with (manual 2.3.3, "Mutex Locks").

The supervisor creates a fixed number of them once; all workers of all pools inherit them. `contract` says what a mutex
promises, `flock` and `sysv` are the two kinds.
"""

from __future__ import annotations

from typing import Any

from mpfcgi.ipc.mutex.contract import Kind, Mutexes, MutexSettings, settings_of
from mpfcgi.ipc.mutex.flock import Flocks
from mpfcgi.ipc.mutex.sysv import Semaphores, remove_stale

KINDS: dict[str, type[Flocks] | type[Semaphores]] = {"flock": Flocks, "sysv": Semaphores}

__all__ = ["KINDS", "Kind", "MutexSettings", "Mutexes", "create", "inherited", "remove_stale", "settings_of"]


def create(settings: MutexSettings) -> Mutexes:
    """New mutexes, or those that others share. OSError, saying what to change, when the system has none."""
    if settings.shared is not None:
        return Mutexes(Flocks(settings.count, settings.directory, settings.shared))
    return Mutexes(KINDS[settings.kind](settings.count, settings.directory), settings)


def inherited(settings: MutexSettings, passed: dict[str, Any]) -> Mutexes | None:
    """Those of the program that this process was before an exec; None when they are other ones than wanted. OSError."""
    if passed.get("settings") != [settings.kind, settings.count, settings.directory]:
        return None
    return Mutexes(KINDS[settings.kind].inherited(passed), settings)
