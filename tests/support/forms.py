"""Requests with forms, as bytes of their bodies."""

from mpfcgi.api import Request, util
from mpfcgi.api.exchange import MemoryExchange
from tests.support.requests import Settings

MULTIPART = "multipart/form-data; boundary=BOUND"
URLENCODED = "application/x-www-form-urlencoded"


class Log:
    def log(self, level, message, **more):
        pass


class Pieces(MemoryExchange):
    """A body that comes in the given pieces, and may be too long to be kept."""

    def __init__(self, params, pieces):
        super().__init__(params)
        self.pieces = iter(pieces)

    def read(self, size=-1, /):
        return next(self.pieces, b"") if size >= 0 else b"".join(self.pieces)


def request(body=b"", kind=URLENCODED, args=None, method="POST", pieces=None, **params):
    params = {"REQUEST_METHOD": method, "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), **params}
    exchange = MemoryExchange(params, body) if pieces is None else Pieces(params, pieces)
    return Request(exchange, None, Log(), Settings(), "/x", args)


def multipart(*found, end=b"--BOUND--\r\n"):
    """A body of (headers, content)."""
    return b"".join(b"--BOUND\r\n" + headers + b"\r\n\r\n" + content + b"\r\n" for headers, content in found) + end


def text(name, content):
    return (b'Content-Disposition: form-data; name="%s"' % name, content)


def upload(name, filename, content, kind=b"text/plain"):
    head = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s'
    return (head % (name, filename, kind), content)


def fields(req, **more):
    return [(field.name, field.value) for field in util.FieldStorage(req, **more).list]
