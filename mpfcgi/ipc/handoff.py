"""Handing a connection from one process to another, with the bytes already read from it: all that moves, moves so.

A queue is a SOCK_SEQPACKET socket pair: any number of processes send into one end and any number take from the
other, one message each, in order. A message is one file descriptor (SCM_RIGHTS) and up to MAX_EARLY bytes.
"""

from __future__ import annotations

import array
import errno
import os
import socket
import struct
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

# The largest piece of a request head that can travel with its connection. A message is buffered whole by the kernel
# (net.core.wmem_max is 208 KiB by default, half of it for bookkeeping), so this is well below. It is more than is read
# from a connection at once, so that there is room for what a first worker adds.
MAX_EARLY = 80 * 1024
# The parameters of a request whose first phases another pool has run: its interpreter, and what they have changed. No
# front-end passes a client's words on under such names: a header's begin with HTTP_.
INTERPRETER = "MPFCGI_INTERPRETER"
STATE = "MPFCGI_STATE"
# Before the early bytes. (An empty message couldn't be told from a closed queue, either.)
_MARK = struct.Struct("=dQ")
_FD_SIZE = array.array("i").itemsize


def queue_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a new queue, (send, receive), both non-blocking."""
    send_end, receive_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (send_end, receive_end):
        end.setblocking(False)
    return send_end, receive_end


class Mark(NamedTuple):
    """What a message says of itself: when its request was there (seconds of the monotonic clock), and its number.

    The router numbers its messages from 1; others have 0.
    """

    arrived: float
    number: int


def send(queue: socket.socket, connection: socket.socket, early: bytes = b"", mark: Mark | None = None) -> bool:
    """Hand `connection` over. False when the queue is full, closed, or `early` too long: the caller still has it.

    On success the caller closes its own copy of the connection.
    """
    if len(early) > MAX_EARLY:
        return False
    try:
        queue.sendmsg([_MARK.pack(*(mark or (monotonic(), 0))), early], [_rights(connection.fileno())])
    except OSError:
        return False
    return True


def receive(queue: socket.socket) -> tuple[socket.socket, bytes] | None:
    """The next connection and its early bytes; None when the queue is empty. EOFError when no sender is left.

    OSError (EMFILE) for a connection that is lost, as this process could have no more files open.
    """
    taken = take(queue)
    return None if taken is None else taken[:2]


def take(queue: socket.socket) -> tuple[socket.socket, bytes, Mark] | None:
    """The same with the message's mark."""
    try:
        data, descriptors = _receive(queue, MAX_EARLY + _MARK.size, 1)
    except (BlockingIOError, InterruptedError):
        return None
    if not data:
        raise EOFError("the queue has no senders any more")
    if not descriptors:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return socket.socket(fileno=descriptors[0]), data[_MARK.size :], Mark(*_MARK.unpack_from(data))


def peek(queue: socket.socket) -> Mark | None:
    """The mark of the message that is next, which stays where it is; None when there is none."""
    try:
        # Without room for descriptors, none are received.
        data = queue.recv(_MARK.size, socket.MSG_PEEK)
    except OSError:
        return None
    return Mark(*_MARK.unpack(data)) if len(data) == _MARK.size else None


def send_descriptors(channel: socket.socket, message: bytes, descriptors: Sequence[int]) -> None:
    """Send file descriptors with a non-empty message that names them. OSError when they can't be sent."""
    channel.sendmsg([message], [_rights(*descriptors)])


def receive_descriptors(channel: socket.socket, size: int, count: int) -> tuple[bytes, list[int]]:
    """A message of up to `size` bytes and the descriptors that came with it. b"" when the other end is closed."""
    return _receive(channel, size, count)


def _rights(*descriptors: int) -> tuple[int, int, array.array[int]]:
    return socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors)


def _receive(channel: socket.socket, size: int, count: int) -> tuple[bytes, list[int]]:
    space = socket.CMSG_LEN(count * _FD_SIZE)
    data, ancillary, _flags, _address = channel.recvmsg(size, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % _FD_SIZE])
    return data, descriptors.tolist()
