"""The wire: FastCGI 1.0 as bytes and events, for both sides. No sockets, no clock, no configuration."""

from __future__ import annotations

from mpfcgi.fastcgi.client import ClientConnection
from mpfcgi.fastcgi.constants import AUTHORIZER, FILTER, OVERLOADED, REQUEST_COMPLETE, RESPONDER
from mpfcgi.fastcgi.errors import ProtocolError
from mpfcgi.fastcgi.events import (
    ConnectionClosed,
    DataEnded,
    DataReceived,
    Event,
    ManagementReceived,
    ParamsReceived,
    ParamsRejected,
    RequestAborted,
    RequestBegun,
    RequestEnded,
    StderrReceived,
    StdinEnded,
    StdinReceived,
    StdoutEnded,
    StdoutReceived,
    UnknownTypeReceived,
    ValuesReceived,
)
from mpfcgi.fastcgi.pairs import Pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mpfcgi.fastcgi.connection import Limits, Seen, ServerConnection

__all__ = [
    "AUTHORIZER",
    "FILTER",
    "OVERLOADED",
    "REQUEST_COMPLETE",
    "RESPONDER",
    "ClientConnection",
    "ConnectionClosed",
    "DataEnded",
    "DataReceived",
    "Event",
    "Limits",
    "ManagementReceived",
    "Pairs",
    "ParamsReceived",
    "ParamsRejected",
    "ProtocolError",
    "RequestAborted",
    "RequestBegun",
    "RequestEnded",
    "Seen",
    "ServerConnection",
    "StderrReceived",
    "StdinEnded",
    "StdinReceived",
    "StdoutEnded",
    "StdoutReceived",
    "UnknownTypeReceived",
    "ValuesReceived",
]


def __getattr__(name: str) -> Any:
    # The server's side is imported when it is first asked for: `mpfcgi cgi`, a client, starts anew for each request.
    if name in ("Limits", "Seen", "ServerConnection"):
        from mpfcgi.fastcgi import connection

        return getattr(connection, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
