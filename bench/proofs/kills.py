"""Workers that are killed under load: only the requests in their hands fail."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator

import psutil
from peers.base import Workshop

from .base import Claim, Site, load, pss, running, until

WORKERS, CLIENTS = 8, 16
# Seconds from a worker's start for which it is let alone: one that dies at once counts as one that can't start.
GRACE = 1.1


def prove(shop: Workshop, scale: float) -> Iterator[Claim]:
    """A thousand workers killed with SIGKILL, one after the other."""
    kills = max(20, round(1000 * scale))
    with running(Site(shop, WORKERS), WORKERS) as site:
        load(site, 1, CLIENTS)
        time.sleep(GRACE)
        memory = [pss(site.supervisor.pid)]
        seconds = kills * (GRACE + 0.4) / WORKERS
        killing = threading.Thread(target=_kill, args=(site, kills, seconds, memory))
        killing.start()
        sample = load(site, seconds + 1, CLIENTS)
        killing.join()
        until(lambda: len(site.workers()) == WORKERS, "all workers are back")
        after = load(site, 1, CLIENTS)
        died = site.error_log().count("was killed by SIGKILL; a new one is started")
    # A worker's hands hold the request that it answers, and those on its other connections that it has not read yet.
    most = kills * -(-CLIENTS // WORKERS)
    yield Claim("workers killed", f"{died}, at {sample.requests_per_second:.0f} requests/s", str(kills), died == kills)
    yield Claim("requests failed", str(sample.failures), f"<= {most}, what is in their hands", sample.failures <= most)
    yield Claim("requests failed afterwards", str(after.failures), "0", after.failures == 0)
    yield Claim("the supervisor's memory", f"{memory[0]:.1f} MB before, {memory[1]:.1f} MB half-way, {memory[-1]:.1f} MB after",
                "flat", memory[-1] - max(memory[:-1]) < 1)  # fmt: skip


def _kill(site: Site, kills: int, seconds: float, memory: list[float]) -> None:
    start = time.monotonic()
    seen = {worker.pid: start - GRACE for worker in site.workers()}
    for count in range(kills):
        if count == kills // 2:
            memory.append(pss(site.supervisor.pid))
        until(lambda: _grown(site, seen), "a worker that is old enough")
        victim = random.choice(_grown(site, seen))
        victim.send_signal(signal.SIGKILL)
        until(lambda victim=victim: victim not in site.workers(), "the end of a killed worker")
        time.sleep(max(0.0, start + seconds * (count + 1) / kills - time.monotonic()))
    memory.append(pss(site.supervisor.pid))


def _grown(site: Site, seen: dict[int, float]) -> list[psutil.Process]:
    now, workers = time.monotonic(), site.workers()
    return [worker for worker in workers if now - seen.setdefault(worker.pid, now) >= GRACE]
