"""What workers weigh, and whether they grow."""

from __future__ import annotations

from collections.abc import Iterator

from peers.base import Workshop

from .base import Claim, Site, load, pss, rss, running

WORKERS, MORE, CLIENTS = 4, 8, 16
REQUESTS = 1_000_000


def prove(shop: Workshop, scale: float) -> Iterator[Claim]:
    """A million requests: the memory of each worker when they are warm, half-way, and at the end."""
    with running(Site(shop, 1), 1) as site:
        one = _weight(site)
    with running(Site(shop, 1 + MORE), 1 + MORE) as site:
        more = (_weight(site) - one) / MORE
    yield Claim("an idle worker beyond the first", f"{more:.1f} MB PSS", "<= 8 MB", more <= 8)
    wanted = round(REQUESTS * scale)
    with running(Site(shop, WORKERS), WORKERS) as site:
        pids = [worker.pid for worker in site.workers()]
        rate = load(site, 3, CLIENTS).requests_per_second
        sizes, served, failed = [[rss(pid) for pid in pids]], 0, 0
        # In few pieces: each has clients of its own, whose requests the workers remember, up to a bound.
        while served < wanted:
            seconds = max(2, round(wanted / rate / 4))
            sample = load(site, seconds, CLIENTS)
            served += round(sample.requests_per_second * seconds)
            failed += sample.failures
            sizes.append([rss(pid) for pid in pids])
        same = sorted(worker.pid for worker in site.workers()) == sorted(pids)
    half = sizes[len(sizes) // 2]
    # Of the largest: one that had no connections at first warms up late.
    growth = max(sizes[-1]) - max(half)
    yield Claim("requests failed", f"{failed} of {served}", "0", failed == 0)
    yield Claim("workers that stayed", str(same), "all", same)
    yield Claim(
        "the largest worker's resident memory",
        f"{max(sizes[0]):.2f} MB warm, {max(half):.2f} MB half-way, {max(sizes[-1]):.2f} MB at the end",
        "no growth from half-way (0.3 MB)", growth < 0.3,
    )  # fmt: skip


def _weight(site: Site) -> float:
    """All that the daemon's processes use, when each of its workers has answered a request."""
    load(site, 2, 4 * CLIENTS)
    return sum(pss(pid) for pid in (site.supervisor.pid, *(worker.pid for worker in site.workers())))
