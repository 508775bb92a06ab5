"""Mutexes that are flock(2) locks on files.

The files have no name: nobody else can open them, and nothing is left behind when the daemon dies. Those that processes
without a common parent share have one, and stay. A lock belongs to an open file description, which children share, so
each process opens the files anew before it locks them.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from typing import Any


class Flocks:
    """`count` files in `directory`, with names made of `shared` if that is given.

    A child opens a file through its inherited descriptor.
    """

    def __init__(self, count: int, directory: str, shared: str | None = None) -> None:
        self.count = count
        self._files: list[int] = []
        self._own: dict[int, int] = {}
        try:
            for index in range(count):
                self._files.append(_nameless(directory) if shared is None else _named(directory, shared, index))
        except OSError as error:
            self.close()
            raise OSError(
                error.errno,
                f"can't make {count} lock files in {directory} (mod_python.mutex_directory): {error.strerror}",
            ) from None

    @classmethod
    def inherited(cls, passed: dict[str, Any]) -> Flocks:
        """Those of the program that this process was before."""
        made = cls.__new__(cls)
        made.count, made._files, made._own = len(passed["files"]), passed["files"], {}
        return made

    def pass_on(self) -> dict[str, Any]:
        return {"files": self._files}

    @property
    def fds(self) -> list[int]:
        return list(self._files)

    def acquire(self, index: int, block: bool) -> bool:
        try:
            fcntl.flock(self._opened(index), fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self, index: int) -> None:
        fcntl.flock(self._own[index], fcntl.LOCK_UN)

    def forked(self) -> None:
        own, self._own = self._own, {}
        for fd in own.values():
            # The parent's descriptors, and its locks stay: closing a copy releases nothing.
            os.close(fd)

    def close(self) -> None:
        for fd in [*self._own.values(), *self._files]:
            os.close(fd)
        self._own, self._files = {}, []

    def _opened(self, index: int) -> int:
        fd = self._own.get(index)
        if fd is None:
            fd = self._own[index] = os.open(f"/proc/self/fd/{self._files[index]}", os.O_RDWR | os.O_CLOEXEC)
        return fd


def _nameless(directory: str) -> int:
    with tempfile.TemporaryFile(dir=directory, prefix="mpfcgi-mutex-", buffering=0) as file:
        # Workers may run as other users; who has no descriptor can't open it, whatever its mode.
        os.fchmod(file.fileno(), 0o666)
        return os.dup(file.fileno())


def _named(directory: str, shared: str, index: int) -> int:
    name = f".mpfcgi-mutex-{hashlib.sha256(os.fsencode(shared)).hexdigest()[:12]}-{index}"
    fd = os.open(os.path.join(directory, name), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.fstat(fd).st_uid != os.geteuid():
        os.close(fd)
        raise PermissionError(errno.EPERM, f"{name} belongs to another user")
    return fd
