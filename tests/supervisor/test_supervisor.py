import os
import signal
import socket

import psutil
import pytest

from mpfcgi.fastcgi import ClientConnection
from tests.supervisor.echoes import Echoes, until

# Two hosts: what a listener brings is for one of two pools, so that there is a router.
TWO_POOLS = """
<VirtualHost *:80>
    ServerName a.example
</VirtualHost>
<VirtualHost *:80>
    ServerName b.example
    <Directory {folder}>
        PythonInterpPerDirectory On
    </Directory>
    DocumentRoot {folder}
</VirtualHost>
"""


@pytest.fixture
def echoes(tmp_path):
    program = Echoes(tmp_path)
    program.configure()
    yield program
    if program.process is not None:
        program.process.kill()
        program.process.wait()
        program.process.stdout.close()


def test_a_killed_worker_is_replaced_and_the_log_says_how_it_died(echoes):
    echoes.start().ready()
    _, (pid, *_) = echoes.get()
    os.kill(int(pid), signal.SIGKILL)
    status, (other, *_) = echoes.get()
    assert status == 200
    assert other != pid
    echoes.logs(f"worker {pid} was killed by SIGKILL")


def test_a_crash_loop_is_reported_once_and_so_is_its_end(echoes):
    (echoes.folder / "crash").touch()
    echoes.start()
    echoes.logs("exited with status 3")
    until(lambda: (echoes.folder / "crash").stat().st_size >= 3, "it tries again")
    (echoes.folder / "crash").unlink()
    echoes.ready()
    assert echoes.get()[0] == 200
    echoes.logs("stay alive again")
    assert echoes.log.count("exited with status 3") == 1


def test_a_reload_brings_new_workers_with_the_new_configuration(echoes):
    echoes.start().ready()
    _, (pid, _, mark) = echoes.get()
    echoes.configure(mark="two")
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    until(lambda: not psutil.pid_exists(int(pid)), "the old worker leaves")
    _, (other, _, new_mark) = echoes.get()
    assert (mark, new_mark) == ("one", "two")
    assert other != pid


def test_no_request_fails_during_reloads(echoes):
    echoes.start().ready()
    for number in range(5):
        echoes.signal(signal.SIGHUP)
        while echoes.log.count("reload: done") <= number:
            assert echoes.get()[0] == 200


def test_a_request_that_runs_during_a_reload_is_finished(echoes):
    echoes.start().ready()
    held = echoes.hold()
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    echoes.go()
    assert echoes.receive(*held)[0] == 200


def test_a_wrong_configuration_changes_nothing(echoes):
    echoes.start().ready()
    (echoes.folder / "mpfcgi.conf").write_text("Lisen unix:x\n")
    echoes.signal(signal.SIGHUP)
    echoes.logs("the old configuration stays")
    assert "mpfcgi.conf:1" in echoes.log
    assert echoes.get()[0] == 200


def test_a_reload_whose_workers_can_not_start_leaves_the_old_ones_and_can_be_repeated(echoes):
    echoes.start().ready()
    _, (pid, *_) = echoes.get()
    (echoes.folder / "crash").touch()
    echoes.signal(signal.SIGHUP)
    echoes.logs("exited with status 3")
    assert echoes.get()[1][0] == pid
    (echoes.folder / "crash").unlink()
    echoes.configure(mark="two")
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    until(lambda: not psutil.pid_exists(int(pid)), "the old worker leaves")
    assert echoes.get()[1][2] == "two"


def test_a_reload_changes_the_log(echoes):
    echoes.start().ready()
    config = echoes.folder / "mpfcgi.conf"
    config.write_text(config.read_text().replace("error.log", "other.log"))
    echoes.signal(signal.SIGHUP)
    other = echoes.folder / "other.log"
    until(lambda: other.exists() and "reload: done" in other.read_text(), "the new log is written")


def test_logs_are_opened_again(echoes):
    echoes.start().ready()
    (echoes.folder / "error.log").rename(echoes.folder / "error.log.1")
    echoes.signal(signal.SIGUSR1)
    until((echoes.folder / "error.log").exists, "a new file")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_requests_and_removes_the_socket(echoes, number):
    echoes.start().ready()
    held = echoes.hold()
    echoes.signal(number)
    echoes.logs("stopping")
    echoes.go()
    assert echoes.receive(*held)[0] == 200
    assert echoes.ended() == 0
    assert not (echoes.folder / "echo.sock").exists()


def test_a_second_signal_stops_at_once(echoes):
    echoes.start().ready()
    echoes.hold()
    echoes.signal(signal.SIGTERM)
    echoes.logs("stopping")
    echoes.signal(signal.SIGTERM)
    assert echoes.ended() == 0


