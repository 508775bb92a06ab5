"""LimitConcurrentRequests: how many workers of a pool may answer the requests of some places at the same time.

A slow page can't take all workers then: what is above its number gets 503, and the rest of the site is answered. Each
worker notes the group of its request in the scoreboard, and counts those that were there before.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.constants import APLOG_ERR, HTTP_SERVICE_UNAVAILABLE, OK

if TYPE_CHECKING:
    from mpfcgi.config.directives.server import Crowd
    from mpfcgi.worker.services import WorkerServices

# Seconds between two lines of the log about it.
AGAIN = 1.0
RETRY_AFTER = "1"


class Crowding:
    """The groups as one worker sees them."""

    def __init__(self, services: WorkerServices) -> None:
        self._services = services
        self._said = 0.0

    def enter(self, req: Request, crowd: Crowd) -> int:
        """OK, or 503 where as many as may are there; then `Retry-After` is in the headers."""
        services = self._services
        scoreboard = services.scoreboard
        if scoreboard is None:
            # One process alone answers one request at a time.
            return OK
        group = zlib.crc32(f"{services.name}\0{crowd.group}".encode("utf-8", "surrogateescape")) + 1
        slot = services.slot
        slot.join(group)
        before = scoreboard.before(slot)
        if len(before) < crowd.most:
            req._when_over(lambda _: slot.join(0), None)
            return OK
        slot.join(0)
        self._explain(req, crowd, [f"{reading.pid}: {reading.line or '(a moment)'}" for reading in before])
        req.err_headers_out["Retry-After"] = RETRY_AFTER
        return HTTP_SERVICE_UNAVAILABLE

    def _explain(self, req: Request, crowd: Crowd, busy: list[str]) -> None:
        now = time.monotonic()
        if now >= self._said + AGAIN:
            self._said = now
            req.log_error(
                f"LimitConcurrentRequests {crowd.group} {crowd.most}: {req.uri} gets 503. There are: {'; '.join(busy)}",
                APLOG_ERR,
            )
