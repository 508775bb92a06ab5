"""Files of sessions, which nobody else can have put there, and which a crash leaves whole.

What is read is unpickled, which runs what it says. So files are believed only when they are this user's own, or root's.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import tempfile

# What one write puts into the kernel's memory as a whole, and what a file has room for however full the disk is.
_PAGE = 4096
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_SIZE = 65536


def check_owner(path: str, status: os.stat_result) -> None:
    """PermissionError when a file or folder is another user's, or a symbolic link, who could have put anything there."""
    if stat.S_ISLNK(status.st_mode):
        raise PermissionError(f"{path} is a symbolic link: sessions are not kept where that leads")
    if status.st_uid not in (os.geteuid(), 0):
        raise PermissionError(
            f"{path} belongs to user {status.st_uid}, and the worker runs as {os.geteuid()}: sessions that somebody else "
            "can write are not read; choose a directory with PythonOption mod_python.session.database_directory"
        )


def in_temporary_directory(name: str, endings: tuple[str, ...] = ("",)) -> str:
    """The path of a file or folder of ours in the directory that all users share.

    `endings` are what names of it may end in. Where another user has one of them, ours is beside it, as `mp_sess-33.dbm`:
    each user's pools have their own sessions then, and nobody can keep them from having any.
    """
    path = os.path.join(tempfile.gettempdir(), name)
    for ending in endings:
        try:
            if os.lstat(path + ending).st_uid != os.geteuid():
                stem, extension = os.path.splitext(path)
                return f"{stem}-{os.geteuid()}{extension}"
        except OSError:
            pass
    return path


def read_own(path: str) -> bytes:
    """What is in a file of our own. PermissionError when it is somebody else's, OSError when it can't be read."""
    fd = os.open(path, os.O_RDONLY | _OPEN)
    try:
        check_owner(path, os.fstat(fd))
        # Sessions without a lock may be read while they are written over.
        fcntl.flock(fd, fcntl.LOCK_SH)
        data = os.read(fd, _SIZE)
        if len(data) == _SIZE:
            while more := os.read(fd, _SIZE):
                data += more
        return data
    finally:
        os.close(fd)


def write_over(path: str, data: bytes) -> bool:
    """Put pickled data into a file of our own that is there; False where `replace` must: it isn't, or the data is long.

    One write within one page is done as a whole or not at all, whatever becomes of the process. It costs a hundredth of
    a new file on some file systems. When the process is killed just then, a longer old end may stay behind the data:
    unpickling does not look at it.
    """
    if len(data) > _PAGE:
        return False
    try:
        fd = os.open(path, os.O_WRONLY | _OPEN)
    except OSError:
        return False
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
            return False
        fcntl.flock(fd, fcntl.LOCK_EX)
        # Asked for now: another writer may have had the lock before.
        longer = os.fstat(fd).st_size > len(data)
        if os.pwrite(fd, data, 0) != len(data):
            return False
        if longer:
            os.ftruncate(fd, len(data))
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


def replace(path: str, data: bytes) -> None:
    """Put a new file, mode 0600, in the place of `path`. OSError when that can't be; what was there is there still."""
    beside = f"{path}.{secrets.token_hex(4)}"
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        unlink(beside)
        raise


def unlink(path: str) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
