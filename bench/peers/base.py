"""What every row has in common: a process to start and stop, and how nginx reaches it."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


class Missing(Exception):
    """A peer is not installed; the message says what to install."""


@dataclass(frozen=True)
class Workshop:
    """The run's temporary folder, with a copy of the applications, and how many processes each row gets."""

    folder: Path
    processes: int
    clients: int

    @property
    def apps(self) -> Path:
        return self.folder / "apps"


class Peer:
    """One row. Subclasses give the command and, where nginx stands in front, the upstream's protocol.

    key: what ONLY= calls it; title: what the table calls it; protocol: "fastcgi", "http", or "" when the peer
    is itself the web server; keeps: whether nginx may keep its connections; script: the path that is asked for;
    app_folder: its folder of bench/apps; directives: what a mod_python is told for that folder; sessions: whether each
    of wrk's clients brings the cookie of a session.
    """

    key = ""
    title = ""
    protocol = "fastcgi"
    keeps = True
    script = "/hello.py"
    app_folder = "handler"
    directives = "PythonHandler hello"
    sessions = False
    note = ""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.folder = shop.folder / self.key
        self.socket = self.folder / "s"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def processes(self) -> int:
        """How many processes answer requests."""
        return self.shop.processes

    def command(self) -> list[str]:
        """The command line that serves in the foreground. Raises Missing."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def start(self) -> None:
        """Start it and wait until its socket takes connections."""
        self.folder.mkdir(mode=0o755)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_until_ready()

    def wait_until_ready(self, seconds: float = 20.0) -> None:
        assert self.process is not None
        deadline = time.monotonic() + seconds
        while not self.accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.key} did not start:\n{self.log()}")
            time.sleep(0.02)

    def accepts(self) -> bool:
        family, address = (
            (socket.AF_UNIX, str(self.socket)) if self.protocol else (socket.AF_INET, ("127.0.0.1", self.port))
        )
        with socket.socket(family) as s:
            return s.connect_ex(address) == 0

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """End the process group that `start` made: politely, then not."""
        if self.process is None:
            return
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sig)
            except ProcessLookupError:
                pass
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def pids(self) -> list[int]:
        """The root of the row's process tree."""
        return [self.process.pid] if self.process else []


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def in_venv(name: str, package: str) -> str:
    """The path of a program installed beside this interpreter. Raises Missing."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise Missing(f"pip install {package}")
    return str(path)


def installed(package: str, *patterns: str) -> str:
    """The first file that matches one of the patterns, or the program of that name. Raises Missing."""
    for pattern in patterns:
        found = sorted(glob.glob(pattern)) if "/" in pattern else [p for p in [shutil.which(pattern)] if p]
        if found:
            return found[-1]
    raise Missing(f"apt-get install {package}")
