"""A listening socket that this process was started with, as a web server starts a FastCGI program (FastCGI 2.2, 3.2)."""

from __future__ import annotations

import errno
import os
import socket

PEERS = "FCGI_WEB_SERVER_ADDRS"


class Inherited(socket.socket):
    """Accepts connections only of the peers whose addresses are in `peers`; of all, when that is None.

    The list is for TCP: who connects to a unix socket is the business of its file's permissions.
    """

    peers: frozenset[str] | None = None

    def accept(self) -> tuple[socket.socket, object]:
        """As of any socket; BlockingIOError for a peer that is refused."""
        sock, address = super().accept()
        if self.peers is None or sock.family == socket.AF_UNIX or _plain(address[0]) in self.peers:
            return sock, address
        sock.close()
        raise BlockingIOError(errno.EAGAIN, f"{address[0]} is not in {PEERS}")


def adopt(fd: int) -> Inherited:
    """A copy of the listening socket `fd`, non-blocking. OSError when it is none."""
    sock = Inherited(fileno=os.dup(fd))
    try:
        if not is_listening(sock):
            raise OSError(errno.EINVAL, f"descriptor {fd} does not listen")
    except OSError:
        sock.close()
        raise
    listed = os.environ.get(PEERS)
    if listed:
        sock.peers = frozenset(_plain(name.strip()) for name in listed.split(","))
    sock.setblocking(False)
    return sock


def is_listening(sock: socket.socket) -> bool:
    """Whether listen(2) was called on it."""
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _plain(address: str) -> str:
    """An IPv4 address is the same whether it comes over IPv4 or IPv6."""
    return address.removeprefix("::ffff:")
