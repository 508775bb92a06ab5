"""Asking a running daemon: the client's side of its control socket.

A question is one line of JSON, {"command": NAME, ...}, and so is the answer, {"ok": true, ...} or {"ok": false,
"error": SENTENCE}; then the daemon closes the connection. An answer may take a while: a reload is answered when the new
workers serve.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from typing import Any

# More than any answer of a healthy daemon: a thousand pools with their workers are about one megabyte.
MAX_ANSWER = 64 * 1024 * 1024


class NotRunning(Exception):
    """Nobody listens on the control socket."""


class NoAnswer(Exception):
    """The daemon is there and did not answer in time, or ended while it was asked."""


class NotInTime(NoAnswer):
    """It goes on with what was asked of it."""


def ask(path: str, command: str, timeout: float = 10.0, **arguments: Any) -> dict[str, Any]:
    """Send a command to the daemon that listens on `path`; its answer.

    `timeout` is in seconds. NotRunning when there is no daemon, NoAnswer when it says nothing, PermissionError when it
    is another user's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        try:
            sock.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NotRunning(path) from error
        try:
            # Who may not ask is told so at once.
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(encode({"command": command, **arguments}))
            line = _line(sock)
        except socket.timeout:
            raise NotInTime(f"no answer within {timeout:g} s") from None
        except ConnectionError as error:
            raise NoAnswer(f"it ended the connection: {error.strerror}") from None
    if not line:
        raise NoAnswer("it ended the connection")
    return decode(line)


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as it goes over the socket."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of a line. ValueError for what is none."""
    try:
        message = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message


def _line(sock: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n") and len(received) < MAX_ANSWER:
        data = sock.recv(262144)
        if not data:
            return b""
        received += data
    return bytes(received)
