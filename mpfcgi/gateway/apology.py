"""The page that a gateway answers with when there is no daemon and nothing to answer by: what to do, and no more.

Visitors see it as well: why it is so stands in the web server's error log only. Without it, mod_fcgid would answer for a
program that has ended, with a page that helps nobody ("End of script output before headers" in its log).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from mpfcgi.fastcgi import ServerConnection

# Seconds for a front-end to send its request.
PATIENCE = 10.0
_REMEDY = """\
{reason}

Is this site yours? Why it does not answer stands in the web server's error log, in a line that begins with "mpfcgi". Typed in a
shell, `mpfcgi check` and `mpfcgi start` tell it, too. Their page is docs/shared-hosting.md.
"""


def page(status: str) -> bytes:
    """The whole response of a CGI program with a status such as `503 Service Unavailable`."""
    text = _REMEDY.format(reason=status[4:])
    return f"Status: {status}\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nRetry-After: 10\r\n\r\n{text}".encode()


def serve(listener: socket.socket, seconds: float) -> None:
    """Answer 503 to every request of a FastCGI listener for so long; who is started next may find things mended."""
    from time import monotonic

    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        listener.settimeout(left)
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            # The peer is none of the web server's, or has left.
            continue
        except OSError:
            # The time is over, or the socket was closed.
            return
        with sock:
            _answer(sock)


def _answer(sock: socket.socket) -> None:
    """Read one request to its end, which the front-end may insist on, and answer it."""
    from mpfcgi.fastcgi import ProtocolError, ServerConnection

    wire = ServerConnection()
    sock.settimeout(PATIENCE)
    try:
        if _read(sock, wire):
            sock.sendall(wire.stdout_end_request(page("503 Service Unavailable")))
    except (OSError, ProtocolError):
        return


def _read(sock: socket.socket, wire: ServerConnection) -> bool:
    """Read to the end of a request; False when the peer leaves before."""
    from mpfcgi.fastcgi import AUTHORIZER, ParamsReceived, StdinEnded

    while data := sock.recv(65536):
        wire.receive_data(data)
        while (event := wire.next_event()) is not None:
            # mod_fcgid sends no body to an Authorizer, nor its end.
            if isinstance(event, StdinEnded) or (isinstance(event, ParamsReceived) and event.role == AUTHORIZER):
                return True
    return False
