"""The wire: FastCGI 1.0 as bytes and events, for both sides. No sockets, no clock, no configuration."""

from mpfcgi.fastcgi.client import ClientConnection
from mpfcgi.fastcgi.connection import Limits, Seen, ServerConnection
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
