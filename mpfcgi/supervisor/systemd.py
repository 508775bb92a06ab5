"""What a service manager is told (sd_notify(3)), and the sockets that it has opened (sd_listen_fds(3)).

Everything comes in environment variables; without them nothing is done.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from mpfcgi.config import Listen
from mpfcgi.ipc import inherited

FIRST_DESCRIPTOR = 3


class Notifier:
    """Tells the service manager of `environ` how the daemon is."""

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        interval = _number(environ.get("WATCHDOG_USEC", ""))
        meant = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        # Twice as often as it must, as sd_watchdog_enabled(3) advises; 0 is none. Seconds.
        self.interval = interval / 2_000_000 if interval and meant and self._address else None
        self.next_sign: float | None = 0.0 if self.interval is not None else None

    def ready(self, status: str) -> None:
        """The daemon serves: after its start, or after a reload."""
        self._send(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={status}")

    def reloading(self) -> None:
        """A reload, or an upgrade, has begun. `ready` ends it."""
        # As Type=notify-reload asks for.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1_000_000)}")

    def stopping(self) -> None:
        """The daemon finishes its requests and ends."""
        self._send("STOPPING=1")

    def act(self, now: float) -> None:
        """Show that the loop turns, if it is time."""
        if self.next_sign is not None and self.interval is not None and now >= self.next_sign:
            self._send("WATCHDOG=1")
            self.next_sign = now + self.interval

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is in the abstract namespace.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), address)
        except OSError:
            pass  # Nobody to tell: no reason not to serve.


def passed_sockets(environ: Mapping[str, str], pid: int) -> tuple[list[socket.socket], list[str]]:
    """The listening sockets that this process was started with, duplicated; and a sentence for each thing that is wrong.

    What is meant for another process, by its LISTEN_PID, is none of ours.
    """
    said = environ.get("LISTEN_FDS")
    if environ.get("LISTEN_PID") != str(pid) or said is None:
        return [], []
    number = _number(said)
    if number is None:
        return [], [f"LISTEN_FDS is no number of descriptors: {said[:32]!r}"]
    found, problems = [], []
    opened = sorted(int(name) for name in os.listdir("/proc/self/fd"))
    last = FIRST_DESCRIPTOR + number - 1
    for fd in opened:
        if FIRST_DESCRIPTOR <= fd <= last:
            sock = _listening(fd)
            if sock is not None:
                found.append(sock)
            else:
                problems.append(f"descriptor {fd} of the service manager (LISTEN_FDS={said}) is no listening socket")
    if last not in opened and number:
        problems.append(f"the service manager has given fewer descriptors than it says (LISTEN_FDS={said})")
    return found, problems


def _listening(fd: int) -> socket.socket | None:
    """A copy of a descriptor, if it is a socket of streams that listens."""
    copy = os.dup(fd)
    try:
        sock = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
    # Of one that is no stream, such as ListenDatagram= makes, nothing can be accepted, whatever it says.
    if sock.type == socket.SOCK_STREAM and inherited.is_listening(sock):
        return sock
    sock.close()
    return None


def _number(said: str) -> int | None:
    """What a variable of the environment says, if that is a number that can be meant."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def is_bound_to(sock: socket.socket, listen: Listen) -> bool:
    """Whether a socket is the one that a Listen line names."""
    try:
        name = sock.getsockname()
    except OSError:
        return False
    if sock.family == socket.AF_UNIX:
        return (
            listen.family == "unix"
            and isinstance(name, str)
            and os.path.realpath(name) == os.path.realpath(listen.address)
        )
    if listen.family != "tcp":
        return False
    host, _, port = listen.address.rpartition(":")
    host = host.strip("[]")
    # A socket unit's port alone is bound to :: and takes IPv4 too.
    any_host = host in ("0.0.0.0", "::", "") and name[0] in ("0.0.0.0", "::")
    return str(name[1]) == port and (name[0] == host or any_host)


def described(sock: socket.socket) -> str:
    """A socket's address, for a message."""
    name = sock.getsockname()
    if isinstance(name, bytes):
        return "@" + name[1:].decode(errors="replace")
    return str(name) if isinstance(name, str) else f"{name[0]}:{name[1]}"