def test_no_worker_outlives_a_killed_supervisor(echoes):
    echoes.start().ready()
    _, (pid, *_) = echoes.get()
    echoes.process.kill()
    until(lambda: not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie", "it leaves")


def test_the_router_finds_the_pool_of_each_host(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    assert [echoes.get(host=host)[1][1] for host in ("a.example", "b.example:80")] == ["a.example", f"{echoes.folder}/"]


def test_a_pool_that_nobody_named_starts_with_its_first_request(echoes):
    echoes.configure(TWO_POOLS)
    (echoes.folder / "sub").mkdir()
    echoes.start().ready()
    before = len(echoes.children())
    assert echoes.get("/sub/x", "b.example")[1][1] == f"{echoes.folder}/sub/"
    assert len(echoes.children()) == before + 1


def test_a_pool_on_demand_is_there_after_a_reload_too(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    _, (pid, name, _) = echoes.get("/", "b.example")
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    until(lambda: not psutil.pid_exists(int(pid)), "the old worker leaves")
    assert echoes.get("/", "b.example")[1][1] == name


def test_requests_in_the_queue_are_answered_before_the_workers_leave(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    _, (pid, *_) = echoes.get(host="a.example")
    (echoes.folder / "held").unlink(missing_ok=True)
    held = echoes.send("/hold", "a.example")
    until((echoes.folder / "held").exists, "the worker is busy")
    waiting = echoes.send("/", "a.example")
    # The router answers in turn: when another pool's answer is here, the waiting one is in its queue.
    echoes.get(host="b.example")
    echoes.signal(signal.SIGTERM)
    echoes.logs("stopping")
    echoes.go()
    assert echoes.receive(*held)[0] == 200
    assert echoes.receive(*waiting) == (200, [pid, "a.example", "one"])
    assert echoes.ended() == 0


def test_a_killed_router_is_replaced(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    echoes.router().kill()
    assert echoes.get(host="a.example")[0] == 200


def test_past_a_full_queue_the_answer_is_503_and_the_log_says_who_holds_the_workers(echoes):
    echoes.configure(TWO_POOLS + '<PythonPool "a.example">\n MaxProcesses 1\n QueueLength 2\n</PythonPool>\n')
    echoes.start().ready()
    held = echoes.send("/hold", "a.example")
    until((echoes.folder / "held").exists, "the worker is busy")
    waiting = []
    while "QueueLength" not in echoes.log:
        waiting.append(echoes.send("/", "a.example"))
        assert len(waiting) < 500
    echoes.logs("/hold")
    echoes.go()
    statuses = [echoes.receive(*one)[0] for one in [held, *waiting]]
    assert set(statuses) == {200, 503}
    assert statuses[:4] == [200, 200, 200, 503]


def test_a_pool_with_a_socket_of_its_own_is_asked_there(echoes):
    echoes.configure(TWO_POOLS + '<PythonPool "a.example">\n Listen unix:a.sock\n MaxProcesses 1\n</PythonPool>\n')
    echoes.start().ready()
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(echoes.folder / "a.sock"))
    client = ClientConnection()
    sock.sendall(client.begin_request({"REQUEST_URI": "/", "HTTP_HOST": "a.example"}) + client.stdin_end())
    assert echoes.receive(sock, client)[1][1] == "a.example"


def test_a_connection_outlives_the_name_of_its_pool(echoes):
    echoes.start().ready()
    silent = echoes.silent()
    echoes.configure(mark="two")
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    assert echoes.get(over=silent)[1][1:] == ["two", "two"]


def test_a_connection_that_the_router_has_outlives_it(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    silent = echoes.silent()
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    assert echoes.get("/", "b.example", silent)[1][1] == f"{echoes.folder}/"


def test_a_connection_survives_when_there_is_no_router_any_more(echoes):
    echoes.configure(TWO_POOLS)
    echoes.start().ready()
    silent = echoes.silent()
    echoes.configure(mark="two")
    echoes.signal(signal.SIGHUP)
    echoes.logs("reload: done")
    assert echoes.get(over=silent)[1][1] == "two"


def test_a_reload_that_can_not_start_takes_no_requests_and_leaves_pools_on_demand_working(echoes):
    echoes.configure(TWO_POOLS)
    (echoes.folder / "sub").mkdir()
    echoes.start().ready()
    router = echoes.router()
    (echoes.folder / "crash.two").touch()
    echoes.configure(TWO_POOLS + "<VirtualHost *:80>\n ServerName c.example\n</VirtualHost>\n", mark="two")
    echoes.signal(signal.SIGHUP)
    echoes.logs("exited with status 3")
    assert echoes.get(host="c.example")[1][1:] == ["a.example", "one"]
    assert echoes.get("/sub/x", "b.example")[1][1:] == [f"{echoes.folder}/sub/", "one"]
    (echoes.folder / "crash.two").unlink()
    echoes.logs("reload: done")
    until(lambda: not router.is_running(), "the old router leaves")
    assert echoes.get(host="c.example")[1][1:] == ["c.example", "two"]


def test_a_reload_that_fails_leaves_nothing_open(echoes):
    echoes.start().ready()
    supervisor = psutil.Process(echoes.process.pid)
    before = supervisor.num_fds()
    echoes.configure("Listen unix:nowhere/echo.sock\n")
    for number in (1, 2):
        echoes.signal(signal.SIGHUP)
        until(lambda number=number: echoes.log.count("the old configuration stays") == number, "it is refused")
    assert supervisor.num_fds() == before
