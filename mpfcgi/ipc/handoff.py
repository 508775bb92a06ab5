"""Handing a connection from one process to another, with the bytes already read from it (DESIGN: the one primitive).

A queue is a SOCK_SEQPACKET socket pair: any number of processes send into one end and any number take from the
other, one message each, in order. A message is one file descriptor (SCM_RIGHTS) and up to MAX_EARLY bytes.
"""

from __future__ import annotations

import array
import socket

# The largest piece of a request head that can travel with its connection. A message is buffered whole by the kernel
# (net.core.wmem_max is 208 KiB by default, half of it for bookkeeping), so this is well below. It is more than is read
# from a connection at once, so that there is room for what a first worker adds.
MAX_EARLY = 80 * 1024
# The parameters of a request whose first phases another pool has run: its interpreter, and what they have changed. No
# front-end passes a client's words on under such names: a header's begin with HTTP_.
INTERPRETER = "MPFCGI_INTERPRETER"
STATE = "MPFCGI_STATE"
_FD_SIZE = array.array("i").itemsize


def queue_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a new queue, (send, receive), both non-blocking."""
    send_end, receive_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (send_end, receive_end):
        end.setblocking(False)
    return send_end, receive_end


def send(queue: socket.socket, connection: socket.socket, early: bytes = b"") -> bool:
    """Hand `connection` over. False when the queue is full, closed, or `early` too long: the caller still has it.

    On success the caller closes its own copy of the connection.
    """
    if len(early) > MAX_EARLY:
        return False
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))]
    try:
        # An empty SEQPACKET message can't be told from a closed queue: each begins with one byte that says nothing.
        queue.sendmsg([b"\0", early], rights)
    except OSError:
        return False
    return True


def receive(queue: socket.socket) -> tuple[socket.socket, bytes] | None:
    """The next connection and its early bytes; None when the queue is empty. EOFError when no sender is left."""
    try:
        data, ancillary, _flags, _address = queue.recvmsg(
            MAX_EARLY + 1, socket.CMSG_LEN(_FD_SIZE), socket.MSG_CMSG_CLOEXEC
        )
    except (BlockingIOError, InterruptedError):
        return None
    if not data:
        raise EOFError("the queue has no senders any more")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors = array.array("i")
            descriptors.frombytes(payload[: len(payload) - len(payload) % _FD_SIZE])
            return socket.socket(fileno=descriptors[0]), data[1:]
    return None


def send_descriptor(channel: socket.socket, message: bytes, descriptor: int) -> None:
    """Send a file descriptor with a non-empty message that names it. OSError when it can't be sent."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    channel.sendmsg([message], rights)


def receive_descriptor(channel: socket.socket, size: int) -> tuple[bytes, int | None]:
    """A message of up to `size` bytes and the descriptor that came with it. b"" when the other end is closed."""
    data, ancillary, _flags, _address = channel.recvmsg(size, socket.CMSG_LEN(_FD_SIZE), socket.MSG_CMSG_CLOEXEC)
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            return data, array.array("i", payload[:_FD_SIZE])[0]
    return data, None
