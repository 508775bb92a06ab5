"""The real daemon's pools: how many workers there are, and when they come and go."""

import json
import os
import signal

import psutil
import pytest

from tests.support.client import Client
from tests.support.pools import Pools
from tests.support.servers import wait_until

pytestmark = pytest.mark.daemon


@pytest.fixture
def start(tmp_path):
    started = []

    def start(pool, **more):
        started.append(Pools(tmp_path, pool, **more))
        return started[-1]

    yield start
    for pools in started:
        assert pools.daemon.stop() == 0


def test_a_dynamic_pool_grows_with_the_requests_and_shrinks_again(start):
    pools = start("ProcessManager dynamic\nMaxProcesses 4\nStartProcesses 1\nMaxSpareProcesses 1")
    pools.until(1)
    held = [pools.hold(name) for name in "ab"]
    pools.until(3)
    held += [pools.hold(name) for name in "cd"]
    pools.until(4)
    for name in "abcd":
        pools.go(name)
    assert {client.response()[0] for client in held} == {200}
    pools.until(1)


def test_an_on_demand_pool_starts_with_a_request_and_ends_after_its_idle_time(start):
    pools = start("ProcessManager ondemand\nMaxProcesses 2\nIdleTimeout 100ms")
    assert pools.workers() == []
    pid, _ = pools.get()
    pools.until(0)
    wait_until(lambda: not psutil.pid_exists(pid), "its process is gone")
    assert pools.get()[0] != pid


def test_an_on_demand_pool_starts_one_more_where_all_are_busy_and_no_more_than_its_most(start):
    pools = start("ProcessManager ondemand\nMaxProcesses 2\nIdleTimeout 1h")
    first, second = pools.hold("a"), pools.hold("b")
    assert len(pools.workers()) == 2
    third = pools.ask("/x.py")
    pools.daemon.wait_for_log("requests wait: all 2 workers (MaxProcesses) are busy: ")
    assert all(f": GET localhost/x.py?hold={pools.folder}/{name}" in pools.daemon.log() for name in "ab")
    pools.go("a")
    assert first.response()[0] == third.response()[0] == 200
    assert len(pools.workers()) == 2
    pools.go("b")
    assert second.response()[0] == 200


@pytest.mark.parametrize("listen", ["", "Listen unix:own.sock mode=0666"])
def test_the_log_says_who_holds_the_workers_of_a_static_pool(start, listen):
    pools = start(f"MaxProcesses 2\n{listen}")
    held = [pools.hold("a"), pools.hold("b")]
    third = pools.ask("/x.py")
    pools.daemon.wait_for_log("requests wait: all 2 workers (MaxProcesses) are busy: ")
    assert all(f": GET localhost/x.py?hold={pools.folder}/{name}" in pools.daemon.log() for name in "ab")
    pools.go("a")
    pools.go("b")
    assert {client.response()[0] for client in (*held, third)} == {200}


def test_a_time_may_be_longer_than_the_kernel_waits(start):
    pools = start("ProcessManager ondemand\nIdleTimeout 1000000d\nMaxLifetime 30d")
    pools.get()
    # In one turn of the supervisor's loop after the other.
    pools.daemon.signal(signal.SIGUSR1)
    assert pools.daemon.command("status").returncode == 0
    pools.until(1)


def test_a_pool_that_a_request_has_started_ends_when_it_is_idle_and_starts_again(start):
    pools = start("ProcessManager ondemand\nIdleTimeout 100ms", directory="PythonInterpPerDirectory On")
    client = Client(pools.daemon.socket)
    for _ in range(3):
        _, name = pools.get("/one/x.py", client)
        assert name == f"{pools.folder}/htdocs/one/"
        pools.until(0)
        count = pools.daemon.log().count(f"[pool {name}] started on demand")
        wait_until(
            lambda name=name, count=count: pools.daemon.log().count(f"[pool {name}] ended") == count, "the pool ends"
        )
    assert count == 3
    descriptors = psutil.Process(pools.daemon.process.pid).num_fds()
    assert pools.get("/one/x.py")[1] == pools.get("/one/x.py", client)[1]
    wait_until(lambda: psutil.Process(pools.daemon.process.pid).num_fds() <= descriptors, "nothing is left of it")


