"""The real daemon among handlers and front-ends that do what they should not."""

import contextlib
import os
import signal

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import os, signal
from mod_python import apache

KEPT = []

class Unshown(Exception):
    def __str__(self):
        raise SystemExit(3)

class Odd:
    def __call__(self, data):
        raise Unshown()

    def __repr__(self):
        raise KeyboardInterrupt()

def outside(number, frame):
    # Once, and in the worker's loop only.
    if frame.f_code.co_name == "run":
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        1 / 0

def handler(req):
    what = req.args or "pid"
    req.content_type = "text/plain"
    if what == "fork" and os.fork() == 0:
        req.write("from the child")
        return apache.OK
    if what == "fork_and_raise" and os.fork() == 0:
        raise ValueError("in the child")
    if what == "break":
        from mpfcgi.worker.site import Site
        Site.log_access = lambda *arguments: 1 / 0
    if what == "exec":
        os.execv("/bin/sleep", ["sleep", "3600"])
    if what == "close":
        os.closerange(3, 1000)
    if what == "cleanup":
        req.register_cleanup(req.log_error, "the first cleanup")
        req.register_cleanup(Odd(), None)
    if what == "leak":
        try:
            while True:
                KEPT.append(open("/dev/null"))
        except OSError:
            req.log_error("leaked all")
    if what == "sendfile":
        req.sendfile(os.path.dirname(req.filename) + "/pipe")
    if what == "psp":
        from mod_python import psp
        psp.PSP(req, filename="pipe").run()
    if what == "signal":
        signal.signal(signal.SIGALRM, outside)
    req.write("%d" % os.getpid())
    return apache.OK
