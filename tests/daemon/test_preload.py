"""The real daemon's templates: modules imported once, workers forked from them."""

import contextlib
import os
import signal

import psutil
import pytest

from tests.support.client import Client
from tests.support.pools import Pools
from tests.support.servers import wait_until

pytestmark = pytest.mark.daemon

TOP = "PythonPath \"sys.path + ['{folder}']\"\nPythonImport warm localhost\nCustomLog access.log common"
WARM = "import os\nmade_by = os.getpid()\nprint('warm', flush=True)\n"
HANDLER = """\
import os
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.write("%d %d" % (os.getpid(), apache.import_module("warm").made_by))
    return apache.OK
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def start(pool, more=""):
        (tmp_path / "warm.py").write_text(WARM + more)
        top = TOP.format(folder=tmp_path)
        started.append(Pools(tmp_path, f"Preload On\n{pool}", top=top, handler=HANDLER))
        return started[-1]

    yield start
    for pools in started:
        assert pools.daemon.stop() == 0


def ask(pools):
    """The process ids of the worker, and of the process that imported the module."""
    status, body = Client(pools.daemon.socket, keep_conn=False).get("/x.py")
    assert status == 200, pools.daemon.log()
    return tuple(int(word) for word in body.split())


def children(pools):
    """Title by process id."""
    found = {}
    for child in psutil.Process(pools.daemon.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found[child.pid] = " ".join(child.cmdline())
    return found


def template(pools):
    return next(pid for pid, title in children(pools).items() if "(template)" in title)


def test_modules_are_imported_once_and_workers_are_the_supervisors_children(start):
    pools = start("MaxProcesses 3")
    wait_until(lambda: len(children(pools)) == 4, "three workers and the template", pools.daemon.process)
    worker, maker = ask(pools)
    assert maker == template(pools) != worker
    assert worker in children(pools)
    assert pools.daemon.log().count("warm") == 1


def test_a_killed_worker_is_replaced_from_the_template_and_so_is_a_killed_template(start):
    pools = start("MaxProcesses 1")
    worker, maker = ask(pools)
    os.kill(worker, signal.SIGKILL)
    pools.daemon.wait_for_log(f"worker {worker} was killed by SIGKILL")
    other, same = ask(pools)
    assert (other != worker, same) == (True, maker)
    os.kill(maker, signal.SIGKILL)
    pools.daemon.wait_for_log(f"template {maker} was killed by SIGKILL")
    os.kill(other, signal.SIGKILL)
    assert ask(pools)[1] != maker


def test_on_demand_workers_come_from_it(start):
    pools = start("ProcessManager ondemand\nIdleTimeout 100ms")
    wait_until(lambda: len(children(pools)) == 2, "the router and the template", pools.daemon.process)
    first, maker = ask(pools)
    wait_until(lambda: first not in children(pools), "it leaves")
    second, same = ask(pools)
    assert (second != first, same) == (True, maker)


def test_workers_leave_with_a_killed_supervisor(start):
    pools = start("MaxProcesses 2")
    ask(pools)
    wait_until(lambda: len(children(pools)) == 3, "all", pools.daemon.process)
    pids = children(pools)
    pools.daemon.process.kill()
    pools.daemon.process.wait()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), "they leave")
    # Nothing is left to be stopped: the fixture looks at the exit status.
    pools.daemon.process.returncode = 0


def test_a_reload_and_rotated_logs_bring_a_new_template(start):
    pools = start("MaxProcesses 1")
    _, maker = ask(pools)
    pools.daemon.signal(signal.SIGUSR1)
    wait_until(lambda: maker not in children(pools), "another template", pools.daemon.process)
    maker = template(pools)
    pools.daemon.signal(signal.SIGHUP)
    pools.daemon.wait_for_log("reload: done")
    wait_until(lambda: maker not in children(pools), "another template", pools.daemon.process)
    assert ask(pools)[1] == template(pools)


def test_a_module_may_say_that_it_waits_for_no_children(start):
    """Then the kernel forgets them at once, and there is nothing to wait for."""
    pools = start("MaxProcesses 1", "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n")
    worker, maker = ask(pools)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: ask(pools)[0] != worker, "a new worker", pools.daemon.process)
    assert ask(pools)[1] == maker


def test_a_template_that_is_stopped_keeps_nobody_waiting_for_the_supervisor(start):
    pools = start("ProcessManager ondemand\nIdleTimeout 100ms")
    first, maker = ask(pools)
    wait_until(lambda: first not in children(pools), "it leaves")
    os.kill(maker, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(maker).status() == psutil.STATUS_STOPPED, "it is stopped")
    waiting = Client(pools.daemon.socket)
    waiting.send("/x.py")
    waiting.sock.sendall(waiting.wire.stdin_end())
    pools.daemon.wait_for_log(f"can't start a process: template {maker} can't be asked: it is stopped")
    assert pools.daemon.command("status").returncode == 0
    assert "it is killed" not in pools.daemon.log()
    os.kill(maker, signal.SIGCONT)
    status, body = waiting.response()
    assert (status, body.split()[1]) == (200, b"%d" % maker)


def test_a_template_that_does_not_answer_is_replaced(start):
    pools = start("MaxProcesses 1")
    worker, maker = ask(pools)
    os.kill(maker, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    pools.daemon.wait_for_log(f"template {maker} has not answered for 5 s; it is killed")
    pools.daemon.wait_for_log(f"template {maker} was killed by SIGKILL; a new one is started")
    assert ask(pools)[1] == template(pools) != maker
    # The answers belong to the orders again.
    for _ in range(3):
        worker = ask(pools)[0]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda worker=worker: ask(pools)[0] != worker, "a new worker", pools.daemon.process)
        assert sorted(children(pools)) == sorted([template(pools), ask(pools)[0]])
