"""What a mutex promises, whatever it is made of, and the options that choose it.

One process at a time holds a mutex. A thread that holds it may take it again, and gives it back as often: mod_python's
own hang there. The kernel gives back what a process holds that dies, however it dies.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

PREFIX = "mod_python.mutex_"
# The mutex that no key leads to: stores that are one file take it for the moments of their reads and writes.
STORES = 0
FEWEST = 2
MOST = 10_000


@dataclass(frozen=True)
class MutexSettings:
    """PythonOption mod_python.mutex_type, mutex_locks, mutex_directory.

    Processes that are not forked from one parent have the same mutexes if `shared`, any text, is the same.
    """

    kind: str = "flock"
    count: int = 8
    directory: str = field(default_factory=tempfile.gettempdir)
    shared: str | None = None


def settings_of(options: Mapping[str, Any], root: str = "/") -> MutexSettings:
    """What the options of the main server ask for; `root` is where a relative directory starts.

    ValueError naming the option, what it says and what it may say.
    """
    kind = options.get(PREFIX + "type") or MutexSettings.kind
    if kind not in ("sysv", "flock"):
        raise ValueError(f"{PREFIX}type is {kind!r}: write sysv or flock")
    text = options.get(PREFIX + "locks") or str(MutexSettings.count)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST):
        raise ValueError(f"{PREFIX}locks is {text!r}: write a number from 1 to {MOST}")
    directory = os.path.join(root, options.get(PREFIX + "directory") or tempfile.gettempdir())
    if not (os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)):
        raise ValueError(
            f"{PREFIX}directory: {directory} is no directory that files can be made in "
            f"(name another with PythonOption {PREFIX}directory)"
        )
    # One is kept apart for stores, so a single one could lock no session.
    return MutexSettings(kind, max(int(text), FEWEST), directory)


class Kind(Protocol):
    """How mutexes are made. Indices are checked before; no thread takes one twice."""

    count: int

    @property
    def fds(self) -> list[int]:
        """The descriptors that a child must keep."""

    def acquire(self, index: int, block: bool) -> bool:
        """Take a mutex; False when another process has it and `block` is false."""

    def release(self, index: int) -> None:
        """Give back a mutex that this process has."""

    def forked(self) -> None:
        """This process is a new child, and holds none."""

    def close(self) -> None:
        """Remove them from the system."""

    def pass_on(self) -> dict[str, Any]:
        """What `inherited` makes them of again, in the program that this process becomes by exec."""


class Mutexes:
    """`count` mutexes, from 0. Made by the supervisor and used by the processes forked from it."""

    def __init__(self, kind: Kind, settings: MutexSettings | None = None) -> None:
        self._kind = kind
        self.settings = settings
        self.count = kind.count
        self._forget()
        _ALL.add(self)

    @property
    def fds(self) -> list[int]:
        """The descriptors that a child must keep."""
        return self._kind.fds

    def index_of(self, key: object) -> int:
        """The mutex of a key, such as a session id: the same in every process, and never the one of the stores."""
        data = (
            key if isinstance(key, bytes) else (key if isinstance(key, str) else repr(key)).encode("utf-8", "replace")
        )
        return 1 + zlib.crc32(data) % (self.count - 1)

    def acquire(self, index: int, block: bool = True) -> bool:
        """Take a mutex, waiting for it; without `block`, False when another has it. IndexError beyond the last one."""
        self._check(index)
        me = threading.get_ident()
        if self._owners[index] != me:
            if not self._take(index, block):
                return False
            self._owners[index] = me
        self._depths[index] += 1
        return True

    def release(self, index: int) -> None:
        """Give back a mutex. RuntimeError when this thread has it not; IndexError beyond the last one."""
        self._check(index)
        if self._owners[index] != threading.get_ident():
            raise RuntimeError(f"mutex {index} is not held by this thread")
        self._depths[index] -= 1
        if self._depths[index] == 0:
            self._owners[index] = None
            try:
                self._kind.release(index)
            finally:
                self._threads[index].release()

    def close(self) -> None:
        """Remove them from the system; the processes that use them must be gone."""
        _ALL.discard(self)
        self._kind.close()

    def pass_on(self) -> dict[str, Any]:
        """What makes them again in the program that this process becomes, where it keeps `fds`."""
        settings = self.settings
        return {
            **self._kind.pass_on(),
            "settings": [settings.kind, settings.count, settings.directory] if settings else None,
        }

    def _take(self, index: int, block: bool) -> bool:
        threads = self._threads[index]
        if not threads.acquire(block):
            return False
        taken = False
        try:
            taken = self._kind.acquire(index, block)
        finally:
            if not taken:
                threads.release()
        return taken

    def _check(self, index: int) -> None:
        if not 0 <= index < self.count:
            raise IndexError(
                f"there is no mutex {index}: mod_python.mutex_locks gives those from 0 to {self.count - 1}"
            )

    def _forget(self) -> None:
        # The threads of this process; other processes wait in the kernel.
        self._threads = [threading.Lock() for _ in range(self.count)]
        self._owners: list[int | None] = [None] * self.count
        self._depths = [0] * self.count

    def _forked(self) -> None:
        self._forget()
        self._kind.forked()


_ALL: weakref.WeakSet[Mutexes] = weakref.WeakSet()


def _in_child() -> None:
    for mutexes in list(_ALL):
        mutexes._forked()


os.register_at_fork(after_in_child=_in_child)