def test_a_folder_whose_name_is_no_utf_8_has_its_pool_and_the_status_page_shows_it(start, tmp_path):
    status = "<Location /status>\nSetHandler mpfcgi-status\nPythonInterpreter status\n</Location>"
    handler = "def handler(req):\n    req.write(ascii(req.interpreter))\n    return 0\n"
    pools = start("ProcessManager ondemand", top=status, directory="PythonInterpPerDirectory On", handler=handler)
    folder = os.fsencode(tmp_path) + b"/htdocs/d\xff"
    os.mkdir(folder)
    os.close(os.open(folder + b"/y.py", os.O_CREAT))
    assert Client(pools.daemon.socket).get("/d%FF/y.py") == (200, ascii(f"{tmp_path}/htdocs/d\udcff/").encode())
    for form in ("", "?metrics"):
        status, body = Client(pools.daemon.socket).get(f"/status{form}")
        assert (status, b"/htdocs/d\\" in body) == (200, True)


def test_past_the_cap_the_pool_that_is_idle_for_longest_makes_place(start):
    pools = start("MaxProcesses 1\nMaxPools 2", directory="PythonInterpPerDirectory On")
    first, name = pools.get("/one/x.py")
    held = pools.hold("a", "/two/x.py")
    pools.until_answered("/three/x.py")
    pools.daemon.wait_for_log(f"[pool {name}] ends: MaxPools 2 are there")
    wait_until(lambda: not psutil.pid_exists(first), "its worker leaves")
    # The busy one stays, however long it has been there.
    assert pools.until_answered("/one/x.py")[1] == name
    pools.go("a")
    assert held.response()[0] == 200


def test_no_pool_is_started_where_all_that_may_be_are_busy(start):
    pools = start("MaxProcesses 1\nMaxPools 1", directory="PythonInterpPerDirectory On")
    held = pools.hold("a", "/one/x.py")
    assert Client(pools.daemon.socket).get("/two/x.py")[0] == 503
    pools.daemon.wait_for_log("1 pools of '*' are there (MaxPools), and all are busy")
    pools.go("a")
    assert held.response()[0] == 200
    assert pools.until_answered("/two/x.py")[1].endswith("/two/")


def test_all_pools_together_keep_the_limit_and_a_worker_leaves_for_a_pool_that_has_none(start):
    pools = start(
        "ProcessManager ondemand\nIdleTimeout 1h", top="MaxTotalProcesses 2", directory="PythonInterpPerDirectory On"
    )
    first, _ = pools.get("/one/x.py")
    second, _ = pools.get("/two/x.py")
    pools.get("/three/x.py")
    assert len(pools.workers()) <= 2
    assert not psutil.pid_exists(first)
    assert second in pools.workers()
    pools.daemon.wait_for_log("all 2 processes are there (MaxTotalProcesses)")


def test_a_worker_is_replaced_after_its_requests_and_none_fails(start):
    pools = start("MaxProcesses 1\nMaxRequests 20")
    client = Client(pools.daemon.socket)
    first, _ = pools.get(client=client)
    wait_until(lambda: pools.get(client=client)[0] != first, "another worker", pools.daemon.process)
    pools.daemon.wait_for_log("requests (MaxRequests)")
    pools.daemon.wait_for_log(f"worker {first} leaves: it is replaced")
    assert "a new one is started" not in pools.daemon.log()


def test_a_worker_that_has_grown_too_large_is_replaced_after_its_request(start):
    pools = start("MaxProcesses 1\nMemoryLimit 150M")
    first, _ = pools.get("/x.py")
    assert pools.get("/x.py?grow")[0] == first
    wait_until(lambda: pools.get()[0] != first, "another worker", pools.daemon.process)
    pools.daemon.wait_for_log("more than MemoryLimit 153600 KiB")


