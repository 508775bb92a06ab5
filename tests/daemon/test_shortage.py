"""The real daemon where files, or the disk, run out."""

import json
import os
import resource
import socket
import subprocess
import sys

import pytest

from tests.support.pools import Pools
from tests.support.servers import Daemon
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HOSTS = "".join(
    f"<VirtualHost *>\nServerName {number}.test\nDocumentRoot htdocs\n</VirtualHost>\n" for number in range(30)
)


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*arguments, **more):
        started.append(Pools(tmp_path, *arguments, **more))
        return started[-1]

    yield start
    for pools in started:
        assert pools.daemon.stop() == 0


def _use_up_files(pid):
    """From now on this process can open nothing; what undoes that."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    free = next(number for number in range(len(used) + 1) if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_without_files_for_the_start_one_line_says_so_and_nothing_is_left(tmp_path):
    (tmp_path / "mpfcgi.conf").write_text(one_handler(tmp_path) + HOSTS)
    ended = subprocess.run(
        ["prlimit", "--nofile=40", sys.executable, "-m", "mpfcgi", "run", "-c", str(tmp_path / "mpfcgi.conf")],
        capture_output=True, text=True, env={**os.environ, "MPFCGI_HOME": str(tmp_path)}, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.endswith("the daemon can't start: Too many open files (raise ulimit -n (LimitNOFILE= of systemd))")
    assert not (tmp_path / "mpfcgi.sock").exists()
    assert list((tmp_path / "run").glob("*")) == []


def test_a_reload_that_needs_more_files_than_there_are_changes_nothing(start):
    pools = start("MaxProcesses 1")
    daemon = pools.daemon
    worker = pools.get()[0]
    pid = daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 30, before[1]))
    text = daemon.config.read_text()
    daemon.config.write_text(text + HOSTS)
    said = daemon.command("reload")
    assert (said.returncode, "Too many open files" in said.stderr) == (1, True)
    assert pools.get()[0] == worker
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert daemon.command("reload").returncode == 0
    assert pools.get()[0] != worker


def test_without_files_the_daemon_can_still_be_asked_by_one_after_the_other(start):
    pools = start("MaxProcesses 1")
    pools.get()
    daemon = pools.daemon
    (path,) = (daemon.folder / "run").glob("*.ctl")
    give_back = _use_up_files(daemon.process.pid)
    # It says nothing, and has the descriptor that was kept.
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(str(path))
    asking = socket.socket(socket.AF_UNIX)
    asking.settimeout(20)
    asking.connect(str(path))
    asking.sendall(b'{"command": "ping"}\n')
    silent.close()
    assert json.loads(asking.makefile().readline())["ok"] is True
    assert daemon.command("status").returncode == 0
    give_back()


def test_a_pool_whose_limit_lets_no_worker_start_is_told_of_it(tmp_path):
    daemon = Daemon(tmp_path, one_handler(tmp_path, pool="MaxProcesses 1\n    ResourceLimit as 20M"))
    line = next(
        number for number, text in enumerate(daemon.config.read_text().splitlines(), 1) if "<PythonPool" in text
    )
    daemon.wait_for_log("has crashed: ")
    daemon.wait_for_log(f"or the ResourceLimit of as ({daemon.config}:{line})")
    assert daemon.stop() == 0
