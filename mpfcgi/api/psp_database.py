"""Compiled pages in a file that the processes of one user share, also after a restart (manual 4.9, dbm caching).

Code is read back with `marshal`, which trusts what it reads, so the file must be nobody else's: it is made for its owner
alone, and one that another user owns or may write is refused. That is asked of the open file, never of its name.

The file is a log: records are added to its end under a lock, and one is for one state of a page's file. A record that was not
finished, or that does not fit its check sum, is none.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import stat
import struct
import sys
import threading
import zlib
from types import CodeType
from typing import NamedTuple

from mpfcgi.api.psp_cache import Stamp

MAGIC = b"mpfcgi compiled pages 1\n"
# When the file has grown to this many bytes, most of it is of pages that have changed since: it begins anew.
LONGEST = 64 << 20
# Check sum of the rest, length of the key, length of the code.
_HEAD = struct.Struct(">III")


class _Record(NamedTuple):
    offset: int
    length: int


class Database:
    """The file `path`; it is opened, or made, when it is first used. Every method raises OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._end = 0
        self._records: dict[bytes, _Record] = {}
        self._lock = threading.Lock()

    def get(self, name: str, stamp: Stamp) -> CodeType | None:
        """The code of the page `name`, if it is kept for this state of its file and this version of Python."""
        with self._lock:
            self._follow()
            key = _key(name, stamp)
            record = self._records.get(key)
            kept = self._read(record) if record is not None else None
        if kept is None or not kept.startswith(key):
            return None
        code = marshal.loads(kept[len(key) :])
        return code if isinstance(code, CodeType) else None

    def put(self, name: str, stamp: Stamp, code: CodeType) -> None:
        """Keep the code of a page."""
        key, body = _key(name, stamp), marshal.dumps(code)
        rest = struct.pack(">II", len(key), len(body)) + key + body
        with self._lock:
            self._follow()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                self._follow()
                # What follows the last whole record is of a process that died while it wrote.
                os.ftruncate(self._descriptor, self._end if self._end < LONGEST else len(MAGIC))
                os.write(self._descriptor, struct.pack(">I", zlib.crc32(rest)) + rest)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._end, self._records = -1, 0, {}

    def _follow(self) -> None:
        """Open the file, and take note of the records that were added to it since."""
        if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink:
            self.close()
        if self._descriptor < 0:
            self._descriptor = _open(self.path)
        size = os.fstat(self._descriptor).st_size
        if size < self._end:
            self._end, self._records = 0, {}
        self._end = self._end or len(MAGIC)
        while self._end + _HEAD.size <= size:
            _, key_length, code_length = _HEAD.unpack(os.pread(self._descriptor, _HEAD.size, self._end))
            record = _Record(self._end, _HEAD.size + key_length + code_length)
            kept = self._read(record) if record.offset + record.length <= size else None
            if kept is None:
                return
            self._records[kept[:key_length]] = record
            self._end += record.length

    def _read(self, record: _Record) -> bytes | None:
        """Key and code of a record; None when it is not whole."""
        data = os.pread(self._descriptor, record.length, record.offset)
        if len(data) < record.length or _HEAD.unpack_from(data)[0] != zlib.crc32(data[4:]):
            return None
        return data[_HEAD.size :]


def _open(path: str) -> int:
    """Open the file, or make it. PermissionError unless it is ours alone; OSError when it is something else."""
    descriptor = os.open(
        path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600
    )
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise PermissionError(f"{path} is not used: it must be a file of this user ({os.geteuid()}) alone")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not os.fstat(descriptor).st_size:
            os.write(descriptor, MAGIC)
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            raise OSError(f"{path} is not used: it is no cache of compiled pages; remove it or name another file")
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _key(name: str, stamp: Stamp) -> bytes:
    # What another Python compiled is none of ours.
    return os.fsencode(name) + ("\0" + ",".join(map(str, (sys.hexversion, *stamp))) + "\0").encode()
