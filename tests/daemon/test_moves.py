"""Work that moves, in the real daemon: behind busy workers, through reloads and deaths. The long forms are bench/prove.py."""

import http.client
import itertools
import os
import signal
import threading
from pathlib import Path

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, nginx, wait_until
from tests.support.sites import TWO_HOSTS, one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import os, time
from mod_python import apache

def handler(req):
    gate = req.args
    if gate:
        open(gate + ".%d" % os.getpid(), "w").close()
        while not os.path.exists(gate):
            time.sleep(0.001)
    req.write("%d" % os.getpid())
    return apache.OK
"""
CLIENTS = 8


@pytest.fixture
def start(tmp_path):
    daemons = []

    def start(workers=2, pool="", more="", others=0):
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            # nginx's workers are another user.
            folder.chmod(0o755)
        settings = f"MaxProcesses {workers}\n{pool}"
        config = one_handler(tmp_path, HANDLER, pool=settings, listen="unix:mpfcgi.sock mode=0666")
        daemon = Daemon(tmp_path, config + "Timeout 5\n" + more)
        daemons.append(daemon)
        wait_until(lambda: len(daemon.children()) == workers + others, "its workers", daemon.process)
        return daemon

    yield start
    for daemon in daemons:
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.log()


class Held:
    """Workers that are held by requests until the gate opens."""

    def __init__(self, daemon, clients, gate="gate", hosts=("localhost",)):
        self.gate = daemon.folder / gate
        self.clients = clients
        for count, (client, host) in enumerate(zip(clients, itertools.cycle(hosts))):
            client.send(f"/x.py?{self.gate}", HTTP_HOST=host)
            client.sock.sendall(client.wire.stdin_end())
            wait_until(lambda count=count: len(self.pids()) > count, "a held worker", daemon.process)

    def pids(self):
        return {int(path.suffix[1:]) for path in self.gate.parent.glob(f"{self.gate.name}.*")}

    def release(self):
        self.gate.touch()
        return {int(client.response()[1]) for client in self.clients}


def ask(client):
    status, body = client.get("/x.py")
    assert status == 200
    return int(body)


def with_workers(daemon, count=12):
    """Kept connections with the process that has each, of more than one process."""
    while True:
        clients = [Client(daemon.socket) for _ in range(count)]
        pids = [ask(client) for client in clients]
        if len(set(pids)) > 1:
            return list(zip(clients, pids, strict=True))


def test_no_request_waits_behind_a_slow_one_while_a_worker_is_free(start):
    daemon = start()
    (slow, held_pid), *others = with_workers(daemon)
    waiting, halves, silent = others[::3], others[1::3], others[2::3]
    for client, _ in halves:
        # The worker has read a part of these when it is held.
        client.send("/x.py", HTTP_X="x" * 1000)
    held = Held(daemon, [slow])
    for client, _ in waiting:
        client.send("/x.py")
    for client, _ in (*waiting, *halves):
        client.sock.sendall(client.wire.stdin_end())
    pids = {int(client.response()[1]) for client, _ in (*waiting, *halves)}
    pids |= {ask(client) for client, _ in silent}
    assert held_pid not in pids
    assert held.release() == {held_pid}
    assert {ask(client) for client, _ in others} <= daemon.children()


def test_requests_wait_for_the_first_worker_that_is_free_again(start):
    daemon = start()
    pairs = with_workers(daemon)
    slow = [next(client for client, pid in pairs if pid == worker) for worker in daemon.children()]
    others = [client for client, _ in pairs if client not in slow]
    held = Held(daemon, slow)
    for client in others:
        client.send("/x.py")
        client.sock.sendall(client.wire.stdin_end())
    assert held.release() == daemon.children()
    assert all(client.response()[0] == 200 for client in others)


def test_a_worker_that_leaves_hands_over_more_connections_than_the_queue_has_room_for(start):
    daemon = start(workers=1)
    clients = [Client(daemon.socket) for _ in range(400)]
    old = {ask(client) for client in clients}
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: not old & daemon.children(), "the old worker leaves", daemon.process)
    assert {ask(client) for client in clients} == daemon.children()


class Load:
    """Clients of nginx that keep their connections and ask again and again; what was not answered well is kept."""

    def __init__(self, port, *hosts):
        self.port, self.answered, self.failures = port, 0, []
        self._over = threading.Event()
        names = itertools.cycle(hosts or ("localhost",))
        self._threads = [threading.Thread(target=self._run, args=(next(names),)) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, host):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self._over.is_set():
            try:
                client.request("GET", "/x.py", headers={"Host": host})
                response = client.getresponse()
                response.read()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
                client.close()
                continue
            if response.status == 200:
                self.answered += 1
            else:
                self.failures.append(response.status)
        client.close()

    def goes_on(self, daemon):
        """Wait until some more requests have been answered."""
        until = self.answered + 3 * CLIENTS
        wait_until(lambda: self.answered >= until, "more answers", daemon.process)


def test_reloads_under_load_fail_no_request(start, tmp_path):
    daemon = start()
    with nginx(tmp_path, daemon.socket) as port, Load(port) as load:
        for count in range(1, 6):
            load.goes_on(daemon)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda count=count: daemon.log().count("reload: done") == count, "a reload", daemon.process)
        load.goes_on(daemon)
    assert load.failures == []


def test_killed_workers_fail_no_more_than_what_is_in_their_hands(start, tmp_path):
    daemon = start()
    kills = 6
    with nginx(tmp_path, daemon.socket) as port, Load(port) as load:
        for _ in range(kills):
            load.goes_on(daemon)
            victim = next(pid for pid in itertools.cycle(daemon.children()) if psutil.pid_exists(pid))
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda victim=victim: victim not in daemon.children(), "its end", daemon.process)
        load.goes_on(daemon)
        wait_until(lambda: len(daemon.children()) == 2, "new workers", daemon.process)
        before = len(load.failures)
        load.goes_on(daemon)
    # At most all clients waited for a worker that was killed; nginx asks again where it may.
    assert before <= kills * CLIENTS
    assert len(load.failures) == before
    assert Path(daemon.socket).exists()


def test_fast_requests_behind_nginx_pass_slow_ones(start, tmp_path):
    daemon = start(workers=4)
    with nginx(tmp_path, daemon.socket) as port, Load(port) as load:
        load.goes_on(daemon)
        held = Held(daemon, [Client(daemon.socket)])
        # The second one may come to any of the others.
        held.clients.append(Client(daemon.socket))
        held.clients[-1].send(f"/x.py?{held.gate}")
        held.clients[-1].sock.sendall(held.clients[-1].wire.stdin_end())
        wait_until(lambda: len(held.pids()) == 2, "two held workers", daemon.process)
        for _ in range(10):
            load.goes_on(daemon)
        assert len(held.release()) == 2
    assert load.failures == []


@pytest.mark.parametrize("manager", ["static", "dynamic"])
def test_routing_fairness_queueing_and_draining_all_at_once(start, tmp_path, manager):
    # Two pools at one socket, a worker of each held, a queue with a bound, and reloads.
    pool = f"ProcessManager {manager}\nStartProcesses 2\nQueueLength 100"
    daemon = start(2, pool, TWO_HOSTS, others=3)
    with nginx(tmp_path, daemon.socket) as port, Load(port, "one.test", "two.test") as load:
        load.goes_on(daemon)
        for count in range(1, 4):
            held = Held(daemon, [Client(daemon.socket) for _ in range(2)], f"gate{count}", ("one.test", "two.test"))
            load.goes_on(daemon)
            daemon.signal(signal.SIGHUP)
            wait_until(lambda count=count: daemon.log().count("reload: done") == count, "a reload", daemon.process)
            load.goes_on(daemon)
            assert len(held.release()) == 2
        load.goes_on(daemon)
    assert load.failures == []
