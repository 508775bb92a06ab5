"""A FastCGI application that answers as it is told by the query: for what front-ends do with odd answers.

The records are read and made here, not by our own wire. Run as a program it takes connections of descriptor 0, as
mod_fcgid wants it. It answers each request with what it has seen, as JSON; the query says what is odd about that.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import struct
import sys
import termios
import threading
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, VALUES, UNKNOWN = range(1, 12)
OVERLOADED = 2
HEAD = struct.Struct(">BBHHBx")
MARK = b"<odd>"


def record(kind: int, number: int, content: bytes = b"") -> bytes:
    return HEAD.pack(1, kind, number, len(content), 0) + content


def end(number: int, protocol_status: int = 0) -> bytes:
    return record(END, number, struct.pack(">IB3x", 0, protocol_status))


def unread(sock: socket.socket) -> int:
    """How many of the bytes that were sent the other side has not read yet (unix sockets)."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def pairs(data: bytes) -> dict[str, str]:
    """The parameters, as Latin-1."""
    found = {}
    at = 0
    while at < len(data):
        lengths = []
        for _ in range(2):
            if data[at] >> 7:
                lengths.append(struct.unpack_from(">I", data, at)[0] & 0x7FFFFFFF)
                at += 4
            else:
                lengths.append(data[at])
                at += 1
        name, value = data[at : at + lengths[0]], data[at + lengths[0] : at + sum(lengths)]
        found[name.decode("latin-1")] = value.decode("latin-1")
        at += sum(lengths)
    return found


class Reader:
    """Reads from the socket `sock`."""

    sock: socket.socket

    def bytes(self, count: int) -> bytes:
        """So many bytes. EOFError when the connection ends before."""
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def record(self) -> tuple[int, int, bytes]:
        """(type, request id, content)."""
        version, kind, number, length, padding = HEAD.unpack(self.bytes(8))
        assert version == 1
        content = self.bytes(length)
        self.bytes(padding)
        return kind, number, content


class Conversation(Reader):
    """One connection of a front-end, which may ask several times."""

    def __init__(self, sock: socket.socket, requests: list[dict]) -> None:
        self.sock = sock
        self.requests = requests
        self.answered = 0

    def run(self) -> None:
        """Until the front-end closes it."""
        with self.sock, contextlib.suppress(EOFError, ConnectionError):
            while self.one():
                self.answered += 1

    def one(self) -> bool:
        """Answer a request; whether the connection is kept."""
        kind, number, content = self.record()
        if kind == GET_VALUES:
            self.sock.sendall(record(VALUES, 0, b"\x0f\x01FCGI_MPXS_CONNS0"))
            return True
        assert kind == BEGIN, kind
        keep = bool(content[2] & 1)
        params = b""
        while (piece := self.record())[2] or piece[0] != PARAMS:
            assert piece[0] == PARAMS, piece[0]
            params += piece[2]
        seen = pairs(params)
        word = seen.get("QUERY_STRING", "")
        facts = {"params": seen, "length": 0, "requests_before": self.answered, "keep": keep}
        self.requests.append(facts)
        getattr(self, word.replace("-", "_") if word else "plain", self.plain)(number, facts)
        if not keep:
            self.sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while self.sock.recv(65536):
                    pass
        return keep

    def body(self, facts: dict, up_to: int = sys.maxsize) -> None:
        """Read the request's body, or so many bytes of it."""
        while facts["length"] < up_to:
            kind, _, content = self.record()
            if kind == STDIN and not content:
                return
            facts["length"] += len(content)

    @staticmethod
    def text(facts: dict) -> bytes:
        return b"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(facts).encode()

    # -- what the query may say

    def plain(self, number: int, facts: dict) -> None:
        self.body(facts)
        self.sock.sendall(record(STDOUT, number, self.text(facts)) + record(STDOUT, number) + end(number))

    def split(self, number: int, facts: dict) -> None:
        """The head of a record comes in two pieces."""
        self.body(facts)
        data = record(STDOUT, number, self.text(facts)) + record(STDOUT, number) + end(number)
        self.sock.sendall(data[:3])
        while unread(self.sock):
            time.sleep(0.001)
        self.sock.sendall(data[3:])

    def unknown_type(self, number: int, facts: dict) -> None:
        """A record of a type that nobody knows, within the answer."""
        self._odd(number, facts, record(42, number, MARK))

    def management(self, number: int, facts: dict) -> None:
        """A management record that nobody has asked for."""
        self._odd(number, facts, record(VALUES, 0, b"\x0e\x05FCGI_MAX_CONNS" + MARK))

    def other_request(self, number: int, facts: dict) -> None:
        """A record of a request that does not run."""
        self._odd(number, facts, record(STDOUT, number + 1, MARK))

    def _odd(self, number: int, facts: dict, odd: bytes) -> None:
        self.body(facts)
        text = self.text(facts)
        first, rest = record(STDOUT, number, text[:60]), record(STDOUT, number, text[60:])
        self.sock.sendall(first + odd + rest + record(STDOUT, number) + end(number))

    def overloaded(self, number: int, facts: dict) -> None:
        """The protocol's own refusal (FastCGI 5.5)."""
        self.body(facts)
        self.sock.sendall(end(number, OVERLOADED))

    def half_record(self, number: int, facts: dict) -> None:
        """The answer's last record is cut in two, and its second half never comes."""
        self.body(facts)
        head = b"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nwhole "
        self.sock.sendall(record(STDOUT, number, head) + record(STDOUT, number, b"half" * 10)[: 8 + 4])
        self.sock.shutdown(socket.SHUT_WR)
        raise EOFError

    def early(self, number: int, facts: dict) -> None:
        """The answer begins before the body is read; how much of it was not taken while half the body came is told."""
        self.sock.sendall(record(STDOUT, number, b"Status: 200 OK\r\nContent-Type: application/json\r\n\r\n"))
        self.body(facts, int(facts["params"]["CONTENT_LENGTH"]) // 2)
        facts["unread"] = unread(self.sock)
        self.body(facts)
        rest = json.dumps(facts).encode()
        self.sock.sendall(record(STDOUT, number, rest) + record(STDOUT, number) + end(number))


def serve(listener: socket.socket, requests: list[dict]) -> None:
    """Take connections until the listener is closed, each in a thread."""
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=Conversation(sock, requests).run, daemon=True).start()


@contextlib.contextmanager
def scripted(path: str):
    """The application on the unix socket `path`; gives the list of the requests that it has seen."""
    requests: list[dict] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        threading.Thread(target=serve, args=(listener, requests), daemon=True).start()
        yield requests
        listener.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    serve(socket.socket(fileno=0), [])
