"""Sessions in the memory of one worker process (manual 4.8): no other process sees them, and they end with it."""

from __future__ import annotations

import itertools
import math
import threading
import time
from typing import Any

from mpfcgi.api.constants import APLOG_NOTICE
from mpfcgi.api.Session import BaseSession


class _Sessions:
    """Dictionaries of sessions by id, in the order of their last saves."""

    def __init__(self) -> None:
        self._stored: dict[str, dict[str, Any]] = {}
        self._shortest_timeout = math.inf
        # A handler's threads may save while a cleanup looks.
        self._changing = threading.Lock()

    def find(self, sid: str) -> dict[str, Any] | None:
        return self._stored.get(sid)

    def store(self, sid: str, stored: dict[str, Any]) -> None:
        with self._changing:
            self._stored.pop(sid, None)
            self._stored[sid] = stored
            if stored["_timeout"] < self._shortest_timeout:
                self._shortest_timeout = stored["_timeout"]

    def remove(self, sid: str) -> None:
        with self._changing:
            self._stored.pop(sid, None)

    def remove_expired(self) -> None:
        """Looks no further than to the first that was saved too lately for any timeout."""
        now = time.time()

        def is_old(item: tuple[str, dict[str, Any]]) -> bool:
            age: float = now - item[1]["_accessed"]
            return age > self._shortest_timeout

        with self._changing:
            for sid, stored in list(itertools.takewhile(is_old, self._stored.items())):
                if now - stored["_accessed"] > stored["_timeout"]:
                    del self._stored[sid]


_sessions = _Sessions()


class MemorySession(BaseSession):
    """A session kept in this process: for a pool with one worker only."""

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, sid: str | None = None, secret: str | bytes | None = None, timeout: float = 0, lock: int = 1
    ) -> None:
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def do_load(self) -> dict[str, Any] | None:
        return _sessions.find(self._sid or "")

    def do_save(self, dict: dict[str, Any]) -> None:
        assert self._sid
        _sessions.store(self._sid, dict)

    def do_delete(self) -> None:
        _sessions.remove(self._sid or "")

    def do_cleanup(self) -> None:
        self._req._when_over(_clean_up, None)
        self._req.log_error("MemorySession: registered session cleanup.", APLOG_NOTICE)


def _clean_up(data: None) -> None:
    _sessions.remove_expired()
