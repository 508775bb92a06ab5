"""The client's side of one connection: what `serve`, `request`, `cgi` and the tests speak to a worker. No IO."""

from __future__ import annotations

from mpfcgi.fastcgi import events as ev
from mpfcgi.fastcgi.constants import (
    FCGI_ABORT_REQUEST,
    FCGI_DATA,
    FCGI_END_REQUEST,
    FCGI_GET_VALUES,
    FCGI_GET_VALUES_RESULT,
    FCGI_HEADER_LEN,
    FCGI_KEEP_CONN,
    FCGI_PARAMS,
    FCGI_STDERR,
    FCGI_STDIN,
    FCGI_STDOUT,
    FCGI_UNKNOWN_TYPE,
    FCGI_VERSION_1,
    RESPONDER,
)
from mpfcgi.fastcgi.errors import ProtocolError
from mpfcgi.fastcgi.pairs import decode_pairs, encode_pairs
from mpfcgi.fastcgi.records import END_BODY, HEADER, begin_request, record, stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Pairs = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


class ClientConnection:
    """Requests on one connection, each with an id of the caller's choice (1 unless several run at once)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def begin_request(
        self, params: Pairs, *, role: int = RESPONDER, keep_conn: bool = False, request_id: int = 1
    ) -> bytes:
        """BEGIN_REQUEST and all of the parameters."""
        return (
            begin_request(request_id, role, FCGI_KEEP_CONN if keep_conn else 0)
            + stream(FCGI_PARAMS, request_id, encode_pairs(params))
            + record(FCGI_PARAMS, request_id)
        )

    def stdin(self, data: bytes, request_id: int = 1) -> bytes:
        """A piece of the request body."""
        return stream(FCGI_STDIN, request_id, data)

    def stdin_end(self, request_id: int = 1) -> bytes:
        """The end of the request body, be it empty or not."""
        return record(FCGI_STDIN, request_id)

    def data(self, data: bytes, request_id: int = 1) -> bytes:
        """A piece of the file for a Filter."""
        return stream(FCGI_DATA, request_id, data)

    def data_end(self, request_id: int = 1) -> bytes:
        """The end of the file for a Filter."""
        return record(FCGI_DATA, request_id)

    def abort(self, request_id: int = 1) -> bytes:
        """ABORT_REQUEST: the answer is not wanted any more (FastCGI 5.4)."""
        return record(FCGI_ABORT_REQUEST, request_id)

    def get_values(self, names: Iterable[str]) -> bytes:
        """Ask for values of the server, such as FCGI_MAX_CONNS (FastCGI 4.1)."""
        return record(FCGI_GET_VALUES, 0, encode_pairs((name, "") for name in names))

    def receive_data(self, data: bytes) -> None:
        """Keep bytes that arrived for `next_event`."""
        self._buffer += data

    def next_event(self) -> ev.Event | None:
        """The next event, or None when more bytes are needed. ProtocolError when the server is wrong."""
        while len(self._buffer) >= FCGI_HEADER_LEN:
            version, kind, request_id, length, padding = HEADER.unpack_from(self._buffer)
            if version != FCGI_VERSION_1:
                raise ProtocolError(f"record of version {version}, where FastCGI has version 1")
            end = FCGI_HEADER_LEN + length
            if len(self._buffer) < end + padding:
                return None
            content = bytes(self._buffer[FCGI_HEADER_LEN:end])
            del self._buffer[: end + padding]
            event = _event(kind, request_id, content)
            if event is not None:
                return event
        return None


def _event(kind: int, request_id: int, content: bytes) -> ev.Event | None:
    if kind == FCGI_STDOUT:
        return ev.StdoutReceived(request_id, content) if content else ev.StdoutEnded(request_id)
    if kind == FCGI_STDERR:
        return ev.StderrReceived(request_id, content) if content else None
    if kind == FCGI_END_REQUEST:
        if len(content) < END_BODY.size:
            raise ProtocolError(f"END_REQUEST has {len(content)} bytes of content, not {END_BODY.size}")
        return ev.RequestEnded(request_id, *END_BODY.unpack_from(content))
    if kind == FCGI_GET_VALUES_RESULT:
        return ev.ValuesReceived(decode_pairs(content))
    if kind == FCGI_UNKNOWN_TYPE:
        return ev.UnknownTypeReceived(content[0] if content else 0)
    return None
