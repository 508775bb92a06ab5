"""Sessions in the memory of one worker process (manual 4.8): no other process sees them, and they end with it."""

from __future__ import annotations

import time
from typing import Any

from mpfcgi.api.constants import APLOG_NOTICE
from mpfcgi.api.Session import BaseSession

_sessions: dict[str, dict[str, Any]] = {}


class MemorySession(BaseSession):
    """A session kept in this process: for a pool with one worker only."""

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, sid: str | None = None, secret: str | bytes | None = None, timeout: float = 0, lock: int = 1
    ) -> None:
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def do_load(self) -> dict[str, Any] | None:
        return _sessions.get(self._sid or "")

    def do_save(self, dict: dict[str, Any]) -> None:
        assert self._sid
        _sessions[self._sid] = dict

    def do_delete(self) -> None:
        _sessions.pop(self._sid or "", None)

    def do_cleanup(self) -> None:
        self._req._when_over(_clean_up, None)
        self._req.log_error("MemorySession: registered session cleanup.", APLOG_NOTICE)


def _clean_up(data: None) -> None:
    now = time.time()
    for sid, stored in list(_sessions.items()):
        if now - stored["_accessed"] > stored["_timeout"]:
            _sessions.pop(sid, None)
