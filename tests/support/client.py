"""A FastCGI client for tests: one connection to a daemon's unix socket."""

import socket

from mpfcgi.fastcgi import RESPONDER, ClientConnection, RequestEnded, StdoutReceived
from mpfcgi.fastcgi.cgi_head import parse_head


class Client:
    """One FastCGI connection."""

    def __init__(self, path, keep_conn=True):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.keep_conn = keep_conn
        self.wire = ClientConnection()
        # The head of the last response.
        self.head = None

    def send(self, uri, role=RESPONDER, **params):
        fields = {
            "REQUEST_METHOD": "GET",
            "REQUEST_URI": uri,
            "HTTP_HOST": "localhost",
            "SERVER_PROTOCOL": "HTTP/1.1",
            **params,
        }
        self.sock.sendall(self.wire.begin_request(fields, role=role, keep_conn=self.keep_conn))

    def get(self, uri, **params):
        self.send(uri, **params)
        self.sock.sendall(self.wire.stdin_end())
        return self.response()

    def response(self):
        """(status, body)."""
        out = b""
        while True:
            event = self.wire.next_event()
            if isinstance(event, StdoutReceived):
                out += event.data
            elif isinstance(event, RequestEnded):
                self.head, body = parse_head(out)
                return self.head.status, body
            elif event is None:
                data = self.sock.recv(65536)
                if not data:
                    raise ConnectionError("closed")
                self.wire.receive_data(data)
