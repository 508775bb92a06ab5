"""Mutexes that are System V semaphores, taken with SEM_UNDO (semop(2)).

Such a semaphore outlives its processes, so the daemon writes down which are its own, in a file that it and its workers
hold locked: the next daemon of the same user removes those whose file nobody holds (`remove_stale`).
"""

from __future__ import annotations

import errno
import fcntl
import glob
import json
import os
import tempfile
from typing import Any

import sysv_ipc

PREFIX = "mpfcgi-semaphores-"
BOOT = "/proc/sys/kernel/random/boot_id"


class Semaphores:
    """`count` semaphores; their record is kept in `directory`."""

    def __init__(self, count: int, directory: str) -> None:
        self.count = count
        self._semaphores: list[Any] = []
        # The same ones, by handles that don't wait.
        self._impatient: list[Any] = []
        self._record: _Record | None = None
        try:
            self._record = _Record(directory)
            for _ in range(count):
                self._semaphores.append(_new())
                self._impatient.append(_impatient(self._semaphores[-1].key))
                self._record.write(self._semaphores)
        except (OSError, sysv_ipc.Error) as error:
            self.close()
            raise OSError(
                errno.ENOSPC,
                f"can't make {count} System V semaphores: {error}; write fewer mod_python.mutex_locks, raise the limit "
                "kernel.sem, or write mod_python.mutex_type flock",
            ) from None

    @classmethod
    def inherited(cls, passed: dict[str, Any]) -> Semaphores:
        """Those of the program that this process was before. OSError when somebody has removed them."""
        made = cls.__new__(cls)
        made.count = len(passed["keys"])
        made._record = _Record.__new__(_Record)
        made._record.fd, made._record.path = passed["record"]
        try:
            made._semaphores = [_existing(key) for key in passed["keys"]]
            made._impatient = [_impatient(key) for key in passed["keys"]]
        except sysv_ipc.Error as error:
            raise OSError(errno.EIDRM, f"the semaphores of before are gone: {error}") from None
        return made

    def pass_on(self) -> dict[str, Any]:
        assert self._record is not None
        return {"keys": [one.key for one in self._semaphores], "record": [self._record.fd, self._record.path]}

    @property
    def fds(self) -> list[int]:
        return [self._record.fd] if self._record is not None else []

    def acquire(self, index: int, block: bool) -> bool:
        semaphore = (self._semaphores if block else self._impatient)[index]
        while True:
            try:
                semaphore.acquire()
            except sysv_ipc.BusyError:
                return False
            except sysv_ipc.ExistentialError:
                raise OSError(errno.EIDRM, f"the semaphore {semaphore.id} was removed; restart the daemon") from None
            except sysv_ipc.Error as error:
                # A signal, whose Python handler has run by now without raising anything.
                if "ignal" not in str(error):
                    raise
            else:
                return True

    def release(self, index: int) -> None:
        try:
            self._semaphores[index].release()
        except sysv_ipc.ExistentialError:
            # Removed by somebody: then nobody waits for it.
            pass

    def forked(self) -> None:
        """What the parent holds is the parent's: undo values are not inherited."""

    def close(self) -> None:
        for semaphore in self._semaphores:
            _remove(semaphore)
        if self._record is not None:
            self._record.remove()
        self._semaphores, self._impatient, self._record = [], [], None


def _new() -> Any:
    # Workers may run as other users than a supervisor that is root.
    mode = 0o666 if os.geteuid() == 0 else 0o600
    semaphore = sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX, mode=mode, initial_value=1)
    semaphore.undo = True
    return semaphore


def _existing(key: int) -> Any:
    semaphore = sysv_ipc.Semaphore(key)
    semaphore.undo = True
    return semaphore


def _impatient(key: int) -> Any:
    semaphore = sysv_ipc.Semaphore(key)
    semaphore.undo, semaphore.block = True, False
    return semaphore


def _remove(semaphore: Any) -> bool:
    try:
        semaphore.remove()
    except sysv_ipc.Error:
        return False
    return True


class _Record:
    """The file that says which semaphores are a daemon's. Locked as long as a process of the daemon lives."""

    def __init__(self, directory: str) -> None:
        while True:
            self.fd, self.path = tempfile.mkstemp(prefix=PREFIX, dir=directory)
            fcntl.flock(self.fd, fcntl.LOCK_EX)
            # Another daemon that is starting may have taken it for a dead one's before it was locked.
            if os.fstat(self.fd).st_nlink:
                break
            os.close(self.fd)

    def write(self, semaphores: list[Any]) -> None:
        text = json.dumps({"boot": _boot(), "semaphores": [[one.key, one.id] for one in semaphores]})
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text.encode("ascii"), 0)

    def remove(self) -> None:
        try:
            os.unlink(self.path)
        except OSError:
            pass
        os.close(self.fd)


def remove_stale(directory: str) -> int:
    """Remove the semaphores of this user's daemons that have died; how many there were."""
    return sum(_remove_recorded(path) for path in glob.glob(os.path.join(glob.escape(directory), PREFIX + "*")))


def _remove_recorded(path: str) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        # A record of somebody else could make us remove what is not its own.
        if os.fstat(fd).st_uid != os.geteuid():
            return 0
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(fd, "rb", closefd=False) as file:
            removed = _remove_all(file.read())
        os.unlink(path)
    except OSError:
        return 0
    finally:
        os.close(fd)
    return removed


def _remove_all(record: bytes) -> int:
    try:
        content = json.loads(record)
        # They went with the last boot, and what has their number now is another program's.
        wanted = (
            {(int(key), int(number)) for key, number in content["semaphores"]} if content["boot"] == _boot() else ()
        )
    except (ValueError, KeyError, TypeError):
        return 0
    return sum(_remove_if_same(key, number) for key, number in wanted)


def _remove_if_same(key: int, number: int) -> bool:
    try:
        semaphore = sysv_ipc.Semaphore(key)
    except sysv_ipc.Error:
        return False
    return semaphore.id == number and _remove(semaphore)


def _boot() -> str:
    with open(BOOT) as file:
        return file.read().strip()
