"""A thousand pools on one socket, none of which costs a process until it is asked."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator

from peers.base import Workshop

from mpfcgi.fastcgi import ClientConnection, RequestEnded

from .base import Claim, Site, load, pss, running, title, until

POOLS, CLIENTS = 1000, 16
# Each asked for the first time.
COLD = 60
HOST = """\
<VirtualHost *:80>
    ServerName site{number}.test
    DocumentRoot {root}
</VirtualHost>
"""
ONDEMAND = """\
<PythonPool "site*">
    ProcessManager ondemand
    MaxProcesses 1
    IdleTimeout 120s
</PythonPool>
"""


class Many(Site):
    """A host for each pool; the first one is the benchmark's own, so that nginx's requests come to it."""

    def text(self) -> str:
        root = self.shop.apps / "work"
        hosts = [HOST.format(number=number, root=root) for number in range(POOLS)]
        hosts[0] = hosts[0].replace("site0.test", "site0.test\n    ServerAlias bench.test 127.0.0.1")
        return super().text() + ONDEMAND + "".join(hosts)


def prove(shop: Workshop, scale: float) -> Iterator[Claim]:
    """How long it takes to start, the memory of who is always there, first requests, and the price of the router."""
    seconds = 5 * scale
    with running(Site(shop, 1), 1) as one:
        load(one, 1, CLIENTS)
        with running(Many(shop, 1), 1, started=False) as many:
            yield _start(shop)
            memory = _memory(many)
            load(many, 1, CLIENTS)
            rounds = max(1, round(5 * scale))
            ratios = []
            for _ in range(rounds):
                alone = load(one, seconds, CLIENTS)
                routed = load(many, seconds, CLIENTS)
                ratios.append(routed.cpu_us_per_request / alone.cpu_us_per_request)
            first = [_first_request(many, number) for number in range(1, COLD + 1)]
    ratio, cold = statistics.median(ratios) - 1, statistics.median(first)
    yield Claim("memory of supervisor and router", f"{memory:.1f} MB", "< 60 MB", memory < 60)
    yield Claim("first request of a pool, p50 of " + str(COLD), f"{cold:.1f} ms", "< 15 ms", cold < 15)
    yield Claim(
        "processor time of a warm request, beside a daemon of one pool", f"{ratio:+.1%}", "<= 5 %", ratio <= 0.05
    )


def _start(shop: Workshop) -> Claim:
    """From the command to the socket, which is there when the configuration has been read."""
    site = Many(shop, 1)
    start = time.monotonic()
    try:
        site.start()
        until(lambda: any("router" in title(child) for child in site.supervisor.children()), "a router")
        seconds = time.monotonic() - start
    finally:
        site.stop()
    return Claim(f"start with {POOLS} pools", f"{seconds:.2f} s", "< 1 s", seconds < 1)


def _memory(site: Site) -> float:
    routers = [child.pid for child in site.supervisor.children() if "router" in title(child)]
    return sum(pss(pid) for pid in (site.supervisor.pid, *routers))


def _first_request(site: Site, number: int) -> float:
    """Milliseconds, without nginx: from connecting to the end of the response."""
    client = ClientConnection()
    start = time.monotonic()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(site.socket))
        params = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/work.py", "HTTP_HOST": f"site{number}.test"}
        sock.sendall(client.begin_request(params) + client.stdin_end())
        while not isinstance(event := client.next_event(), RequestEnded):
            if event is None:
                client.receive_data(sock.recv(65536))
    return (time.monotonic() - start) * 1000
