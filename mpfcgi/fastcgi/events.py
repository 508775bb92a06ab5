"""What is seen on a connection: small values, compared by content.

Server side: a request begins, its parameters are complete (or refused), its streams arrive and end, it is aborted.
Client side: output and errors arrive, the request ends.
"""

from __future__ import annotations

from mpfcgi.fastcgi.pairs import Pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Event:
    """Base of all events; `__slots__` of a subclass are its fields, in the order of its constructor."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._fields() == other._fields()  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in zip(self._names(), self._fields()))
        return f"{type(self).__name__}({fields})"

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names())

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return next((vars(kind)["__slots__"] for kind in cls.__mro__ if vars(kind).get("__slots__")), ())


class RequestBegun(Event):
    """FCGI_BEGIN_REQUEST was accepted."""

    __slots__ = ("keep_conn", "request_id", "role")

    def __init__(self, request_id: int, role: int, keep_conn: bool) -> None:
        self.request_id, self.role, self.keep_conn = request_id, role, keep_conn


class ParamsReceived(Event):
    """The parameters are complete. `params` are Latin-1 strings."""

    __slots__ = ("keep_conn", "params", "request_id", "role")

    def __init__(self, request_id: int, role: int, keep_conn: bool, params: Pairs) -> None:
        self.request_id, self.role, self.keep_conn, self.params = request_id, role, keep_conn, params


class ParamsRejected(Event):
    """The parameters break a limit or hold a NUL: answer with `status` (400 or 431), then end the request."""

    __slots__ = ("keep_conn", "reason", "request_id", "role", "status")

    def __init__(self, request_id: int, role: int, keep_conn: bool, status: int, reason: str) -> None:
        self.request_id, self.role, self.keep_conn = request_id, role, keep_conn
        self.status, self.reason = status, reason


class _StreamData(Event):
    __slots__ = ("data", "request_id")

    def __init__(self, request_id: int, data: bytes) -> None:
        self.request_id, self.data = request_id, data


class _OfRequest(Event):
    __slots__ = ("request_id",)

    def __init__(self, request_id: int) -> None:
        self.request_id = request_id


class StdinReceived(_StreamData):
    """A piece of the request body."""

    __slots__ = ()


class StdinEnded(_OfRequest):
    """The request body is complete."""

    __slots__ = ()


class DataReceived(_StreamData):
    """A piece of the file that a Filter is to filter (FastCGI 6.4)."""

    __slots__ = ()


class DataEnded(_OfRequest):
    """That file is complete."""

    __slots__ = ()


class RequestAborted(_OfRequest):
    """FCGI_ABORT_REQUEST: end the request soon."""

    __slots__ = ()


class ManagementReceived(Event):
    """A management record, answered already (see `data_to_send`). `names` are those of FCGI_GET_VALUES."""

    __slots__ = ("names", "record_type")

    def __init__(self, record_type: int, names: tuple[str, ...]) -> None:
        self.record_type, self.names = record_type, names


class ConnectionClosed(Event):
    """The peer has closed; what was active is aborted."""

    __slots__ = ()

    def __init__(self) -> None:
        pass


class StdoutReceived(_StreamData):
    """Client side: a piece of the response."""

    __slots__ = ()


class StdoutEnded(_OfRequest):
    """Client side: the response's stream ended."""

    __slots__ = ()


class StderrReceived(_StreamData):
    """Client side: text for the error log."""

    __slots__ = ()


class RequestEnded(Event):
    """Client side: FCGI_END_REQUEST."""

    __slots__ = ("app_status", "protocol_status", "request_id")

    def __init__(self, request_id: int, app_status: int, protocol_status: int) -> None:
        self.request_id, self.app_status, self.protocol_status = request_id, app_status, protocol_status


class ValuesReceived(Event):
    """Client side: FCGI_GET_VALUES_RESULT."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values


class UnknownTypeReceived(Event):
    """Client side: the server does not know management record type `record_type`."""

    __slots__ = ("record_type",)

    def __init__(self, record_type: int) -> None:
        self.record_type = record_type
