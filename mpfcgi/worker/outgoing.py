"""What a connection has yet to send: bytes and stretches of files, in order.

A non-blocking socket takes what it can; the rest waits here until the socket is writable again, so a slow
front-end costs no worker its time. Bytes in memory are bounded by the caller (`Channel`); a stretch of a file
costs a file descriptor only, and the kernel copies it (sendfile(2)).
"""

from __future__ import annotations

import os
import socket
from collections import deque

from mpfcgi.fastcgi.constants import FCGI_STDOUT, FCGI_VERSION_1

RECORD_CONTENT = 65528


class Truncated(OSError):
    """A file became shorter while it was being sent: its response can't be completed."""


class FileStretch:
    """`count` bytes of a file from `offset`, framed as FCGI_STDOUT records of request `request_id` on the way."""

    __slots__ = ("count", "fd", "in_record", "offset", "request_id")

    def __init__(self, fd: int, offset: int, count: int, request_id: int) -> None:
        self.fd, self.offset, self.count, self.request_id = os.dup(fd), offset, count, request_id
        self.in_record = 0

    def record_header(self) -> bytes:
        """Begin the next record; its header."""
        self.in_record = min(self.count, RECORD_CONTENT)
        return (
            bytes((FCGI_VERSION_1, FCGI_STDOUT))
            + self.request_id.to_bytes(2, "big")
            + self.in_record.to_bytes(2, "big")
            + b"\0\0"
        )

    def send(self, sock: socket.socket) -> None:
        """Send of the record what the socket takes. BlockingIOError; Truncated when the file has ended."""
        sent = os.sendfile(sock.fileno(), self.fd, self.offset, self.in_record)
        if sent == 0:
            raise Truncated("file became shorter while it was being sent")
        self.offset += sent
        self.count -= sent
        self.in_record -= sent

    def close(self) -> None:
        """Close the file, be it sent or not."""
        os.close(self.fd)


class Outgoing:
    """The queue of one connection, true while `items` is not empty. `size` counts the bytes held in memory."""

    __slots__ = ("items", "size")

    def __init__(self) -> None:
        self.items: deque[bytes | memoryview | FileStretch] = deque()
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self.items)

    def add(self, data: bytes | memoryview) -> None:
        """Put bytes, framed already, behind what waits."""
        self.items.append(data)
        self.size += len(data)

    def add_file(self, stretch: FileStretch) -> None:
        """Put a stretch of a file behind what waits; it is closed here."""
        self.items.append(stretch)

    def send(self, sock: socket.socket) -> bool:
        """Send what the socket takes; True when nothing is left. OSError when the peer is gone."""
        items = self.items
        try:
            while items:
                item = items[0]
                if isinstance(item, FileStretch):
                    self._send_stretch(sock, item)
                else:
                    self._send_bytes(sock, item)
        except BlockingIOError:
            return False
        return True

    def _send_bytes(self, sock: socket.socket, item: bytes | memoryview) -> None:
        sent = sock.send(item)
        self.size -= sent
        if sent == len(item):
            self.items.popleft()
        else:
            self.items[0] = memoryview(item)[sent:]

    def _send_stretch(self, sock: socket.socket, stretch: FileStretch) -> None:
        if stretch.in_record:
            stretch.send(sock)
        elif stretch.count:
            header = stretch.record_header()
            self.items.appendleft(header)
            self.size += len(header)
        else:
            self.items.popleft()
            stretch.close()

    def clear(self) -> None:
        """Drop all that waits."""
        for item in self.items:
            if isinstance(item, FileStretch):
                item.close()
        self.items.clear()
        self.size = 0
