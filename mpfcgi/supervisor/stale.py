"""Socket files that outlive their process: what bind(2) calls an address in use, and nobody answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from time import monotonic, sleep

# Seconds for somebody else's turn, which takes some milliseconds; and between two looks whether it is over. Any user who
# may look into the folder can hold it, and at a reload the supervisor's loop stands still meanwhile.
PATIENCE, AGAIN = 0.5, 0.005


@contextlib.contextmanager
def turn(path: str) -> Iterator[None]:
    """To be held while the socket at `path` is looked at, replaced and bound, until it listens.

    Of two daemons that start in the same moment each would find that nobody listens, for a socket refuses connections
    from bind(2) until listen(2), and remove what the other has just made. The folder itself is locked, so that no file
    is left behind. Where it can't be, or somebody holds it for long, we go on: it is a help, and no right.
    """
    try:
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        deadline = monotonic() + PATIENCE
        while not _lock(folder) and monotonic() < deadline:
            sleep(AGAIN)
        yield
    finally:
        os.close(folder)


def _lock(folder: int) -> bool:
    """Whether there is nothing to wait for."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # Not on this file system.
    return True


def remove_stale(path: str) -> str | None:
    """Remove the socket that a dead process left at `path`; who listens there, for a message, where one is alive.

    FileExistsError when it is something else than a socket.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(f"{path} is there and is no socket")
    except FileNotFoundError:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return None
        except BlockingIOError:
            pass  # Its backlog is full: somebody listens.
        return _listening_process(probe)


def identity_of(path: str) -> tuple[int, int] | None:
    """What tells a file from all others while it is there, or open; None when there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _listening_process(probe: socket.socket) -> str:
    """unix(7), SO_PEERCRED: who called listen() at the other end."""
    pid, _, _ = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read(200).replace(b"\0", b" ").strip().decode(errors="replace")
    except OSError:
        # Not connected (the backlog is full), or in another namespace.
        return "another process"
    return f"process {pid} ({command})"
