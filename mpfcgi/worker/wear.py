"""When a worker has done its time: MaxRequests and MemoryLimit.

It goes on serving until the supervisor, told so, has a replacement ready. The watchdog asks, beside the requests, so that
they pay nothing for it; a few more than the limit may be answered.
"""

from __future__ import annotations

import os

PAGE = os.sysconf("SC_PAGE_SIZE")


class Wear:
    """The limits of one worker: requests, and bytes of resident memory; 0 for no limit."""

    def __init__(self, max_requests: int, memory_limit: int) -> None:
        self._max_requests, self._memory_limit = max_requests, memory_limit

    def why(self, served: int) -> str | None:
        """Why the worker is to be replaced after `served` requests; None when it isn't."""
        if self._max_requests and served >= self._max_requests:
            return f"it has answered {served} requests (MaxRequests)"
        if self._memory_limit and (used := self._resident()) > self._memory_limit:
            return f"it has {used >> 10} KiB in memory, more than MemoryLimit {self._memory_limit >> 10} KiB"
        return None

    def _resident(self) -> int:
        try:
            return resident()
        except OSError:
            # No file can be opened: that the worker is replaced for, too.
            return 0


def wear_of(max_requests: int, memory_limit: int) -> Wear | None:
    """The limits; None when there are none."""
    return Wear(max_requests, memory_limit) if max_requests or memory_limit else None


def resident() -> int:
    """The bytes of this process that are in memory (proc(5), statm)."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE
