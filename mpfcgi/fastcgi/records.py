"""Records (FastCGI 3.3): a header of eight bytes, content of up to 65,535 bytes, padding of up to 255."""

from __future__ import annotations

from struct import Struct

from mpfcgi.fastcgi.constants import FCGI_BEGIN_REQUEST, FCGI_END_REQUEST, FCGI_VERSION_1

HEADER = Struct(">BBHHBx")
BEGIN_BODY = Struct(">HB5x")
END_BODY = Struct(">IB3x")

# The largest content that needs no padding to end on eight bytes.
MAX_CONTENT = 65528
_PADDING = tuple(bytes(-length % 8) for length in range(8))

pack_header = HEADER.pack


def record(kind: int, request_id: int, content: bytes = b"") -> bytes:
    """One record, padded to a multiple of eight bytes. `content` has at most 65,535 bytes."""
    padding = -len(content) % 8
    return pack_header(FCGI_VERSION_1, kind, request_id, len(content), padding) + content + bytes(padding)


def stream(kind: int, request_id: int, data: bytes) -> bytes:
    """`data` as records of a stream; nothing for no data, since an empty record would end the stream."""
    length = len(data)
    if length <= MAX_CONTENT:
        if not length:
            return b""
        tail = length % 8
        if not tail:
            return pack_header(FCGI_VERSION_1, kind, request_id, length, 0) + data
        return b"".join((pack_header(FCGI_VERSION_1, kind, request_id, length, 8 - tail), data, _PADDING[tail]))
    view = memoryview(data)
    return b"".join(
        record(kind, request_id, bytes(view[at : at + MAX_CONTENT])) for at in range(0, length, MAX_CONTENT)
    )


def begin_request(request_id: int, role: int, flags: int) -> bytes:
    """BEGIN_REQUEST (FastCGI 5.1)."""
    return record(FCGI_BEGIN_REQUEST, request_id, BEGIN_BODY.pack(role, flags))


def end_request(request_id: int, app_status: int, protocol_status: int) -> bytes:
    """END_REQUEST (FastCGI 5.5); of `app_status` the lower 32 bits count."""
    return record(FCGI_END_REQUEST, request_id, END_BODY.pack(app_status & 0xFFFFFFFF, protocol_status))
