"""mpfcgi restart, SIGUSR2: a new program in the same process, with no failed request. Sockets that a service manager opens."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import TWO_HOSTS, one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import os
from mod_python import Session

def handler(req):
    if req.args == "session":
        session = Session.MemorySession(req)
        session.save()
    req.write("%d" % os.getpid())
    return 0
"""


class Load:
    """Clients that ask all the time, on kept connections and on new ones; `failures` is what they did not like."""

    def __init__(self, path: str, uri: str = "/x.py") -> None:
        self._path, self._uri = path, uri
        self.failures: list[str] = []
        self.answers = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        host = ("one.test", "two.test")[number % 2]
        client = Client(self._path)
        while not self._over.is_set():
            try:
                status, _ = client.get(self._uri, HTTP_HOST=host)
                if status != 200:
                    self.failures.append(f"status {status}")
                self.answers += 1
                if number > 1:
                    client.sock.close()
                    client = Client(self._path)
            except Exception as error:
                self.failures.append(repr(error))
                return

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)


def start(folder, more=""):
    daemon = Daemon(folder, one_handler(folder, HANDLER) + more)
    wait_until(lambda: status(daemon)["state"] == "serving", "it serves", daemon.process)
    return daemon


def status(daemon):
    said = daemon.command("status", "--json")
    return json.loads(said.stdout) if said.returncode == 0 else {"state": said.stderr}


@pytest.mark.parametrize("more", ["", TWO_HOSTS], ids=["one pool", "a router"])
def test_restarts_under_load_fail_no_request_and_keep_the_process(tmp_path, more):
    daemon = start(tmp_path, more)
    before = daemon.children()
    load = Load(daemon.socket)
    try:
        for number in (1, 2, 3):
            said = daemon.command("restart")
            assert (said.returncode, said.stdout) == (0, "mpfcgi has restarted: the new workers serve\n"), said.stderr
            assert status(daemon)["upgrades"] == number
    finally:
        load.end()
    assert load.failures == []
    assert load.answers > 0
    wait_until(lambda: not before & daemon.children(), "the old ones leave", daemon.process)
    assert status(daemon)["pid"] == daemon.process.pid
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.socket)
    assert list((tmp_path / "run").iterdir()) == []


def test_connections_go_on_when_the_new_program_finds_other_pools_in_its_configuration(tmp_path):
    daemon = start(tmp_path)
    clients = [Client(daemon.socket) for _ in range(5)]
    before = {client.get("/x.py")[1] for client in clients}
    daemon.config.write_text(daemon.config.read_text() + TWO_HOSTS)
    assert daemon.command("restart").returncode == 0
    wait_until(lambda: not {int(pid) for pid in before} & daemon.children(), "the old ones leave", daemon.process)
    assert {client.get("/x.py")[0] for client in clients} == {200}
    assert daemon.stop() == 0


def test_a_worker_that_has_done_its_time_when_the_upgrade_comes_does_not_matter(tmp_path):
    daemon = start(tmp_path, '<PythonPool "localhost">\nMaxProcesses 2\nMaxRequests 1\n</PythonPool>\n')
    load = Load(daemon.socket)
    try:
        for _ in range(3):
            assert daemon.command("restart").returncode == 0
    finally:
        load.end()
    assert load.failures == []
    assert daemon.stop() == 0
    assert "process of before the upgrade:" not in daemon.log()


def test_the_signal_does_the_same_and_a_session_s_locks_are_kept(tmp_path):
    daemon = start(tmp_path, "PythonOption mod_python.mutex_type sysv")
    load = Load(daemon.socket, "/x.py?session")
    try:
        daemon.signal(signal.SIGUSR2)
        daemon.wait_for_log("upgrade: done")
    finally:
        load.end()
    assert load.failures == []
    assert daemon.stop() == 0
    assert "other mutexes" not in daemon.log()


def test_a_program_that_could_not_start_does_not_take_over(tmp_path):
    daemon = start(tmp_path)
    before = daemon.children()
    right = daemon.config.read_text()
    daemon.config.write_text(right + "NoSuchDirective x\n")
    said = daemon.command("restart")
    assert said.returncode == 1
    assert "there is no directive NoSuchDirective" in said.stderr
    assert daemon.children() == before
    assert Client(daemon.socket).get("/x.py")[0] == 200
    daemon.config.write_text(right)
    assert daemon.stop() == 0


def test_a_check_that_goes_on_ends_with_the_daemon(tmp_path):
    daemon = start(tmp_path)
    before = daemon.children()
    daemon.signal(signal.SIGUSR2)
    wait_until(lambda: daemon.children() - before, "the check begins", daemon.process)
    checks = [psutil.Process(pid) for pid in daemon.children() - before]
    for check in checks:
        check.suspend()
    daemon.signal(signal.SIGTERM)
    assert daemon.process.wait(60) == 0
    gone = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    wait_until(lambda: all(not check.is_running() or check.status() in gone for check in checks), "it has ended")


def test_a_signal_that_comes_during_an_upgrade_is_a_command_of_the_new_program(tmp_path):
    daemon = start(tmp_path)
    daemon.signal(signal.SIGUSR2)
    daemon.wait_for_log("the new program takes over")
    daemon.signal(signal.SIGTERM)
    assert daemon.process.wait(60) == 0
    assert "mpfcgi stopped" in daemon.log()
    assert not os.path.exists(daemon.socket)


def test_a_socket_that_the_service_manager_has_opened_is_used_and_left_there(tmp_path):
    (tmp_path / "mpfcgi.conf").write_text(one_handler(tmp_path, HANDLER))
    path = str(tmp_path / "mpfcgi.sock")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        listener.bind(path)
        listener.listen(5)
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        # The way systemd does it: descriptor 3, and the process's own id in LISTEN_PID.
        script = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
            "os.execv(sys.executable, [sys.executable, '-m', 'mpfcgi', 'run', '-c', 'mpfcgi.conf'])"
        )
        environment = {
            **os.environ, "MPFCGI_HOME": str(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(listener.fileno())],
            cwd=tmp_path,
            env=environment,
            pass_fds=[listener.fileno()],
        )
        try:
            said = heard(manager, "READY=1")
            assert f"MAINPID={process.pid}" in said[-1]
            assert Client(path).get("/x.py")[0] == 200
            heard(manager, "WATCHDOG=1")
            process.send_signal(signal.SIGHUP)
            heard(manager, "RELOADING=1")
            heard(manager, "READY=1")
            process.send_signal(signal.SIGUSR2)
            heard(manager, "RELOADING=1")
            heard(manager, "READY=1")
            assert Client(path).get("/x.py")[0] == 200
            process.terminate()
            heard(manager, "STOPPING=1")
        finally:
            process.terminate()
            assert process.wait(30) == 0
        assert os.path.exists(path)


def heard(manager, wanted):
    """What the manager hears up to a message that has a line `wanted`, or begins with it."""
    said = []
    while not said or not any(line.startswith(wanted) for line in said[-1].splitlines()):
        said.append(manager.recv(4096).decode())
    return said
