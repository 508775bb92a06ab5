"""What goes along with a connection to another process: the bytes that were read of a request which has not begun.

The other process starts over with them, as if it had read them itself. A request whose body is on its way is put into
records again (FastCGI 1.0, section 5), as long as it fits into a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpfcgi.fastcgi.constants import FCGI_BEGIN_REQUEST, FCGI_KEEP_CONN, FCGI_PARAMS, FCGI_STDIN
from mpfcgi.fastcgi.pairs import encode_pairs
from mpfcgi.fastcgi.records import begin_request, record, stream
from mpfcgi.ipc.handoff import MAX_EARLY

if TYPE_CHECKING:
    from mpfcgi.worker.body import Upload
    from mpfcgi.worker.channel import Channel

_BEGINNING = bytes((FCGI_BEGIN_REQUEST,))


def early_bytes(channel: Channel) -> bytes | None:
    """What was read of the channel's next request, b"" for nothing; None when the connection must stay."""
    if channel.outgoing or channel.closing or channel.gone:
        return None
    if channel.upload is not None:
        return _again(channel, channel.upload)
    head = channel.head
    # A head that begins otherwise is the rest of a request whose beginning came with another one.
    if head[1:2] == _BEGINNING and len(head) <= MAX_EARLY:
        return head
    return b"" if channel.idle else None


def _again(channel: Channel, upload: Upload) -> bytes | None:
    event, rest = upload.event, channel.wire.buffered
    if upload.data is not None or upload.body.length + len(rest) > MAX_EARLY:
        return None
    number = event.request_id
    parts = (
        begin_request(number, event.role, FCGI_KEEP_CONN if event.keep_conn else 0),
        stream(FCGI_PARAMS, number, encode_pairs(event.params)),
        record(FCGI_PARAMS, number),
        stream(FCGI_STDIN, number, upload.body.so_far()),
        rest,
    )
    early = b"".join(parts)
    return early if len(early) <= MAX_EARLY else None
