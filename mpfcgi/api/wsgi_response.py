"""What a WSGI application answers (PEP 3333): start_response, write, and the body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mpfcgi.api.constants import REASONS


class Response:
    """What an application answers. Its head goes to the request with the first byte of the body, or at the end."""

    def __init__(self, req: Any) -> None:
        self._req = req
        self._head: tuple[int, str, list[tuple[str, str]]] | None = None
        self._applied = False

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[str | bytes], None]:
        """`start_response`: keep status and headers, and return `write`.

        A second call needs `exc_info`; its exception is raised again when the head is sent already. TypeError or
        ValueError for what can't be sent, AssertionError for a second call without `exc_info`.
        """
        if exc_info is not None:
            try:
                if self._applied:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response() was called before, and this is no exception's (PEP 3333)")
        self._head = (_code(status), status, _checked(headers))
        return self.write

    def write(self, data: str | bytes, /) -> None:
        """Send a piece of the body at once."""
        if not self._applied:
            self.apply()
        self._req.write(data)

    def send(self, body: Iterable[str | bytes]) -> None:
        """Send what the application returned, and close it."""
        try:
            for data in body:
                # Empty strings must not send the head (PEP 3333); None and the like are mistakes.
                if data or not isinstance(data, (bytes, str)):
                    self.write(data)
            if not self._applied:
                self.apply()
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def apply(self) -> None:
        """Give status and headers to the request. Without start_response it stays 200, as in mod_python."""
        self._applied = True
        if self._head is None:
            return
        req = self._req
        req.status, line, headers = self._head
        if REASONS.get(req.status) != line[4:]:
            req.status_line = line
        for name, value in headers:
            if name.lower() == "content-type":
                req.content_type = value
            else:
                req.headers_out.add(name, value)


def _code(status: object) -> int:
    if not isinstance(status, str):
        raise TypeError(f"a status is a string, not {type(status).__name__}")
    if not (status[:3].isdecimal() and status.isprintable() and status[3:4] in ("", " ") and int(status[:3]) >= 100):
        raise ValueError(f"Invalid status line: {status}")
    return int(status[:3])


def _checked(headers: object) -> list[tuple[str, str]]:
    if not isinstance(headers, list):
        raise TypeError(f"headers argument must be a list, not a {type(headers).__name__!r}")
    for item in headers:
        if not isinstance(item, tuple) or len(item) != 2 or not all(isinstance(part, str) for part in item):
            raise TypeError(f"a header is a tuple of two strings, not {item!r}")
    return headers
