"""Opening files whose names somebody else has chosen, without being held by what is in their place.

A named pipe that nobody writes to, or reads from, would keep a process for ever, which waits in open(2) itself.
"""

from __future__ import annotations

import errno
import os
import stat

# Bytes or characters of what is read as a whole: a configuration of ten thousand hosts has fewer.
LARGEST = 16 << 20
# Descriptors that we were given, as by `mpfcgi check -c <(...)`: who gives us a pipe writes to it.
GIVEN = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")


def regular(path: str, flags: int) -> int:
    """An opener for `open()`: the descriptor of a regular file. OSError for anything else."""
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
    raise OSError(number, "Is a directory" if number == errno.EISDIR else "Not a regular file", path)


def regular_or_given(path: str, flags: int) -> int:
    """The same, that lets descriptors of our own pass."""
    return os.open(path, flags | os.O_CLOEXEC) if path.startswith(GIVEN) else regular(path, flags)


def appendable(path: str) -> int:
    """A descriptor that writes at the end of the log `path`, which is made if it is not there. OSError.

    A named pipe is taken where somebody reads from it; what he has no room for is an error of write(2), and waits for
    nothing.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a named pipe that nobody reads from, or a socket", path) from None
        raise
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.set_blocking(descriptor, True)
    return descriptor
