"""The commands that talk with a running daemon: start, stop, reload, status, top, stack."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import os, time
from mod_python import apache

def handler(req):
    what = req.args or ""
    if what == "pid":
        req.write("%d" % os.getpid())
    elif what == "loop":
        spin()
    elif what == "sleep":
        time.sleep(3600)
    else:
        req.write("hello")
    return apache.OK

def spin():
    while True: pass
"""


@pytest.fixture
def site(tmp_path):
    """The folder of a site with its configuration."""
    (tmp_path / "mpfcgi.conf").write_text(
        one_handler(tmp_path, HANDLER, pool="MaxProcesses 2\n    ReloadFile restart.txt")
    )
    return tmp_path


def configuration(site):
    return (site / "mpfcgi.conf").read_text()


@pytest.fixture
def daemon(site):
    daemon = Daemon(site, configuration(site))
    wait_until(lambda: status(daemon)["state"] == "serving", "it serves", daemon.process)
    yield daemon
    assert daemon.stop() == 0
    assert list((site / "run").iterdir()) == []


def mpfcgi(home: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mpfcgi", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd or home,
        env={**os.environ, "MPFCGI_HOME": str(home), "XDG_CONFIG_HOME": str(home / "none")},
        timeout=60,
    )


def status(daemon: Daemon) -> dict:
    said = daemon.command("status", "--json")
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def busy(daemon: Daemon) -> list[dict]:
    """The workers whose request has a name by now."""
    return [worker for pool in status(daemon)["pools"] for worker in pool["workers"] if worker["request"]]


def pids(daemon: Daemon) -> set[int]:
    return {
        worker["pid"] for pool in status(daemon)["pools"] for worker in pool["workers"] if worker["state"] == "idle"
    }


def test_the_status_shows_pools_workers_and_what_they_have_done(daemon):
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    report = status(daemon)
    (pool,) = report["pools"]
    assert (report["pid"], report["state"]) == (daemon.process.pid, "serving")
    assert (pool["name"], pool["manager"], pool["most"], pool["queue"]) == ("localhost", "static", 2, 0)
    assert sorted(worker["pid"] for worker in pool["workers"]) == sorted(
        child.pid for child in psutil.Process(daemon.process.pid).children()
    )
    assert pool["requests"] == 1
    assert all(worker["pss"] > 0 for worker in pool["workers"])
    text = daemon.command("status").stdout
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    assert f"localhost: 2 workers (0 busy) of 2, static, {python}, queue 0 of 128, 1 request" in text


def test_a_request_in_progress_is_shown_with_its_age(daemon):
    client = Client(daemon.socket)
    client.send("/x.py?sleep", REQUEST_METHOD="POST")
    client.sock.sendall(client.wire.stdin_end())
    wait_until(lambda: busy(daemon), "it is seen", daemon.process)
    (worker,) = busy(daemon)
    assert worker["request"] == "POST localhost/x.py?sleep"
    assert worker["request_age"] > 0
    assert "POST localhost/x.py?sleep" in daemon.command("status").stdout
    assert "localhost/x.py?sleep" in daemon.command("top", "--once").stdout
    os.kill(worker["pid"], signal.SIGKILL)


def test_a_worker_that_was_killed_is_among_those_that_ended_with_the_reason(daemon):
    pid = min(pids(daemon))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(pids(daemon) - {pid}) == 2, "a new one", daemon.process)
    report = status(daemon)
    (ending,) = report["endings"]
    assert (ending["pid"], ending["why"], ending["pool"]) == (pid, "was killed by SIGKILL", "localhost")
    assert report["pools"][0]["ended"] == {"was killed by SIGKILL": 1}
    assert "was killed by SIGKILL" in daemon.command("status").stdout


@pytest.mark.parametrize(
    ("what", "frame", "line"), [("loop", "in spin", "while True: pass"), ("sleep", "in handler", "time.sleep(3600)")]
)
def test_the_stack_of_a_handler_that_hangs(daemon, what, frame, line):
    client = Client(daemon.socket)
    client.send(f"/x.py?{what}")
    client.sock.sendall(client.wire.stdin_end())
    wait_until(lambda: busy(daemon), "it is seen", daemon.process)
    (worker,) = busy(daemon)
    for _ in range(2):
        said = daemon.command("stack", str(worker["pid"]))
        assert said.returncode == 0, said.stderr
        assert frame in said.stdout
        assert line in said.stdout
        assert "site_handler.py" in said.stdout
    os.kill(worker["pid"], signal.SIGKILL)


def test_the_stack_of_a_stranger_is_not_shown(daemon):
    said = daemon.command("stack", str(os.getpid()))
    assert said.returncode == 1
    assert f"{os.getpid()} is none of this daemon's workers" in said.stderr


