"""Add parameters to a request that is still bytes, for the process that it is handed to."""

from __future__ import annotations

from collections.abc import Mapping

from mpfcgi.fastcgi.constants import FCGI_HEADER_LEN, FCGI_PARAMS
from mpfcgi.fastcgi.errors import ProtocolError
from mpfcgi.fastcgi.pairs import encode_pairs
from mpfcgi.fastcgi.records import HEADER, stream


def with_params(request: bytes, params: Mapping[str, str]) -> bytes:
    """`request`, from its FCGI_BEGIN_REQUEST on, with more parameters. ProtocolError unless its parameters are whole."""
    at = 0
    while at + FCGI_HEADER_LEN <= len(request):
        _, kind, request_id, size, padding = HEADER.unpack_from(request, at)
        if kind == FCGI_PARAMS and not size:
            return request[:at] + stream(FCGI_PARAMS, request_id, encode_pairs(params)) + request[at:]
        at += FCGI_HEADER_LEN + size + padding
    raise ProtocolError("the request's parameters do not end")