"""


def configuration(folder):
    return one_handler(folder, HANDLER, pool="MaxProcesses 1") + 'CustomLog access.log "%r %>s"\nTimeout 5\n'


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path, configuration(tmp_path))
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture
def narrow(tmp_path):
    """A daemon of two hosts, whose processes may open few files."""
    hosts = "".join(f"<VirtualHost *:80>\nServerName {name}\n</VirtualHost>\n" for name in ("localhost", "other"))
    daemon = Daemon(tmp_path, configuration(tmp_path) + hosts, files=128)
    yield daemon
    assert daemon.stop() == 0


def get(daemon, uri="/x.py", **params):
    return Client(daemon.socket).get(uri, **params)


@pytest.mark.parametrize("what", ["fork", "fork_and_raise"])
def test_a_child_that_comes_back_from_a_handler_ends_and_answers_nothing(daemon, what):
    worker = int(get(daemon)[1])
    assert get(daemon, f"/x.py?{what}") == (200, b"%d" % worker)
    daemon.wait_for_log("PythonHandler site_handler has forked process")
    wait_until(
        lambda: all(child.status() == psutil.STATUS_ZOMBIE for child in psutil.Process(worker).children()),
        "the child has ended",
    )
    assert [get(daemon) for _ in range(5)] == [(200, b"%d" % worker)] * 5
    # The request is logged once.
    assert (daemon.folder / "access.log").read_text().count(what) == 1


def test_a_path_that_is_no_utf_8_from_a_front_end_without_request_uri_is_logged(daemon):
    worker = get(daemon)
    client = Client(daemon.socket)
    client.sock.sendall(
        client.wire.begin_request({"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/\x91.py", "HTTP_HOST": "localhost"})
        + client.wire.stdin_end()
    )
    client.response()
    assert get(daemon) == worker
    assert "GET /\\x91.py HTTP/1.0" in (daemon.folder / "access.log").read_text()


def test_a_mistake_in_the_server_itself_is_logged_and_costs_one_connection(daemon):
    status, worker = get(daemon, "/x.py?break")
    assert status == 200
    assert get(daemon) == (200, worker)
    daemon.wait_for_log("mpfcgi: ZeroDivisionError: division by zero")


def test_what_ends_a_worker_between_requests_is_in_the_error_log(daemon):
    worker = int(get(daemon, "/x.py?signal")[1])

    def ended():
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGALRM)
        return "has crashed: ZeroDivisionError: division by zero" in daemon.log()

    wait_until(ended, "the signal has come between two requests", daemon.process)
    wait_until(lambda: int(get(daemon)[1]) != worker, "a new worker")


def test_a_cleanup_and_its_exception_that_can_not_be_shown_end_nothing(daemon):
    worker = get(daemon)
    assert get(daemon, "/x.py?cleanup") == worker
    daemon.wait_for_log("the first cleanup")
    assert "Unshown'>, which can't be shown: SystemExit" in daemon.log()
    assert get(daemon) == worker


def test_a_worker_that_has_become_another_program_is_ended_and_replaced(daemon):
    worker = int(get(daemon)[1])
    with pytest.raises(ConnectionError):
        get(daemon, "/x.py?exec")
    daemon.wait_for_log(
        f"worker {worker} has closed its line to the supervisor and goes on, perhaps as another program"
    )
    wait_until(lambda: not psutil.pid_exists(worker), "that program has ended")
    assert get(daemon)[0] == 200


def test_a_worker_whose_handler_closes_all_files_is_replaced(daemon):
    worker = int(get(daemon)[1])
    with pytest.raises(ConnectionError):
        get(daemon, "/x.py?close")
    daemon.wait_for_log(f"worker {worker} exited with status 70")
    assert get(daemon)[0] == 200


def test_connections_that_say_nothing_make_room_when_files_run_out(narrow):
    silent = [Client(narrow.socket) for _ in range(300)]
    assert get(narrow)[0] == 200
    narrow.wait_for_log("can't accept connections: Too many open files (ulimit -n); closed")
    # One line a second at most.
    assert narrow.log().count("Too many open files") < 10
    for client in silent:
        client.sock.close()


def test_connections_that_begin_a_request_and_go_no_further_make_room_when_files_run_out(narrow):
    begun = []
    for _ in range(300):
        begun.append(client := Client(narrow.socket))
        head = client.wire.begin_request({"REQUEST_URI": "/x.py", "HTTP_HOST": "localhost"}, keep_conn=True)
        client.sock.sendall(head[:30])
    assert get(narrow)[0] == 200
    narrow.wait_for_log("can't accept connections: Too many open files (ulimit -n); closed")
    for client in begun:
        client.sock.close()


def test_kept_connections_make_room_when_there_are_too_many(narrow):
    worker = get(narrow)
    kept = []
    for _ in range(300):
        kept.append(Client(narrow.socket))
        assert kept[-1].get("/x.py") == worker
    assert kept[-1].get("/x.py") == worker
    narrow.wait_for_log("at once by ulimit -n; those that are idle are closed")


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("hosts", [1, 2])
def test_a_worker_whose_handlers_leak_files_is_replaced_and_nobody_notices(tmp_path, hosts, kept):
    text = configuration(tmp_path)
    if hosts == 2:
        # The router hands the connections over; otherwise the worker accepts them itself.
        text += "<VirtualHost *:80>\nServerName other\n</VirtualHost>\n"
    for path in tmp_path.rglob("*.py"):
        # A file that was changed just now is read again, to be sure.
        os.utime(path, (1e9, 1e9))
    daemon = Daemon(tmp_path, text, files=128)
    try:
        client = Client(daemon.socket)
        worker = client.get("/x.py")
        clients = [client] + [Client(daemon.socket) for _ in range(5)]
        assert client.get("/x.py?leak") == worker
        answers = [(each if kept else Client(daemon.socket)).get("/x.py") for each in clients]
        # On a connection that the worker has, its handler may be the first to see that nothing can be opened.
        assert [status for status, _ in answers[kept:]] == [200] * len(answers[kept:])
        wait_until(lambda: get(daemon) not in (worker, None), "a new worker")
        daemon.wait_for_log(
            f"worker {worker[1].decode()} is to be replaced: it has all 128 files that it may have open"
        )
        assert daemon.log().count("is to be replaced") == 1
    finally:
        assert daemon.stop() == 0


def test_an_abort_before_the_parameters_are_complete_is_answered(narrow):
    client = Client(narrow.socket)
    begun = client.wire.begin_request({"REQUEST_METHOD": "GET"}, keep_conn=True)
    client.sock.sendall(begun[:16] + b"\1\2\0\1\0\0\0\0")
    answer = b""
    while len(answer) < 24:
        answer += client.sock.recv(100)
    assert answer[8:12] == b"\1\3\0\1"
    client.wire = type(client.wire)()
    assert client.get("/x.py")[0] == 200


@pytest.mark.parametrize("what", ["sendfile", "psp"])
def test_a_named_pipe_in_the_place_of_a_file_keeps_no_worker(daemon, what):
    os.mkfifo(daemon.folder / "htdocs" / "pipe")
    assert get(daemon, f"/x.py?{what}")[0] == 500
    daemon.wait_for_log("Not a regular file")