def test_reload_replaces_all_workers_and_answers_when_the_new_ones_serve(daemon):
    before = pids(daemon)
    said = daemon.command("reload")
    assert (said.returncode, said.stdout) == (0, "mpfcgi has reloaded: the new workers serve\n")
    wait_until(lambda: len(pids(daemon) - before) == 2, "the new ones", daemon.process)
    assert status(daemon)["generation"] == 1


def test_reload_of_one_pool_replaces_its_workers_only(daemon):
    before = pids(daemon)
    said = daemon.command("reload", "localhost")
    assert (said.returncode, said.stdout) == (0, "mpfcgi has replaced 2 workers of localhost\n")
    wait_until(lambda: len(pids(daemon) - before) == 2, "the new ones", daemon.process)
    assert status(daemon)["generation"] == 0


def test_reload_of_a_pool_that_is_not_there_names_those_that_are(daemon):
    said = daemon.command("reload", "nosuch")
    assert said.returncode == 1
    assert "there is no pool 'nosuch' now; there are: localhost" in said.stderr


def test_reload_says_what_is_wrong_with_the_configuration_and_the_old_one_stays(daemon):
    right = daemon.config.read_text()
    daemon.config.write_text(right + "NoSuchDirective x\n")
    said = daemon.command("reload")
    assert said.returncode == 1
    assert "there is no directive NoSuchDirective" in said.stderr
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")


def test_touching_the_reload_file_replaces_the_workers(daemon):
    before = pids(daemon)
    (daemon.folder / "htdocs" / "restart.txt").write_text("")
    wait_until(lambda: len(pids(daemon) - before) == 2, "new workers", daemon.process)
    daemon.wait_for_log("its ReloadFile was touched")


def test_nothing_can_be_asked_of_a_daemon_that_is_not_running(site):
    for arguments in (["status"], ["stop"], ["reload"], ["stack", "1"], ["top", "--once"], ["restart"]):
        said = mpfcgi(site, *arguments)
        assert said.returncode == 1
        assert "is not running; start it with: mpfcgi start" in said.stderr


def test_start_stop_and_start_again(site):
    said = mpfcgi(site, "start")
    assert said.returncode == 0, said.stderr
    pid = int((site / "run" / "mpfcgi.pid").read_text())
    try:
        assert said.stdout == f"mpfcgi runs: process {pid}, {site}/mpfcgi.conf\n"
        assert Client(str(site / "mpfcgi.sock")).get("/x.py") == (200, b"hello")
        again = mpfcgi(site, "start")
        assert again.returncode == 1
        assert f"is running already: process {pid}" in again.stderr
    finally:
        stopped = mpfcgi(site, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, f"mpfcgi has stopped: process {pid}\n")
    assert not (site / "mpfcgi.sock").exists()
    assert [path.name for path in (site / "run").iterdir()] == ["mpfcgi.out"]


def test_start_shows_why_it_fails(site):
    (site / "mpfcgi.conf").write_text(configuration(site).replace("mpfcgi.sock", "nosuch/mpfcgi.sock"))
    said = mpfcgi(site, "start")
    assert said.returncode == 1
    assert "can't listen on" in said.stderr
    assert "the daemon has ended with status 1" in said.stderr


def test_a_stale_pid_file_is_said_to_be_one_and_is_no_hindrance(site):
    (site / "run").mkdir()
    (site / "run" / "mpfcgi.pid").write_text("999999999\n")
    assert "its PID file is stale" in mpfcgi(site, "status").stderr
    said = mpfcgi(site, "start")
    try:
        assert said.returncode == 0
        assert "mpfcgi.pid is stale" in said.stderr
    finally:
        assert mpfcgi(site, "stop").returncode == 0


def test_a_pid_file_of_a_process_that_is_another_one_by_now_is_no_hindrance(daemon):
    """As after a reboot, when the number is that of a worker, or of another daemon."""
    worker = Client(daemon.socket).get("/x.py?pid")[1]
    for pid in (int(worker), daemon.process.pid):
        other = daemon.folder / "other"
        (other / "htdocs").mkdir(parents=True, exist_ok=True)
        (other / "mpfcgi.conf").write_text(
            "Listen unix:x.sock\nPidFile x.pid\nControlSocket Off\nDocumentRoot htdocs\n"
        )
        (other / "x.pid").write_text(str(pid))
        said = daemon.command_for(other / "mpfcgi.conf", "stop")
        assert said.returncode == 1
        assert "(its PID file is stale: that process is gone)" in said.stderr
    assert status(daemon)["state"] == "serving"


