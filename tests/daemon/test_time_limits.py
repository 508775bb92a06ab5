"""The real daemon's limits of a request's time: SlowLog, RequestTimeout, InterruptTimeout."""

import psutil
import pytest

from tests.support.client import Client
from tests.support.pools import Pools
from tests.support.servers import wait_until

pytestmark = pytest.mark.daemon

HANDLER = """\
import os, re, time
from mod_python import apache

def spin():
    while True:
        pass

def stubborn():
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass

def in_c():
    re.match("(a+)+$", "a" * 60 + "b")

def handler(req):
    req.content_type = "text/plain"
    what = req.args or ""
    if what.startswith("hold="):
        open(what[5:] + ".held", "w").close()
        while not os.path.exists(what[5:]):
            time.sleep(0.002)
    elif what == "begun":
        req.write("begun")
        req.flush()
        spin()
    elif what:
        try:
            {"spin": spin, "sleep": lambda: time.sleep(3600), "stubborn": stubborn, "in_c": in_c}[what]()
        finally:
            open("cleaned", "w").close()
    req.write("%d %s" % (os.getpid(), req.interpreter))
    return apache.OK
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = []

    def start(pool, **more):
        pools = Pools(tmp_path, f"MaxProcesses 2\nSlowLog slow.log 50ms\n{pool}", handler=HANDLER, **more)
        started.append(pools)
        pools.until(2)
        return pools

    yield start
    for pools in started:
        assert pools.daemon.stop() == 0


def slow_log(pools):
    path = pools.folder / "slow.log"
    return path.read_text() if path.exists() else ""


def ask(pools, what):
    return Client(pools.daemon.socket).get(f"/x.py?{what}")


def has_two_new_workers(pools, before):
    """One of two has been replaced."""
    return len(now := set(pools.workers())) == 2 and now != set(before)


def test_the_slow_log_has_the_traceback_of_a_handler_that_still_runs_and_does_not_stop_it(start):
    pools = start("")
    held = pools.hold("a")
    wait_until(lambda: "time.sleep(0.002)" in slow_log(pools), "its line", pools.daemon.process)
    assert f"GET localhost/x.py?hold={pools.folder}/a still runs after 0." in slow_log(pools)
    assert "in handler\n" in slow_log(pools)
    assert "handlers.py" not in slow_log(pools)
    pools.go("a")
    assert held.response()[0] == 200
    pools.get()
    assert slow_log(pools).count("still runs") == 1


@pytest.mark.parametrize("what", ["spin", "sleep"])
def test_a_handler_is_interrupted_cleans_up_and_the_client_gets_504(start, what):
    pools = start("RequestTimeout 200ms\nInterruptTimeout 30s")
    before = pools.workers()
    other = pools.hold("a") if what == "spin" else None
    assert ask(pools, what)[0] == 504
    assert (pools.folder / "cleaned").exists()
    assert "is interrupted (RequestTimeout) after 0.2" in slow_log(pools)
    pools.daemon.wait_for_log("RequestTimeout: the request has run for 0.2")
    if other is not None:
        assert other.response()[0] == 504
    wait_until(lambda: has_two_new_workers(pools, before), "a new worker", pools.daemon.process)
    assert pools.get()


def test_a_handler_that_does_not_end_is_ended_with_its_worker_and_the_client_gets_504(start):
    pools = start("RequestTimeout 100ms\nInterruptTimeout 200ms")
    before = pools.workers()
    kept = [Client(pools.daemon.socket) for _ in range(6)]
    for client in kept:
        pools.get(client=client)
    assert ask(pools, "stubborn")[0] == 504
    assert "does not end (InterruptTimeout)" in slow_log(pools)
    pools.daemon.wait_for_log("ran for 0.3")
    # The other connections of that worker did not notice.
    for client in kept:
        pools.get(client=client)
    wait_until(lambda: has_two_new_workers(pools, before), "a new worker", pools.daemon.process)


def test_a_response_that_has_begun_keeps_its_status(start):
    pools = start("RequestTimeout 100ms\nInterruptTimeout 30s")
    client = Client(pools.daemon.socket)
    client.send("/x.py?begun")
    client.sock.sendall(client.wire.stdin_end())
    status, body = client.response()
    assert (status, body[:5]) == (200, b"begun")
    pools.daemon.wait_for_log("RequestTimeout: the request has run for ")


def test_a_handler_that_holds_the_interpreter_is_killed_and_the_slow_log_has_its_line(start):
    pools = start("RequestTimeout 100ms\nInterruptTimeout 100ms")
    before = pools.workers()
    with pytest.raises(ConnectionError):
        ask(pools, "in_c")
    assert "in in_c\n" in slow_log(pools)
    pools.daemon.wait_for_log("hangs in a request for more than 1.2 s")
    pools.daemon.wait_for_log("was killed by SIGKILL")
    wait_until(lambda: has_two_new_workers(pools, before), "a new worker", pools.daemon.process)
    assert all(psutil.pid_exists(pid) for pid in pools.workers())
    assert pools.get()


@pytest.mark.parametrize("more", ["", "RequestTimeout 1h"])
def test_a_handler_whose_client_has_gone_is_interrupted_if_that_is_asked_for(start, more):
    pools = start(f"InterruptAborted On\nInterruptTimeout 30s\n{more}", top="LogLevel info")
    before = pools.workers()
    leave(pools, "sleep")
    wait_until((pools.folder / "cleaned").exists, "its finally clause", pools.daemon.process)
    pools.daemon.wait_for_log("the client has gone (InterruptAborted): /x.py")
    assert "is interrupted (InterruptAborted)" in slow_log(pools)
    assert "Traceback" not in pools.daemon.log()
    wait_until(lambda: has_two_new_workers(pools, before), "a new worker", pools.daemon.process)
    assert pools.get()


def test_one_that_does_not_end_then_is_ended_with_its_worker(start):
    pools = start("InterruptAborted On\nInterruptTimeout 100ms")
    before = pools.workers()
    leave(pools, "stubborn")
    wait_until(lambda: "does not end (InterruptTimeout)" in slow_log(pools), "its end", pools.daemon.process)
    wait_until(lambda: has_two_new_workers(pools, before), "a new worker", pools.daemon.process)
    assert pools.get()


def test_without_it_a_handler_goes_on_when_its_client_has_gone(start):
    pools = start("")
    held = pools.hold("a")
    held.sock.close()
    wait_until(lambda: "still runs" in slow_log(pools), "it runs")
    pools.go("a")
    assert pools.get()
    assert "interrupted" not in slow_log(pools)


def leave(pools, what):
    """Ask, and go away when a handler has begun."""
    client = Client(pools.daemon.socket)
    client.send(f"/x.py?{what}")
    client.sock.sendall(client.wire.stdin_end())
    wait_until(lambda: "still runs" in slow_log(pools), "it runs", pools.daemon.process)
    client.sock.close()


def test_a_worker_that_leaves_has_a_limited_time_for_the_end_of_its_request(start):
    pools = start("", top="GracefulShutdownTimeout 200ms")
    held = pools.hold("a")
    wait_until(lambda: "/x.py?hold=" in slow_log(pools), "the request has a name", pools.daemon.process)
    before = set(pools.workers())
    said = pools.daemon.command("reload")
    assert said.returncode == 0, said.stderr
    pools.daemon.wait_for_log(
        "is ended 0.2 s after it was asked to leave (GracefulShutdownTimeout): GET localhost/x.py?hold="
    )
    with pytest.raises(ConnectionError):
        held.response()
    wait_until(lambda: not before & set(pools.workers()), "the old ones are gone", pools.daemon.process)


def test_the_time_may_be_without_limit(start):
    pools = start("", top="GracefulShutdownTimeout 0")
    held = pools.hold("a")
    assert pools.daemon.command("reload").returncode == 0
    pools.go("a")
    assert held.response()[0] == 200
