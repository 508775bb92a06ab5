"""SIGTERM that comes to a worker itself, as where a service manager sends it to all processes of a daemon at once."""

import os
import re
import signal

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import TWO_HOSTS, one_handler

pytestmark = pytest.mark.daemon

# "hold" says that it has begun, and waits for a file.
HANDLER = """\
import multiprocessing, os, time
from mod_python import apache

HERE = os.path.dirname(__file__)

def handler(req):
    if req.args == "hold":
        with open(HERE + "/begun", "w") as file:
            file.write(str(os.getpid()))
        while not os.path.exists(HERE + "/go"):
            time.sleep(0.01)
    elif req.args == "child":
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(3600,))
        child.start()
        child.terminate()
        child.join()
        req.write("%d" % child.exitcode)
        return apache.OK
    req.write("%d" % os.getpid())
    return apache.OK
"""
POOLS = ("MaxProcesses 2", "MaxProcesses 2\n    Preload On", "ProcessManager ondemand\n    MaxProcesses 2")


@pytest.fixture
def start(tmp_path):
    def start(pool=POOLS[0]):
        return Daemon(tmp_path, one_handler(tmp_path, HANDLER, pool=pool) + TWO_HOSTS)

    return start


def held(daemon):
    """A client whose request is being answered, and the worker that does."""
    client = Client(daemon.socket)
    client.send("/x.py?hold", HTTP_HOST="one.test", QUERY_STRING="hold")
    client.sock.sendall(client.wire.stdin_end())
    begun = daemon.folder / "htdocs" / "begun"
    wait_until(lambda: begun.exists() and begun.read_text(), "the request begins", daemon.process)
    return client, int(begun.read_text())


def go(daemon):
    (daemon.folder / "htdocs" / "go").touch()


@pytest.mark.parametrize("pool", POOLS)
def test_sent_to_all_processes_at_once_no_request_is_cut_off(start, pool):
    daemon = start(pool)
    client, pid = held(daemon)
    for child in daemon.children():
        os.kill(child, signal.SIGTERM)
    daemon.signal(signal.SIGTERM)
    daemon.wait_for_log("stopping")
    go(daemon)
    assert client.response() == (200, b"%d" % pid)
    assert daemon.process.wait(20) == 0
    assert "SIGTERM" not in daemon.log()


@pytest.mark.parametrize("pool", POOLS)
def test_sent_first_to_the_daemon_and_then_to_all_no_request_is_cut_off(start, pool):
    daemon = start(pool)
    client, pid = held(daemon)
    others = daemon.children() - {pid}
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: others - daemon.children(), "they are told to leave", daemon.process)
    os.kill(pid, signal.SIGTERM)
    go(daemon)
    assert client.response() == (200, b"%d" % pid)
    assert daemon.process.wait(20) == 0


def test_sent_to_one_worker_it_is_replaced_when_its_request_is_over(start):
    daemon = start()
    client, pid = held(daemon)
    before = daemon.children()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: daemon.children() - before, "another worker", daemon.process)
    go(daemon)
    assert client.response() == (200, b"%d" % pid)
    wait_until(lambda: pid not in daemon.children(), "it leaves", daemon.process)
    assert daemon.stop() == 0


def test_sent_to_the_router_another_takes_its_place(start):
    daemon = start()
    # Once it has answered, it is there.
    assert Client(daemon.socket).get("/x.py", HTTP_HOST="one.test")[0] == 200
    router = next(pid for pid in daemon.children() if "router" in " ".join(psutil.Process(pid).cmdline()))
    os.kill(router, signal.SIGTERM)
    wait_until(lambda: router not in daemon.children(), "it leaves", daemon.process)
    assert Client(daemon.socket).get("/x.py", HTTP_HOST="one.test")[0] == 200
    assert "SIGTERM" not in daemon.log()
    assert daemon.stop() == 0


def test_sent_again_to_a_worker_that_was_told_to_leave_it_ends_it(start):
    daemon = start()
    client, pid = held(daemon)
    before = daemon.children()
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("reload: done")
    wait_until(lambda: len(before & daemon.children()) == 1, "the others leave", daemon.process)

    def is_ended():
        # Of two that come at once a process sees one.
        if pid in daemon.children():
            os.kill(pid, signal.SIGTERM)
        return pid not in daemon.children()

    wait_until(is_ended, "it is gone", daemon.process)
    with pytest.raises(ConnectionError):
        client.response()
    assert daemon.stop() == 0


def test_a_process_that_a_handler_forks_is_ended_by_it(start):
    daemon = start()
    assert Client(daemon.socket).get("/x.py?child", HTTP_HOST="one.test") == (200, b"-15")
    assert daemon.stop() == 0


def test_a_worker_that_is_stopped_does_not_keep_the_daemon_from_its_end(start):
    daemon = start()
    _, pid = held(daemon)
    os.kill(pid, signal.SIGSTOP)
    daemon.signal(signal.SIGTERM)
    daemon.wait_for_log("stopping")
    daemon.signal(signal.SIGTERM)
    assert daemon.process.wait(30) == 0
    # Stopped at once, it may not have said yet which request it has.
    line = rf"worker {pid} is ended 0\.5 s after it was asked to leave: (GET one\.test/x\.py\?hold; )?it is stopped"
    assert re.search(line, daemon.log())
