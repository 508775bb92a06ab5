"""The control socket: commands of the daemon's own user, each a line of JSON, answered with one (ipc.console).

Workers that are other users ask there, too, for the status page: the kernel says who has connected (SO_PEERCRED,
unix(7)), and what is nobody's worker gets no answer but that.

It never makes the supervisor wait: a client that sends slowly, or does not read, only keeps its own connection. All of
it is behind one descriptor, an epoll, that the supervisor's loop watches.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import Any

from mpfcgi.config.runtime import make_folder
from mpfcgi.ipc import control
from mpfcgi.ipc.console import decode, encode
from mpfcgi.supervisor import access_list
from mpfcgi.supervisor.spare import Spare
from mpfcgi.supervisor.stale import remove_stale, turn

# Clients at a time; the one that came first goes when there are more. Bytes of a command.
MOST_CLIENTS = 64
LONGEST_COMMAND = 8192
# Seconds until clients are let in again, after there was no descriptor for one.
ACCEPT_AGAIN = 0.1
# struct ucred of unix(7): process, user, group.
CREDENTIALS = struct.Struct("3i")


class Client:
    """One connection. `answer` may be called at any time, once; it does nothing when the client has left.

    `is_owner` says that it is the daemon's user, or root, who may command anything.
    """

    def __init__(self, sock: socket.socket, console: Console, is_owner: bool = True) -> None:
        self._sock, self._console, self.is_owner = sock, console, is_owner
        self._received = b""
        self._to_send: memoryview | None = None
        self.closed = False

    def fileno(self) -> int:
        return self._sock.fileno()

    def answer(self, **message: Any) -> None:
        """Send the answer; `ok` is true unless there is an `error`."""
        if self.closed or self._to_send is not None:
            return
        self._to_send = memoryview(encode({"ok": "error" not in message, **message}))
        self._send()

    def ready(self, events: int) -> None:
        """Its descriptor has something to read, or room."""
        if self._to_send is not None:
            self._send()
            return
        data = control.hear(self._sock, LONGEST_COMMAND)
        if data is None:
            return
        if not data:
            self.close()
            return
        self._received += data
        if b"\n" not in self._received:
            if len(self._received) > LONGEST_COMMAND:
                self.answer(error=f"a command has at most {LONGEST_COMMAND} bytes")
            return
        line, _, self._received = self._received.partition(b"\n")
        try:
            command = decode(line)
        except ValueError:
            self.answer(error="a command is one line with a JSON object")
            return
        self._console.obey(command, self)

    def _send(self) -> None:
        assert self._to_send is not None
        try:
            sent = self._sock.send(self._to_send)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        self._to_send = self._to_send[sent:]
        if self._to_send:
            self._console.watch(self, select.EPOLLOUT)
        else:
            self.close()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._console.forget(self)
            self._sock.close()
            self._console.spare.take()


class Console:
    """Listens on `listener` and gives each command, with its client, to `obey`; `is_ours` knows the workers' ids.

    One descriptor is kept for the time when there are no others: then above all, somebody wants to look, or to stop the
    daemon.
    """

    def __init__(
        self, listener: socket.socket, obey: Callable[[Mapping[str, Any], Client], None], is_ours: Callable[[int], bool]
    ) -> None:  # fmt: skip
        self.listener = listener
        self.obey = obey
        self._is_ours = is_ours
        self._epoll = select.epoll()
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        self._clients: dict[int, Client] = {}
        self.spare = Spare(1)
        # When to let clients in again, if they are not; monotonic clock.
        self.next_look: float | None = None

    def fileno(self) -> int:
        return self._epoll.fileno()

    def act(self) -> None:
        """Do what can be done without waiting."""
        if self.next_look is not None and monotonic() >= self.next_look:
            self.next_look = None
            self._epoll.modify(self.listener.fileno(), select.EPOLLIN)
        for fd, events in self._epoll.poll(0):
            if fd == self.listener.fileno():
                self._accept()
            elif fd in self._clients:
                self._clients[fd].ready(events)

    def watch(self, client: Client, events: int) -> None:
        self._epoll.modify(client.fileno(), events)

    def forget(self, client: Client) -> None:
        del self._clients[client.fileno()]
        # Closing is not enough: a child that was forked a moment ago may have a copy (epoll(7), question 6).
        self._epoll.unregister(client.fileno())

    def listen_to(self, listener: socket.socket) -> None:
        """Another socket takes the place of one that nobody can connect to any more."""
        self._epoll.unregister(self.listener.fileno())
        self.listener.close()
        self.listener = listener
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        self.next_look = None

    def close(self) -> None:
        """End all connections. The socket's file stays."""
        for client in list(self._clients.values()):
            client.close()
        self.spare.give()
        self._epoll.close()
        self.listener.close()

    def _accept(self) -> None:
        try:
            sock, _ = self.listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED):
                return
            if not self.spare.give():
                self._epoll.modify(self.listener.fileno(), 0)
                self.next_look = monotonic() + ACCEPT_AGAIN
            return
        sock.setblocking(False)
        pid, uid, _ = CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
        is_owner = uid in (0, os.geteuid())
        while len(self._clients) >= MOST_CLIENTS:
            # A worker's before the owner's, who may wait for a reload.
            self._first(is_owner=False).close()
        client = self._clients[sock.fileno()] = Client(sock, self, is_owner)
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        if not is_owner and not self._is_ours(pid):
            client.answer(error="the daemon is another user's: its commands are for that user only")

    def _first(self, is_owner: bool) -> Client:
        found = (client for client in self._clients.values() if client.is_owner == is_owner)
        return next(found, None) or next(iter(self._clients.values()))


def open_socket(path: str) -> socket.socket:
    """Listen on `path`, for this user only (`let_in` lets others in); the socket of a daemon that has died is replaced.

    FileExistsError when a daemon is there, OSError when it can't be made.
    """
    make_folder(path)
    with turn(path):
        return _open_in_turn(path)


def _open_in_turn(path: str) -> socket.socket:
    who = remove_stale(path)
    if who is not None:
        raise FileExistsError(f"{who} takes commands on {path}")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        sock.bind(path)
        sock.listen(16)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(before)
    sock.setblocking(False)
    return sock


def let_in(path: str, users: Collection[int]) -> None:
    """Which other users may connect, by their ids: those that the daemon has given workers to. OSError.

    Where the file system has no access control lists, all may: what is nobody's worker is turned away here.
    """
    access_list.forbid(path)
    os.chmod(path, 0o600)
    if not users:
        return
    try:
        access_list.allow(path, users, ())
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        os.chmod(path, 0o666)
