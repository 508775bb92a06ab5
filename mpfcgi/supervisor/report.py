"""The daemon's state as a value: what `mpfcgi status`, `top` and the status page show.

Only what the supervisor knows at once; the memory and processor time of each process are for who asks to look up.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import Any

from mpfcgi import __version__
from mpfcgi.ipc.scoreboard import BUSY, STATE_NAMES
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.history import History, title_of
from mpfcgi.supervisor.pool import Pool, WorkerCrew
from mpfcgi.supervisor.worker_handle import WorkerHandle

# Seconds over which a rate is measured, and the least between two measurements.
RATE_OVER, RATE_EVERY = 60.0, 1.0


class Rates:
    """Requests per second of each pool, between the times that somebody asked."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, dict[str, int]]] = deque()

    def measure(self, totals: dict[str, int], now: float) -> dict[str, float]:
        """The rates since about a minute ago, or since the first time."""
        samples = self._samples
        while len(samples) > 1 and samples[1][0] < now - RATE_OVER:
            samples.popleft()
        if not samples or now - samples[-1][0] >= RATE_EVERY:
            samples.append((now, totals))
        since, before = samples[0]
        passed = now - since
        if passed < RATE_EVERY:
            return {}
        return {pool: round(max(total - before.get(pool, 0), 0) / passed, 2) for pool, total in totals.items()}


class Reporter:
    """Makes reports. `started` is when the daemon was, in seconds since the epoch; `upgrades` how often it was since."""

    def __init__(self, history: History, started: float, upgrades: int) -> None:
        self.history, self.started, self.upgrades = history, started, upgrades
        self._rates = Rates()

    def report(self, config_file: str, generation: int, state: str, crews: Sequence[Crew]) -> dict[str, Any]:
        """The state of all `crews`; those of old generations are part of their pool."""
        now = monotonic()
        grouped: dict[str, list[WorkerCrew]] = {}
        for crew in crews:
            if isinstance(crew, WorkerCrew):
                grouped.setdefault(crew.title, []).append(crew)
        pools = [self._pool(title, group, now) for title, group in grouped.items()]
        rates = self._rates.measure({pool["name"]: pool["requests"] for pool in pools}, now)
        for pool in pools:
            pool["rate"] = rates.get(pool["name"])
        return {
            "version": __version__,
            "pid": os.getpid(),
            "config": config_file,
            "state": state,
            "generation": generation,
            "upgrades": self.upgrades,
            "started": round(self.started, 3),
            "now": round(time.time(), 3),
            "pools": pools,
            "others": [
                {"name": title_of(crew), "pid": pid} for crew in crews if not isinstance(crew, WorkerCrew)
                for pid in crew.members
            ],
            "endings": [ending._asdict() for ending in reversed(self.history.last)],
        }  # fmt: skip

    def _pool(self, title: str, crews: list[WorkerCrew], now: float) -> dict[str, Any]:
        newest = crews[0]
        workers = [_worker(member, now) for crew in crews for member in crew.members.values()]
        settings = newest.settings
        states = [worker["state"] for worker in workers]
        return {
            "name": title,
            "python": newest.python,
            "manager": newest.policy.manager if newest.policy is not None else settings.process_manager,
            "most": newest.policy.most if newest.policy is not None else newest.wanted,
            "wanted": sum(crew.wanted for crew in crews),
            "workers": workers,
            "busy": states.count("busy"),
            "idle": states.count("idle"),
            "queue": _waiting(crews),
            "queue_length": settings.queue_length,
            "backing_off": round(newest.backoff.delay, 3),
            "requests": self.history.requests[title] + sum(worker["requests"] for worker in workers),
            "ended": dict(self.history.counts.get(title, {})),
        }


def _worker(member: WorkerHandle, now: float) -> dict[str, Any]:
    worker: dict[str, Any] = {"pid": member.pid, "age": round(now - member.started, 1), "requests": 0, "connections": 0}
    if member.slot is None:
        return {**worker, "state": "leaving", "generation": None, "request": None, "request_age": None}
    slot = member.slot.read()
    state = STATE_NAMES[slot.state] if slot.state < len(STATE_NAMES) else "?"
    busy = slot.state == BUSY
    return {
        **worker,
        "state": "leaving" if member.asked is not None and not busy else state,
        "generation": slot.generation,
        "requests": slot.requests,
        "connections": slot.connections,
        "request": slot.line if busy else None,
        "request_age": round(max(now - slot.since, 0.0), 3) if busy else None,
    }


def _waiting(crews: Iterable[WorkerCrew]) -> int | None:
    """Connections that wait in a pool's handoff queue; None where the kernel does not tell."""
    ends = {crew.queue[1].fileno() for crew in crews if isinstance(crew, Pool)}
    known = [count for fd in ends if (count := _descriptors_in(fd)) is not None]
    return sum(known) if len(known) == len(ends) else None


def _descriptors_in(fd: int) -> int | None:
    """The descriptors that wait to be received from a unix socket: one for each message (proc_pid_fdinfo, scm_fds)."""
    try:
        with open(f"/proc/self/fdinfo/{fd}") as file:
            return next((int(line[9:]) for line in file if line.startswith("scm_fds:")), None)
    except (OSError, ValueError):
        return None
