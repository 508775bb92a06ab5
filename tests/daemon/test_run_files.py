"""Sockets and PID files: two daemons that start at once, and what somebody removes or replaces."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon


@pytest.fixture
def daemon(tmp_path):
    daemon = serving(tmp_path)
    yield daemon
    assert daemon.stop() == 0
    assert list((tmp_path / "run").iterdir()) == []


def serving(folder: Path) -> Daemon:
    daemon = Daemon(folder, one_handler(folder))
    wait_until(lambda: status(daemon)["state"] == "serving", "it serves", daemon.process)
    return daemon


def status(daemon: Daemon) -> dict:
    said = daemon.command("status", "--json")
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_who_has_lost_its_run_folder_is_found_again_after_a_reload(daemon):
    shutil.rmtree(daemon.folder / "run")
    os.unlink(daemon.socket)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("reload: done")
    assert status(daemon)["pid"] == daemon.process.pid
    assert (daemon.folder / "run" / "mpfcgi.pid").read_text() == f"{daemon.process.pid}\n"
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")


def test_what_another_daemon_has_put_in_the_place_of_ours_stays(tmp_path):
    daemon = serving(tmp_path)
    for name in ("mpfcgi.pid", "mpfcgi.ctl"):
        (tmp_path / "run" / name).unlink()
        (tmp_path / "run" / name).write_text("1\n")
    assert daemon.stop() == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["mpfcgi.ctl", "mpfcgi.pid"]


def test_two_starts_in_the_same_moment_make_one_daemon(tmp_path):
    (tmp_path / "mpfcgi.conf").write_text(one_handler(tmp_path))
    command = [sys.executable, "-m", "mpfcgi", "start", "-c", str(tmp_path / "mpfcgi.conf")]
    environment = {**os.environ, "MPFCGI_HOME": str(tmp_path)}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    try:
        assert sorted(process.returncode for process in both) == [0, 1], said
        assert "running already" in next(said[i][1] for i in (0, 1) if both[i].returncode)
        assert Client(str(tmp_path / "mpfcgi.sock")).get("/x.py") == (200, b"hello")
    finally:
        stop = [sys.executable, "-m", "mpfcgi", "stop", "-c", str(tmp_path / "mpfcgi.conf")]
        assert subprocess.run(stop, env=environment, timeout=60).returncode == 0
