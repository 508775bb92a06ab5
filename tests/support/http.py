"""An HTTP client that sends what it is given, byte by byte, and hides nothing of the answer."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """A response; `headers` in their order, names in lower case. `cut` when the body ended too early."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: bool = False

    def get(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def request(method: str, target: str, headers: Iterable[str] = (), body: bytes = b"", version: str = "1.1") -> bytes:
    """A request's bytes. `target` may hold raw UTF-8; a body has its Content-Length unless `headers` frame it."""
    lines = [f"{method} {target} HTTP/{version}", "Host: site.test", "Connection: close", *headers]
    framed = any(line.lower().startswith(("content-length:", "transfer-encoding:")) for line in lines)
    if body and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(pieces: Iterable[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def send(
    port: int, data: bytes | Iterable[bytes], method: str = "GET", tls: bool = False, certificate: str | None = None
) -> Answer:
    """Send a request and read the answer to its end. `data` may be pieces, for what is too large to hold.

    With `tls`, `certificate` is the client's, a file whose key stands beside it in `.key`.
    """
    with socket.create_connection(("127.0.0.1", port), SECONDS) as plain:
        sock = _secure(plain, certificate) if tls else plain
        try:
            for piece in [data] if isinstance(data, bytes) else data:
                sock.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            # Refused before it was sent; the answer says why.
            pass
        return read(sock, method)


def read(sock: socket.socket, method: str = "GET") -> Answer:
    response = http.client.HTTPResponse(sock, method=method)
    response.begin()
    cut = False
    try:
        body = response.read()
    except http.client.IncompleteRead as error:
        body, cut = error.partial, True
    headers = tuple((name.lower(), value) for name, value in response.getheaders())
    return Answer(response.status, headers, body, cut)


def _secure(sock: socket.socket, certificate: str | None) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate, certificate + ".key")
    return context.wrap_socket(sock, server_hostname="site.test")
