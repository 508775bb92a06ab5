"""What became of processes that have ended: how many, and why, for the status."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from typing import NamedTuple

from mpfcgi.ipc import control
from mpfcgi.supervisor import process
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.worker_handle import WorkerHandle

KEPT = 50
ASKED, WORN, TIME = "asked to leave", "replaced", "a request took too long"
UNFIT = "its handlers could not be imported"
_BY_CODE = {control.GAVE_UP: TIME, control.UNFIT: UNFIT}


class Ending(NamedTuple):
    """A process that has ended; `at` is seconds since the epoch."""

    at: float
    pool: str
    pid: int
    why: str
    requests: int


class History:
    """The last endings, and how many there were for each reason in each pool."""

    def __init__(self) -> None:
        self.last: deque[Ending] = deque(maxlen=KEPT)
        self.counts: dict[str, Counter[str]] = {}
        # Requests that workers have answered which are gone.
        self.requests: Counter[str] = Counter()

    def note(self, crew: Crew, member: WorkerHandle, status: int) -> None:
        """The `member` of `crew` has ended with a wait status; its slot is still its own."""
        pool = title_of(crew)
        requests = member.slot.requests if member.slot is not None else 0
        self.requests[pool] += requests
        why = _why(member, status)
        self.counts.setdefault(pool, Counter())[why] += 1
        if why != ASKED:
            self.last.append(Ending(time.time(), pool, member.pid, why, requests))


def title_of(crew: Crew) -> str:
    """What people know a crew by."""
    return str(getattr(crew, "title", crew.name))


def _why(member: WorkerHandle, status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code in _BY_CODE:
        return _BY_CODE[code]
    if member.asked is not None and member.signals == 0:
        return WORN if member.worn else ASKED
    return process.how_it_ended(status)
