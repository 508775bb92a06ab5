"""Logs that are moved away, as logrotate does: after SIGUSR1 nobody has the old ones any more."""

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

LOGS = ("error.log", "access.log", "slow.log")
CONFIG = """\
AllowRoot On
ServerName localhost
Listen unix:mpfcgi.sock
ErrorLog error.log
CustomLog access.log common
DocumentRoot htdocs
<PythonPool "*">
    MaxProcesses 1
    SlowLog slow.log 5s
</PythonPool>
<PythonPool preloaded>
    MaxProcesses 1
    Preload On
</PythonPool>
<Directory {folder}/htdocs>
    Require all granted
    SetHandler mod_python
    PythonHandler site_handler
</Directory>
<Directory {folder}/htdocs/preloaded>
    PythonInterpreter preloaded
</Directory>
"""
HANDLER = """\
def handler(req):
    req.write(req.interpreter)
    return 0
"""


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "htdocs" / "preloaded").mkdir(parents=True)
    for folder in ("htdocs", "htdocs/preloaded"):
        (tmp_path / folder / "site_handler.py").write_text(HANDLER)
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path))
    yield daemon
    assert daemon.stop() == 0


def open_paths(process):
    """The files that a process has open."""
    paths = set()
    for number in os.listdir(f"/proc/{process.pid}/fd"):
        try:
            paths.add(os.readlink(f"/proc/{process.pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return paths


def holders(daemon, path: Path):
    """The daemon's processes that have a file open."""
    supervisor = psutil.Process(daemon.process.pid)
    found = []
    for process in (supervisor, *supervisor.children(recursive=True)):
        try:
            if str(path) in open_paths(process):
                found.append(process.name())
        except (FileNotFoundError, PermissionError, psutil.NoSuchProcess):
            pass
    return found


def ask_both(daemon):
    client = Client(daemon.socket)
    assert client.get("/x.py") == (200, b"localhost")
    assert Client(daemon.socket).get("/preloaded/x.py") == (200, b"preloaded")


def test_nobody_keeps_a_log_that_was_moved_away(daemon):
    ask_both(daemon)
    for name in LOGS:
        (daemon.folder / name).rename(daemon.folder / f"{name}.1")
    assert holders(daemon, daemon.folder / "error.log.1")
    daemon.signal(signal.SIGUSR1)
    for name in LOGS:
        wait_until(lambda name=name: not holders(daemon, daemon.folder / f"{name}.1"), f"{name}.1 is let go")
    ask_both(daemon)
    for name in LOGS:
        assert (daemon.folder / name).exists()
    wait_until(lambda: (daemon.folder / "access.log").read_text().count("\n") == 2, "both lines")


def test_a_log_that_can_not_be_opened_again_is_said_where_it_is_seen(tmp_path):
    (tmp_path / "logs").mkdir()
    daemon = Daemon(tmp_path, one_handler(tmp_path).replace("error.log", "logs/error.log"))
    shutil.rmtree(tmp_path / "logs")
    daemon.signal(signal.SIGUSR1)
    wait_until(lambda: "can't reopen" in daemon.output.read_text(), "it is said", daemon.process)
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    assert daemon.stop() == 0