def test_the_replacement_is_there_before_the_old_worker_has_finished(start):
    pools = start("MaxProcesses 1\nMaxRequests 1")
    held = pools.hold("a")
    pools.go("a")
    assert held.response()[0] == 200
    held = pools.hold("b")
    pools.daemon.wait_for_log("leaves: it is replaced")
    assert pools.get()
    pools.go("b")
    assert held.response()[0] == 200


def test_a_worker_lives_no_longer_than_it_may(start):
    pools = start("MaxProcesses 1\nMaxLifetime 500ms")
    first, _ = pools.get()
    wait_until(lambda: pools.get()[0] != first, "another worker", pools.daemon.process)


@pytest.mark.parametrize("own", [False, True])
def test_a_request_that_waits_for_too_long_gets_503_and_the_log_says_who_holds_the_workers(start, own):
    listen = "Listen unix:own.sock\n" if own else ""
    pools = start(f"{listen}MaxProcesses 1\nQueueTimeout 100ms")
    held = pools.hold("a")
    address = str(pools.folder / "own.sock") if own else pools.daemon.socket
    late = Client(address)
    status, body = late.get("/x.py")
    assert (status, body) == (503, b"All workers were busy for too long. Please try again.\n")
    assert (b"Retry-After", b"1") in late.head.headers
    pools.daemon.wait_for_log("requests have waited for 0.1 s (QueueTimeout): they get 503")
    pools.daemon.wait_for_log(f"GET localhost/x.py?hold={pools.folder}/a")
    pools.go("a")
    assert held.response()[0] == 200
    assert Client(address).get("/x.py")[0] == 200


def test_no_more_requests_wait_than_may(start):
    pools = start("MaxProcesses 1\nQueueLength 2\nQueueTimeout 0")
    held = pools.hold("a")
    waiting = [Client(pools.daemon.socket) for _ in range(2)]
    for client in waiting:
        client.send("/x.py")
        client.sock.sendall(client.wire.stdin_end())
    # The router takes connections in their order.
    assert Client(pools.daemon.socket).get("/x.py")[0] == 503
    pools.daemon.wait_for_log("2 requests wait already (QueueLength)")
    pools.go("a")
    assert [client.response()[0] for client in (held, *waiting)] == [200, 200, 200]
    # Those that were taken do not count any more.
    for _ in range(5):
        assert pools.get()


def test_slow_places_hold_no_more_workers_than_they_may(start):
    limit = "<Location {}>\nLimitConcurrentRequests slow 2\n</Location>\n"
    pools = start("MaxProcesses 4", top=limit.format("/one") + limit.format("/two"))
    pools.until(4)
    first, second = pools.hold("a", "/one/x.py"), pools.hold("b", "/two/x.py")
    for uri in ("/one/x.py", "/two/x.py"):
        with pools.ask(uri).sock.makefile("rb") as answer:
            head = answer.read()
        assert (b"Status: 503" in head, b"\r\nRetry-After: 1\r\n" in head) == (True, True)
    assert "LimitConcurrentRequests slow 2: /one/x.py gets 503. There are: " in pools.daemon.log()
    pools.get("/x.py")
    pools.get("/three/x.py")
    pools.go("a")
    assert first.response()[0] == 200
    pools.until_answered("/one/x.py")
    pools.go("b")
    assert second.response()[0] == 200
    # Who has been there has left.
    for _ in range(20):
        pools.until_answered("/two/x.py")


def test_a_killed_worker_leaves_its_place(start):
    pools = start("MaxProcesses 2", top="<Location /one>\nLimitConcurrentRequests slow 1\n</Location>\n")
    pools.hold("a", "/one/x.py")
    assert Client(pools.daemon.socket, keep_conn=False).get("/one/x.py")[0] == 503
    status = json.loads(pools.daemon.command("status", "--json").stdout)
    (busy,) = [worker["pid"] for pool in status["pools"] for worker in pool["workers"] if worker["state"] == "busy"]
    os.kill(busy, signal.SIGKILL)
    pools.until_answered("/one/x.py")
