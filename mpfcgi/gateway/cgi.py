"""CGI to FastCGI (RFC 3875): one request, from the environment and standard input to the daemon, and its answer back.

For hosts with nothing but CGI. A process is started for each request, so this imports next to nothing, and reads no
configuration unless it has to. Both bodies are streamed: neither is ever in memory as a whole.
"""

from __future__ import annotations

import os
import select
import stat
import sys

from mpfcgi import places
from mpfcgi.fastcgi import ClientConnection, ProtocolError, RequestEnded, StderrReceived, StdoutReceived
from mpfcgi.gateway import apology
from mpfcgi.gateway.upstream import Upstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

STDIN, STDOUT, STDERR = 0, 1, 2
PIECE = 64 * 1024
# No more is read of the daemon while so many bytes wait for the web server.
MOST_WAITING = 256 * 1024


def options(args: list[str]) -> tuple[str | None, str | None, bool] | None:
    """`-c FILE`, `--connect ADDRESS` and whether `--start` is there; None for anything else that is there."""
    config = address = None
    start = False
    at = 0
    while at < len(args):
        if args[at] == "--start":
            start = True
        elif args[at] in ("-c", "--config", "--connect") and at + 1 < len(args):
            at += 1
            if args[at - 1] == "--connect":
                address = args[at]
            else:
                config = args[at]
        else:
            return None
        at += 1
    return config, address, start


def run(config: str | None, address: str | None, start: bool, address_in: Callable[[str], str]) -> int:
    """Answer the request that this process was started for; its exit status.

    `address_in` reads the daemon's address in a configuration; see `Upstream` for the rest.
    """
    config = config or places.first(places.of_the_user())
    try:
        sock = Upstream(config, address, start, address_in).connect()
    except OSError as error:
        return _fail("503 Service Unavailable", str(error.strerror or error))
    relay = Relay(sock)
    try:
        relay.run()
    except BrokenPipeError:
        return 1
    except (OSError, ProtocolError) as error:
        if not relay.answered:
            return _fail("502 Bad Gateway", f"the daemon's answer: {error}")
        _tell(f"the daemon's answer is cut: {error}")
        relay.send_rest()
        return 1
    return 0


class Relay:
    """The request of this process on the daemon's connection `sock`; `answered` once a part of the answer is there."""

    def __init__(self, sock: _socket.socket) -> None:
        self._sock = sock
        self._wire = ClientConnection()
        environment = [(name, value) for name, value in os.environb.items() if name != b"HTTP_PROXY"]
        begin = self._wire.begin_request(environment)
        self._left = _body_length()
        # Without a body nobody closes standard input, so that its end is not waited for.
        self._body_ended = not self._left
        self._upload = memoryview(begin + self._wire.stdin_end() if self._body_ended else begin)
        self._page = bytearray()
        self._complete = False
        self.answered = False

    def run(self) -> None:
        """Pass everything on, both ways at once. OSError, ProtocolError; BrokenPipeError when the client is gone."""
        self._sock.setblocking(False)
        pipe = stat.S_IFMT(os.fstat(STDOUT).st_mode) in (stat.S_IFIFO, stat.S_IFSOCK)
        if pipe:
            os.set_blocking(STDOUT, False)
        try:
            while not (self._complete and not self._page):
                self._turn()
        finally:
            if pipe:
                os.set_blocking(STDOUT, True)

    def send_rest(self) -> None:
        """What came of an answer before it was cut."""
        try:
            while self._page:
                self._send_page()
        except BrokenPipeError:
            pass

    def _turn(self) -> None:
        poll = select.poll()
        if not self._complete:
            events = select.POLLIN if len(self._page) < MOST_WAITING else 0
            poll.register(self._sock, events | (select.POLLOUT if self._upload else 0))
        if not self._upload and not self._body_ended:
            poll.register(STDIN, select.POLLIN)
        # Without events, too: its other end may be closed.
        poll.register(STDOUT, select.POLLOUT if self._page else 0)
        for fd, happened in poll.poll():
            if fd == STDOUT:
                if happened & select.POLLERR:
                    raise BrokenPipeError
                self._send_page()
            elif fd == STDIN:
                self._read_body()
            else:
                if happened & select.POLLOUT:
                    self._send_upload()
                if happened & ~select.POLLOUT:
                    self._read_answer()

    def _read_body(self) -> None:
        data = os.read(STDIN, min(PIECE, self._left))
        self._left -= len(data)
        if data:
            self._upload = memoryview(self._wire.stdin(data))
        if not data or not self._left:
            self._upload = memoryview(self._upload.tobytes() + self._wire.stdin_end())
            self._body_ended = True

    def _send_upload(self) -> None:
        try:
            self._upload = self._upload[self._sock.send(self._upload) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            # It wants no more of the body; its answer is still to be read.
            self._upload, self._body_ended = memoryview(b""), True

    def _read_answer(self) -> None:
        try:
            data = self._sock.recv(PIECE)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionError("it has closed the connection")
        self._wire.receive_data(data)
        while (event := self._wire.next_event()) is not None:
            if isinstance(event, StdoutReceived):
                self._page += event.data
                self.answered = True
            elif isinstance(event, StderrReceived):
                os.write(STDERR, event.data)
            elif isinstance(event, RequestEnded):
                self._complete = self._body_ended = True
                self._upload = memoryview(b"")
                if not self.answered:
                    raise ConnectionError("it is empty")

    def _send_page(self) -> None:
        try:
            sent = os.write(STDOUT, self._page[:PIECE])
        except BlockingIOError:
            return
        del self._page[:sent]


def _body_length() -> int:
    """CONTENT_LENGTH; without it there is no body, unless it comes in chunks, which the web server takes apart."""
    text = os.environ.get("CONTENT_LENGTH", "")
    if text.isdecimal() and text.isascii():
        return int(text)
    return sys.maxsize if os.environ.get("HTTP_TRANSFER_ENCODING") else 0


def _fail(status: str, why: str) -> int:
    _tell(why)
    os.write(STDOUT, apology.page(status))
    return 1


def _tell(why: str) -> None:
    os.write(STDERR, f"mpfcgi cgi: {why}\n".encode(errors="replace"))
