"""Lines for the system's log: datagrams to /dev/log in the BSD form (RFC 3164), as its own library writes them.

The C library's syslog() keeps one connection for the process, by a descriptor that a forked worker may have for something
else; here each process opens its own, and again when the system's logger was restarted.
"""

from __future__ import annotations

import os
import socket
import syslog

ADDRESS = "/dev/log"
# As httpd's, where ErrorLog syslog names none.
DEFAULT_FACILITY, DEFAULT_TAG = "local7", "mpfcgi"
# A longer message is cut: unix datagrams have a limit of about 200 KiB, and loggers have lower ones.
LONGEST = 8192


def parse(name: str) -> tuple[str, str]:
    """Facility and tag of `syslog[:facility[:tag]]`."""
    facility, _, tag = name.partition(":")[2].partition(":")
    return facility.lower() or DEFAULT_FACILITY, tag or DEFAULT_TAG


def is_syslog(name: str | None) -> bool:
    """Whether the name of a log stands for the system's."""
    return name is not None and (name.lower() == "syslog" or name.lower().startswith("syslog:"))


class Syslog:
    """The way to the system's log for one `syslog[:facility[:tag]]`."""

    def __init__(self, name: str) -> None:
        facility, self._tag = parse(name)
        # The numbers of syslog(3), which the module has by their names.
        self._facility: int = getattr(syslog, f"LOG_{facility.upper()}")
        self._sock: socket.socket | None = None
        self._pid = 0

    def write(self, level: int, line: bytes) -> None:
        """Send a line of severity `level` (0 emerg to 7 debug). OSError when nobody takes it."""
        head = f"<{self._facility | min(max(level, 0), 7)}>{self._tag}[{os.getpid()}]: ".encode()
        message = head + line.rstrip(b"\n")[:LONGEST]
        # A fork has closed what the parent had open.
        if self._pid == os.getpid() and self._sock is not None:
            try:
                self._sock.send(message)
            except OSError:
                self._sock.close()
            else:
                return
        elif self._sock is not None:
            self._sock.detach()
        self._sock = None
        self._open().send(message)

    def _open(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.connect(ADDRESS)
        except OSError:
            sock.close()
            raise
        self._sock, self._pid = sock, os.getpid()
        return sock
