"""Fast requests beside slow ones: no request waits behind a slow one while a worker is free."""

from __future__ import annotations

from collections.abc import Iterator

from peers.base import Workshop

from .base import Claim, Site, ask, beside, load, running

WORKERS, SLOW, FAST = 4, 2, 8
HELD = "/work.py?0.5"


def prove(shop: Workshop, scale: float) -> Iterator[Claim]:
    """Four workers, two clients that hold one for half a second each, eight that ask fast: their p99 and their rate."""
    seconds = 10 * scale
    with running(Site(shop, WORKERS - SLOW), WORKERS - SLOW) as site:
        load(site, 1, FAST)
        alone = load(site, seconds, FAST)
    held: list[int] = []
    with running(Site(shop, WORKERS), WORKERS) as site:
        load(site, 1, FAST)
        with beside(*[lambda: held.append(ask(site.port, HELD))] * SLOW):
            sample = load(site, seconds, FAST)
    failed = sample.failures + sum(status != 200 for status in held)
    rate, free = sample.requests_per_second, alone.requests_per_second
    yield Claim("requests failed", f"{failed}, {len(held)} slow ones answered", "0", failed == 0)
    yield Claim(
        "p99 of the fast ones",
        f"{sample.p99_ms:.2f} ms (p50 {sample.p50_ms:.2f}; {alone.p99_ms:.2f} without slow ones)",
        "< 5 ms",
        sample.p99_ms < 5,
    )
    yield Claim("their rate", f"{rate:.0f}/s, {free:.0f}/s with {WORKERS - SLOW} workers and no slow ones",
                ">= 80 %", rate >= 0.8 * free)  # fmt: skip
