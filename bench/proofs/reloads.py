"""Reloads and upgrades under load: nobody notices."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator

from peers.base import Workshop

from .base import Claim, Site, load, running, until

WORKERS, CLIENTS = 2, 16


def prove(shop: Workshop, scale: float) -> Iterator[Claim]:
    """A hundred reloads in a minute, sixteen clients that keep their connections."""
    return _again_and_again(shop, "reloads", signal.SIGHUP, max(5, round(100 * scale)), 60 * scale, "reload: done")


def prove_upgrades(shop: Workshop, scale: float) -> Iterator[Claim]:
    """Twenty times a supervisor that executes itself anew, as for another version."""
    return _again_and_again(shop, "upgrades", signal.SIGUSR2, max(3, round(20 * scale)), 40 * scale, "upgrade: done")


def _again_and_again(
    shop: Workshop, what: str, number: signal.Signals, times: int, seconds: float, done: str
) -> Iterator[Claim]:
    with running(Site(shop, WORKERS), WORKERS) as site:
        load(site, 1, CLIENTS)
        before = site.error_log().count(done)
        acts = threading.Thread(target=_signal, args=(site, number, times, seconds, done))
        acts.start()
        sample = load(site, seconds, CLIENTS)
        acts.join()
        count = site.error_log().count(done) - before
    yield Claim(
        what, f"{count} in {seconds:g} s, {sample.requests_per_second:.0f} requests/s", str(times), count == times
    )
    yield Claim("requests failed", str(sample.failures), "0", sample.failures == 0)
    yield Claim("p99", f"{sample.p99_ms:.2f} ms (p50 {sample.p50_ms:.2f})", "< 20 ms", sample.p99_ms < 20)


def _signal(site: Site, number: signal.Signals, times: int, seconds: float, done: str) -> None:
    start, before = time.monotonic(), site.error_log().count(done)
    for count in itertools.count(1):
        site.supervisor.send_signal(number)
        until(lambda count=count: site.error_log().count(done) >= before + count, f"{done!r} {count} times", 60)
        if count == times:
            return
        time.sleep(max(0.0, start + seconds * count / times - time.monotonic()))