def test_without_any_configuration_start_makes_a_first_one_for_the_user(tmp_path):
    home = tmp_path / "home"
    (tmp_path / "elsewhere").mkdir()
    said = mpfcgi(home, "start", cwd=tmp_path / "elsewhere")
    try:
        assert said.returncode == 0, said.stderr
        assert Client(str(home / "run" / "mpfcgi.sock")).get("/?name=Ada")[1] == b"Hello Ada!"
        assert "/mpfcgi-selftest?text" in said.stdout
        told = mpfcgi(home, "request", "/mpfcgi-selftest?text", cwd=tmp_path / "elsewhere").stdout
        # Root's daemon is told not to be root's; all else is right.
        assert [
            line for line in told.splitlines() if line.startswith(("wrong", "look at")) and "root" not in line
        ] == []
        assert f"right      DocumentRoot: {home}/htdocs" in told
    finally:
        assert mpfcgi(home, "stop", cwd=tmp_path / "elsewhere").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_without_any_configuration_start_makes_none_for_root_which_would_not_start(tmp_path, monkeypatch):
    monkeypatch.delenv("MPFCGI_ALLOW_ROOT")
    home = tmp_path / "home"
    said = mpfcgi(home, "start", cwd=tmp_path)
    assert said.returncode == 1
    assert (
        "Start it as another user, or write a configuration with a User line, such as /etc/mpfcgi/mpfcgi.conf"
        in said.stderr
    )
    assert not home.exists()


def test_a_second_daemon_of_the_same_configuration_is_refused(daemon):
    said = daemon.command("run")
    assert said.returncode == 1
    assert "is mpfcgi running already?" in said.stderr


def test_the_control_socket_is_for_its_user_only_and_survives_garbage(daemon):
    import socket

    (path,) = (daemon.folder / "run").glob("*.ctl")
    assert path.stat().st_mode & 0o777 == 0o600
    for garbage in (
        *(b"\n", b"[]\n", b"[" * 8000 + b"\n", b"x" * 10000),
        *(b'{"command": "nosuch"}\n', b'{"command": "stack", "pid": []}\n'),
    ):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(str(path))
            sock.sendall(garbage)
            assert json.loads(sock.makefile().readline())["ok"] is False
    assert status(daemon)["state"] == "serving"


def test_top_ends_at_q(daemon):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mpfcgi", "top", "-c", str(daemon.config), "--interval", "0.1"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "MPFCGI_HOME": str(daemon.folder), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(theirs)
    shown = b""
    try:
        while b"localhost: 2 workers" not in shown:
            shown += os.read(ours, 65536)
        os.write(ours, b"q")
        with contextlib.suppress(OSError):
            while os.read(ours, 65536):
                pass
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_reload_whose_workers_can_not_start_says_that_the_old_ones_go_on(daemon):
    right = daemon.config.read_text()
    (daemon.folder / "ends.py").write_text("import os\nos._exit(1)\n")
    daemon.config.write_text(f"{right}PythonImport {daemon.folder}/ends.py localhost\n")
    said = daemon.command("reload", "--wait", "2")
    assert said.returncode == 1
    # How far they come depends on what is free in their memory.
    assert any(text in said.stderr for text in ("no answer within 2 s: the old workers go on", "keeps its workers"))
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")


def test_reload_of_a_pool_with_a_template_imports_its_modules_anew(site):
    (site / "htdocs" / "once.py").write_text("text = 'old'")
    (site / "htdocs" / "site_handler.py").write_text(
        "import once\n\ndef handler(req):\n    req.write(once.text)\n    return 0\n"
    )
    config = configuration(site).replace('<PythonPool "*">', '<PythonPool "*">\nPreload On')
    daemon = Daemon(
        site, config + f"PythonPath \"sys.path + ['{site}/htdocs']\"\nPythonImport site_handler localhost\n"
    )
    try:
        wait_until(lambda: status(daemon)["state"] == "serving", "it serves", daemon.process)
        assert Client(daemon.socket).get("/x.py") == (200, b"old")
        (site / "htdocs" / "once.py").write_text("text = 'anew'")
        said = daemon.command("reload", "localhost")
        assert said.returncode == 0, said.stderr
        assert Client(daemon.socket).get("/x.py") == (200, b"anew")
    finally:
        assert daemon.stop() == 0


def test_without_a_control_socket_start_and_stop_go_by_the_pid_file(site):
    (site / "mpfcgi.conf").write_text("ControlSocket Off\n" + configuration(site))
    assert mpfcgi(site, "start").returncode == 0
    try:
        assert "without a control socket: use signals" in mpfcgi(site, "status").stderr
        assert mpfcgi(site, "start").returncode == 1
    finally:
        assert mpfcgi(site, "stop").returncode == 0
