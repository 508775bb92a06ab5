"""Start the real daemon and a real nginx, wait until they answer, stop them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

# Below the ports that Linux gives to outgoing connections.
PORTS = range(20000, 32000)
# Seconds for anything that should happen at once: on a machine that does much else, too.
PATIENCE = 60.0
_taken: list[socket.socket] = []


def free_port() -> int:
    """A TCP port for this process alone: no other run of the tests on this machine gets it before this one ends."""
    for port in random.sample(PORTS, 200):
        mark = socket.socket(socket.AF_UNIX)
        try:
            # In the abstract namespace, which is cleaned up by itself.
            mark.bind(f"\0mpfcgi-tests-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _taken.append(mark)
        return port
    raise AssertionError(f"no free port in {PORTS}")


def program(name: str) -> str:
    """The path of a server's program; without it the test is skipped, or fails where everything must be there."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return found


def wait_until(condition, what: str, process: subprocess.Popen | None = None, seconds: float = PATIENCE) -> None:
    """Poll an event that gives no other sign of itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def connects(address) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as sock:
        return sock.connect_ex(address) == 0


class Daemon:
    """`mpfcgi run` with `options` on a configuration in `folder`; its log is `folder`/error.log.

    `files` is how many its processes may have open each, if that is to be few.
    """

    def __init__(
        self, folder: Path, config: str, options: Sequence[str] = (), stdin: int | None = None, files: int | None = None
    ) -> None:
        self.folder = folder
        self.config = folder / "mpfcgi.conf"
        self.config.write_text(config)
        self.socket = str(folder / "mpfcgi.sock")
        self.output = folder / "daemon.out"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [
                    *(["prlimit", f"--nofile={files}"] if files else []),
                    *[sys.executable, "-m", "mpfcgi", "run", "-c", str(self.config), *options],
                ],
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "MPFCGI_HOME": str(folder)},
            )
        try:
            wait_until(lambda: connects(self.socket), "the daemon listens", self.process)
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.output.read_text()}") from None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def log(self) -> str:
        path = self.folder / "error.log"
        return (path.read_text() if path.exists() else "") + self.output.read_text()

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self.log(), f"{text!r} in the log", self.process)

    def children(self) -> set[int]:
        """The process ids of its workers, and of a router and templates, if it has them."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The end of `mpfcgi ARGUMENTS -c` this daemon's configuration."""
        return self.command_for(self.config, *arguments)

    def command_for(self, config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same for another one."""
        return subprocess.run(
            [sys.executable, "-m", "mpfcgi", *arguments, "-c", str(config)],
            capture_output=True,
            text=True,
            env={**os.environ, "MPFCGI_HOME": str(self.folder)},
            timeout=60,
        )

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                return self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        return self.process.returncode


PARAMS = Path(__file__).parents[2] / "contrib" / "nginx" / "mpfcgi_params"
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    proxy_temp_path {folder}/nginx-proxy;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    client_max_body_size 0;
    upstream mpfcgi {{ server unix:{socket}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        merge_slashes off;
        underscores_in_headers on;
        location / {{
            include {params};
            fastcgi_keep_conn on;
            # The corpus's plain sockets close their sending side at once.
            fastcgi_ignore_client_abort on;
            fastcgi_pass mpfcgi;
        }}
{more}
    }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, upstream: str, more: str = "") -> Iterator[int]:
    """A real nginx in front of the unix socket `upstream`, with `more` in its server; gives its port."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, socket=upstream, port=port, params=PARAMS, more=more))
    with running("nginx", ["-c", str(config), "-p", str(folder)], folder, port):
        yield port


@contextlib.contextmanager
def running(name: str, arguments: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    """A web server that writes `folder`/NAME.pid when it is there, from then until the end of the block."""
    process = subprocess.Popen([program(name), *arguments], cwd=folder)
    try:
        # Another test may have taken the port: then it is not our server that answers there.
        wait_until((folder / f"{name}.pid").exists, f"{name} starts", process)
        wait_until(lambda: connects(("127.0.0.1", port)), f"{name} listens", process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
