"""What the proofs share: a daemon with a handler behind nginx, load from wrk, and claims with their figures."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from measure import Sample, measure
from nginx import Nginx
from peers.base import Workshop, installed
from peers.ours import Ours

CONFIG = """\
ServerRoot {folder}
ServerName bench.test
Listen unix:{socket} mode=0666
AllowRoot On
ErrorLog {folder}/error.log
DocumentRoot {root}
<PythonPool "*">
    MaxProcesses {processes}
</PythonPool>
<Directory {root}>
    SetHandler mod_python
    PythonHandler work
</Directory>
"""

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Claim:
    """A figure, what it must be, and whether it is."""

    what: str
    figure: str
    wanted: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}  {self.what}: {self.figure} (wanted: {self.wanted})"


class Site(Ours):
    """mpfcgi with `config` (a template) and `processes` workers, to be asked for work.py."""

    script = "/work.py"

    def __init__(self, shop: Workshop, processes: int, config: str = CONFIG) -> None:
        self.key = f"site{next(NUMBERS)}"
        super().__init__(Workshop(shop.folder, processes, shop.clients))
        self.config = config

    def command(self) -> list[str]:
        command = super().command()
        (self.folder / "mpfcgi.conf").write_text(self.text())
        return command

    def text(self) -> str:
        """The configuration."""
        return self.config.format(
            folder=self.folder, socket=self.socket, root=self.shop.apps / "work", processes=self.processes
        )

    @property
    def supervisor(self) -> psutil.Process:
        return psutil.Process(self.pids()[0])

    def workers(self) -> list[psutil.Process]:
        """The pools' processes, without the router."""
        return [child for child in self.supervisor.children() if "pool" in title(child)]

    def error_log(self) -> str:
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""


class Front(Nginx):
    """nginx before one site; it passes on to other scripts by their path."""

    def __init__(self, site: Site) -> None:
        self.key = f"nginx-{site.key}"
        super().__init__(site.shop, [site])

    def upstream(self, peer) -> str:
        return super().upstream(peer).replace(str(self.shop.apps / "handler"), str(self.shop.apps / "work"))


@contextlib.contextmanager
def running(site: Site, workers: int, started: bool = True) -> Iterator[Site]:
    """The site and nginx, started, with so many workers, `started` by themselves or with the first request."""
    front = Front(site)
    try:
        site.start()
        until(lambda: not started or len(site.workers()) == workers, f"{workers} workers", 30)
        front.start()
        assert ask(site.port, "/work.py") == 200, site.log() + site.error_log()
        until(lambda: len(site.workers()) >= workers, f"{workers} workers")
        yield site
    finally:
        front.stop()
        site.stop()


def load(site: Site, seconds: float, clients: int, path: str = "/work.py") -> Sample:
    """wrk's figures for so many clients on kept connections."""
    url = f"http://127.0.0.1:{site.port}{path}"
    return measure(installed("wrk", "wrk"), url, site.pids(), seconds=seconds, threads=1, clients=clients)


def ask(port: int, path: str) -> int:
    """The status of one request."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", path)
        response = client.getresponse()
        response.read()
        return response.status
    finally:
        client.close()


@contextlib.contextmanager
def beside(*acts: Callable[[], object]) -> Iterator[None]:
    """Each act again and again, in a thread of its own."""
    over = threading.Event()

    def repeat(act: Callable[[], object]) -> None:
        while not over.is_set():
            act()

    threads = [threading.Thread(target=repeat, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:g} s")
        time.sleep(0.002)


def title(process: psutil.Process) -> str:
    """What `ps` shows; "" for a process that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def pss(pid: int) -> float:
    """The proportional share of memory that a process uses, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss for {pid}")


def rss(pid: int) -> float:
    """Resident memory, in MB."""
    return psutil.Process(pid).memory_info().rss / (1 << 20)
