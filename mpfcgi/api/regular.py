"""Opening files whose names come from a request or from a folder's owner: regular ones only.

A named pipe that nobody writes to would keep the worker for ever, which waits in open(2) itself.
"""

from __future__ import annotations

import errno
import os
import stat


def regular(path: str, flags: int) -> int:
    """An opener for `open()`: the descriptor of a regular file. OSError for anything else."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(number, "Is a directory" if number == errno.EISDIR else "Not a regular file", path)
