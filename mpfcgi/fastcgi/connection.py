"""The server's side of one connection: bytes in, events out, and the bytes to answer with. No IO (FastCGI 1.0).

One request at a time: a second one that begins while the first is active is refused (FCGI_CANT_MPX_CONN). Records of
requests that are over, were refused, or never began are skipped (3.3). What the peer gets wrong beyond that raises
ProtocolError, after which the connection is of no use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from mpfcgi.fastcgi import events as ev
from mpfcgi.fastcgi.constants import (
    CANT_MPX_CONN,
    FCGI_ABORT_REQUEST,
    FCGI_BEGIN_REQUEST,
    FCGI_DATA,
    FCGI_GET_VALUES,
    FCGI_GET_VALUES_RESULT,
    FCGI_HEADER_LEN,
    FCGI_KEEP_CONN,
    FCGI_MAXTYPE,
    FCGI_NULL_REQUEST_ID,
    FCGI_PARAMS,
    FCGI_STDERR,
    FCGI_STDIN,
    FCGI_STDOUT,
    FCGI_UNKNOWN_TYPE,
    FCGI_VERSION_1,
    FILTER,
    REQUEST_COMPLETE,
    RESPONDER,
    UNKNOWN_ROLE,
)
from mpfcgi.fastcgi.errors import ProtocolError
from mpfcgi.fastcgi.pairs import TooManyPairs, decode_pairs, encode_pairs
from mpfcgi.fastcgi.records import BEGIN_BODY, HEADER, MAX_CONTENT, end_request, pack_header, record, stream

# What a front-end sends for an ordinary request without a body, around its parameters. Its id is nearly always 1.
_BEGIN_KEEP = bytes((1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, 0, RESPONDER, FCGI_KEEP_CONN, 0, 0, 0, 0, 0))
_BEGIN_CLOSE = bytes((1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, 0, RESPONDER, 0, 0, 0, 0, 0, 0))
_PARAMS_1 = bytes((1, FCGI_PARAMS, 0, 1))
_TAIL = bytes((1, FCGI_PARAMS, 0, 1, 0, 0, 0, 0, 1, FCGI_STDIN, 0, 1, 0, 0, 0, 0))
_STDOUT_END_1 = record(FCGI_STDOUT, 1) + end_request(1, 0, REQUEST_COMPLETE)
_PADDED_END_1 = tuple(bytes(-length % 8) + _STDOUT_END_1 for length in range(8))
_ROLES = frozenset((1, 2, 3))
# Whole requests that are remembered, and the bytes that such a one may have: about a megabyte with all it leads to.
SEEN_MOST = 256
SEEN_SIZE = 1024
# Bytes for the front-end's error log that are kept until the end of a request.
MOST_STDERR = 16 * 1024
Seen = dict[bytes, ev.ParamsReceived]


@dataclass(frozen=True)
class Limits:
    """Bounds on what a peer may send: bytes of a request's parameters, and their number, repeated ones counted each.

    A request past them is not lost: it becomes a `ParamsRejected`, to be answered.
    """

    params_bytes: int = 1 << 20
    param_count: int = 2000


class _State(Enum):
    """How far the active request has come."""

    PARAMS = auto()
    STDIN = auto()
    DATA = auto()
    COMPLETE = auto()
    REJECTED = auto()


class ServerConnection:
    """One connection from a front-end. `values` answer FCGI_GET_VALUES.

    Connections of the same limits may share `seen`, in which they remember requests that came whole: a client that
    keeps its connection and asks for the same again sends the same bytes.

    `active`, `request_id`, `role`, `keep_conn` and `stdin_ended` are those of the active request, or else of the
    last one; before the first, the connection counts as kept.
    """

    def __init__(
        self, *, limits: Limits | None = None, values: Mapping[str, str] | None = None, seen: Seen | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._seen = {} if seen is None else seen
        self.values = values or {}
        self.active = False
        self.request_id = 0
        self.role = RESPONDER
        self.keep_conn = True
        self.stdin_ended = True
        self._stderr_used = False
        self._stderr_late = b""
        # The whole request that came last, as long as nothing else has changed the state that it left.
        self._last: ev.ParamsReceived | None = None
        self._state = _State.COMPLETE
        self._params: list[bytes] = []
        self._params_size = 0
        self._buffer = bytearray()
        self._at = 0
        self._answers: list[bytes] = []
        self._closed = False
        self._close_told = False
        self._dead = False

    # -- reading

    def receive_data(self, data: bytes) -> None:
        """Keep bytes that arrived for `next_event`; b"" means that the peer has closed."""
        if data:
            self._buffer += data
        else:
            self._closed = True

    @property
    def buffered(self) -> bytes:
        """Bytes that were received and are not consumed."""
        return bytes(self._buffer[self._at :])

    def whole_request(self, data: bytes) -> ev.ParamsReceived | None:
        """Take `data` if it is exactly one Responder request without a body and nothing else is going on.

        The short way for nearly all requests; None, and nothing consumed, when the general way is needed.
        """
        if self.active or self._buffer or self._closed or self._dead:
            return None
        request = (self._seen.get(data) if len(data) <= SEEN_SIZE else None) or self._read_whole(data)
        if request is self._last and request is not None:
            self.active = True
        elif request is not None:
            self._last = request
            self.active = self.stdin_ended = True
            self._stderr_used = False
            self._state = _State.COMPLETE
            self.request_id, self.role, self.keep_conn = 1, RESPONDER, request.keep_conn
        return request

    def _read_whole(self, data: bytes) -> ev.ParamsReceived | None:
        if not data.endswith(_TAIL):
            return None
        keep_conn = data.startswith(_BEGIN_KEEP)
        if not keep_conn and not data.startswith(_BEGIN_CLOSE):
            return None
        # One PARAMS record between the two.
        size = (data[20] << 8) | data[21]
        if data[16:20] != _PARAMS_1 or 40 + size + data[22] != len(data) or size > self.limits.params_bytes or not size:
            return None
        try:
            params = decode_pairs(data[24 : 24 + size], self.limits.param_count)
        except ProtocolError:
            return None
        if "\0" in "".join(params.values()):
            return None
        params.pop("HTTP_PROXY", None)
        request = ev.ParamsReceived(1, RESPONDER, keep_conn, params)
        if len(data) <= SEEN_SIZE:
            if len(self._seen) >= SEEN_MOST:
                self._seen.clear()
            self._seen[data] = request
        return request

    def next_event(self) -> ev.Event | None:
        """The next event, or None when more bytes are needed. ProtocolError when the peer is wrong.

        ConnectionClosed is the last one.
        """
        if self._dead:
            raise ProtocolError("the connection has failed already")
        try:
            while (next_record := self._next_record()) is not None:
                event = self._receive(*next_record)
                if event is not None:
                    return event
        except ProtocolError:
            self._dead = True
            raise
        if self._closed and not self._close_told:
            self._close_told = True
            return ev.ConnectionClosed()
        return None

    def data_to_send(self) -> bytes:
        """The protocol's own answers since the last call: values, unknown types, refusals."""
        if not self._answers:
            return b""
        answers = b"".join(self._answers)
        self._answers.clear()
        return answers

    # -- writing, for the active request

    def stdout(self, data: bytes) -> bytes:
        """Response bytes, framed."""
        return stream(FCGI_STDOUT, self.request_id, data)

    def stderr(self, data: bytes) -> bytes:
        """Bytes for the front-end's error log, framed."""
        self._last = None
        self._stderr_used = self._stderr_used or bool(data)
        return stream(FCGI_STDERR, self.request_id, data)

    def stderr_at_end(self, data: bytes) -> None:
        """Bytes for the front-end's error log, to be sent behind the response, before the request's end.

        Where they come before the head, nginx takes them for a part of it, and answers 502 when they are long. What goes
        past MOST_STDERR bytes is dropped.
        """
        self._last = None
        self._stderr_used = True
        self._stderr_late += data[: max(MOST_STDERR - len(self._stderr_late), 0)]

    def stdout_end_request(self, data: bytes = b"", app_status: int = 0) -> bytes:
        """The last response bytes and the end of the request (FastCGI 5.5), in one piece."""
        size = len(data)
        if self.request_id == 1 and 0 < size <= MAX_CONTENT and not app_status and not self._stderr_used:
            self.active = False
            return pack_header(FCGI_VERSION_1, FCGI_STDOUT, 1, size, -size % 8) + data + _PADDED_END_1[size % 8]
        return self.stdout(data) + self.end_request(app_status)

    def end_request(self, app_status: int = 0, protocol_status: int = REQUEST_COMPLETE) -> bytes:
        """End the active request: its streams, and FCGI_END_REQUEST."""
        request_id = self.request_id
        end = record(FCGI_STDOUT, request_id)
        if self._stderr_used:
            late, self._stderr_late = self._stderr_late, b""
            end += stream(FCGI_STDERR, request_id, late) + record(FCGI_STDERR, request_id)
        self.active = False
        self._state = _State.COMPLETE
        return end + end_request(request_id, app_status, protocol_status)

    # -- records

    def _next_record(self) -> tuple[int, int, bytes] | None:
        """Type, request id and content of the next complete record."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < FCGI_HEADER_LEN:
            self._compact()
            return None
        version, kind, request_id, length, padding = HEADER.unpack_from(buffer, at)
        if version != FCGI_VERSION_1:
            raise ProtocolError(f"record of version {version}, where FastCGI has version 1")
        end = at + FCGI_HEADER_LEN + length
        if len(buffer) < end + padding:
            self._compact()
            return None
        self._at = end + padding
        return kind, request_id, bytes(buffer[at + FCGI_HEADER_LEN : end])

    def _compact(self) -> None:
        if self._at:
            del self._buffer[: self._at]
            self._at = 0

    def _receive(self, kind: int, request_id: int, content: bytes) -> ev.Event | None:
        if request_id == FCGI_NULL_REQUEST_ID:
            return self._manage(kind, content)
        if kind == FCGI_BEGIN_REQUEST:
            return self._begin(request_id, content)
        if not self.active or request_id != self.request_id:
            return None
        if kind == FCGI_PARAMS:
            return self._collect_params(content)
        if kind == FCGI_STDIN:
            return self._take_stdin(content)
        if kind == FCGI_DATA:
            return self._take_data(content)
        if kind == FCGI_ABORT_REQUEST:
            return ev.RequestAborted(request_id)
        return None

    def _manage(self, kind: int, content: bytes) -> ev.Event | None:
        """A management record (4). Application types with id 0 are invalid and skipped (3.3)."""
        if kind == FCGI_GET_VALUES:
            names = tuple(decode_pairs(content, self.limits.param_count))
            known = {name: self.values[name] for name in names if name in self.values}
            self._answers.append(record(FCGI_GET_VALUES_RESULT, 0, encode_pairs(known)))
            return ev.ManagementReceived(kind, names)
        if 1 <= kind <= FCGI_MAXTYPE:
            return None
        self._answers.append(record(FCGI_UNKNOWN_TYPE, 0, bytes((kind, 0, 0, 0, 0, 0, 0, 0))))
        return ev.ManagementReceived(kind, ())

    def _begin(self, request_id: int, content: bytes) -> ev.Event | None:
        if len(content) < BEGIN_BODY.size:
            raise ProtocolError(f"BEGIN_REQUEST has {len(content)} bytes of content, not {BEGIN_BODY.size}")
        role, flags = BEGIN_BODY.unpack_from(content)
        if self.active:
            if request_id == self.request_id:
                raise ProtocolError(f"BEGIN_REQUEST for request {request_id}, which is active")
            self._answers.append(end_request(request_id, 0, CANT_MPX_CONN))
            return None
        self.keep_conn = bool(flags & FCGI_KEEP_CONN)
        if role not in _ROLES:
            self._answers.append(end_request(request_id, 0, UNKNOWN_ROLE))
            return None
        self._last = None
        self.active, self.stdin_ended, self._stderr_used = True, False, False
        self.request_id, self.role = request_id, role
        self._state = _State.PARAMS
        self._params.clear()
        self._params_size = 0
        return ev.RequestBegun(request_id, role, self.keep_conn)

    def _collect_params(self, content: bytes) -> ev.Event | None:
        if self._state is _State.REJECTED:
            return None
        if self._state is not _State.PARAMS:
            raise ProtocolError(f"PARAMS for request {self.request_id} after its parameters ended")
        if content:
            self._params_size += len(content)
            if self._params_size > self.limits.params_bytes:
                return self._reject(431, f"parameters of more than {self.limits.params_bytes} bytes")
            self._params.append(content)
            return None
        try:
            params = decode_pairs(b"".join(self._params), self.limits.param_count)
        except TooManyPairs:
            return self._reject(431, f"more than {self.limits.param_count} parameters")
        self._params.clear()
        if "\0" in "".join(params.values()):
            return self._reject(400, "a parameter has a NUL byte")
        params.pop("HTTP_PROXY", None)
        self._state = _State.STDIN
        return ev.ParamsReceived(self.request_id, self.role, self.keep_conn, params)

    def _reject(self, status: int, reason: str) -> ev.Event:
        self._params.clear()
        self._state = _State.REJECTED
        return ev.ParamsRejected(self.request_id, self.role, self.keep_conn, status, reason)

    def _take_stdin(self, content: bytes) -> ev.Event | None:
        if self._state is _State.PARAMS:
            raise ProtocolError(f"STDIN for request {self.request_id} before its parameters ended")
        if self._state is not _State.STDIN:
            return None
        if content:
            return ev.StdinReceived(self.request_id, content)
        self.stdin_ended = True
        self._state = _State.DATA if self.role == FILTER else _State.COMPLETE
        return ev.StdinEnded(self.request_id)

    def _take_data(self, content: bytes) -> ev.Event | None:
        if self.role != FILTER or self._state is _State.COMPLETE or self._state is _State.REJECTED:
            return None
        if self._state is not _State.DATA:
            raise ProtocolError(f"DATA for request {self.request_id} before its STDIN ended")
        if content:
            return ev.DataReceived(self.request_id, content)
        self._state = _State.COMPLETE
        return ev.DataEnded(self.request_id)
