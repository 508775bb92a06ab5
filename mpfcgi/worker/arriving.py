"""The body of a request that is being served while it is still on its way (`RequestBuffering Off`).

Only here, and where the front-end takes no more of a response, does a channel wait.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from mpfcgi.fastcgi import ProtocolError, RequestAborted, StdinReceived

if TYPE_CHECKING:
    from mpfcgi.worker.body import StreamedBody
    from mpfcgi.worker.channel import Channel

# How much is taken from a socket at once, in bytes.
READ_SIZE = 64 * 1024


def next_piece(channel: Channel) -> bytes:
    """Wait for the next piece of the body; b"" at its end, and where the front-end has broken it off.

    TimeoutError after `Timeout` without a byte; ConnectionResetError when the connection ends within the body.
    """
    wire = channel.wire
    while not wire.stdin_ended:
        event = wire.next_event()
        if isinstance(event, StdinReceived):
            return event.data
        if isinstance(event, RequestAborted):
            break
        if event is not None:
            continue
        if not channel.wait(select.POLLIN):
            raise TimeoutError(f"no request body arrived for {channel.worker.timeout:g} s")
        data = channel.sock.recv(READ_SIZE)
        if not data:
            channel.gone = True
            raise ConnectionResetError("the client closed the connection within the request body")
        wire.receive_data(data)
    return b""


def read_ahead(channel: Channel, body: StreamedBody) -> None:
    """Hold what has come of the body, for which the handler has not asked yet."""
    wire = channel.wire
    try:
        data = channel.sock.recv(READ_SIZE)
        wire.receive_data(data)
        while not wire.stdin_ended and (event := wire.next_event()) is not None:
            if isinstance(event, StdinReceived):
                body.hold(event.data)
            elif isinstance(event, RequestAborted):
                channel.gone = True
        channel.gone = channel.gone or not data
    except BlockingIOError:
        pass
    except (OSError, ProtocolError) as error:
        channel.worker.log_connection(f"the request body can't be read: {error}")
        channel.gone = True
