"""Socket files that outlive their process: what bind(2) calls an address in use, and nobody answers."""

from __future__ import annotations

import os
import socket
import stat
import struct


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
