"""The real daemon: workers that die, bad configurations, garbage, big bodies."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mpfcgi.fastcgi import RequestEnded, StdoutReceived
from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import HANDLER, one_handler

pytestmark = pytest.mark.daemon


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path, one_handler(tmp_path) + "Timeout 5\n")
    wait_until(lambda: len(daemon.children()) == 2, "its workers", daemon.process)
    assert get(daemon) == (200, b"hello")
    yield daemon
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.socket)


def get(daemon, uri="/x.py", **params):
    return Client(daemon.socket).get(uri, **params)


def test_a_kept_connection_serves_many_requests(daemon):
    client = Client(daemon.socket)
    assert [client.get("/x.py") for _ in range(3)] == [(200, b"hello")] * 3


def test_an_edited_handler_is_served_at_the_next_request(daemon):
    assert get(daemon) == (200, b"hello")
    path = daemon.folder / "htdocs" / "site_handler.py"
    path.write_text(HANDLER.replace('"hello"', '"hello again"'))
    assert get(daemon) == (200, b"hello again")
    path.write_text("def handler(")
    assert get(daemon)[0] == 500
    path.write_text(HANDLER)
    assert get(daemon) == (200, b"hello")


def test_a_killed_worker_is_replaced_and_the_others_go_on(daemon):
    pid = int(get(daemon, "/x.py?pid")[1])
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in daemon.children() and len(daemon.children()) == 2, "a new worker", daemon.process)
    assert get(daemon) == (200, b"hello")
    daemon.wait_for_log(f"worker {pid} was killed by SIGKILL")


def test_an_exception_is_logged_and_the_worker_lives(daemon):
    before = daemon.children()
    status, page = get(daemon, "/x.py?fail")
    assert status == 500
    assert b"on purpose" not in page
    daemon.wait_for_log("PythonHandler site_handler: ValueError: on purpose")
    assert daemon.children() == before


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", bytes(64), b"\x01\x01\0\x01\0\x04\0\0abcd", os.urandom(3000)]
)
def test_garbage_closes_its_connection_and_nothing_else(daemon, garbage):
    before = daemon.children()
    client = Client(daemon.socket)
    client.sock.sendall(garbage)
    client.sock.shutdown(socket.SHUT_WR)
    while client.sock.recv(65536):
        pass
    assert get(daemon) == (200, b"hello")
    assert daemon.children() == before


def test_a_slow_client_keeps_no_worker_from_serving_others(daemon):
    slow = [Client(daemon.socket) for _ in range(4)]
    for client in slow:
        client.sock.sendall(b"\x01\x01\0")
    assert get(daemon) == (200, b"hello")


@pytest.mark.parametrize("lines", ["<IfDefine !X>\n" * 3000 + "</IfDefine>\n" * 3000, "Include mpfcgi.conf\n"])
def test_a_configuration_without_a_bottom_leaves_the_old_one_running(daemon, lines):
    daemon.config.write_text(daemon.config.read_text() + lines)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("the old configuration stays, for the new one is wrong")
    assert Client(daemon.socket).get("/x.py")[0] == 200


def test_a_bad_new_configuration_leaves_the_old_one_running(daemon):
    good = daemon.config.read_text()
    daemon.config.write_text(good + "Nonsense\n")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("there is no directive Nonsense")
    assert get(daemon) == (200, b"hello")
    daemon.config.write_text(good + "CustomLog access.log %z\n")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("LogFormat does not know %z")
    assert get(daemon) == (200, b"hello")
    before = daemon.children()
    daemon.config.write_text(good.replace("MaxProcesses 2", "MaxProcesses 1"))
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: len(daemon.children()) == 1 and not daemon.children() & before, "new workers", daemon.process)
    assert get(daemon) == (200, b"hello")


def test_a_kept_connection_lives_through_a_reload(daemon):
    client = Client(daemon.socket)
    pid = int(client.get("/x.py?pid")[1])
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: pid not in daemon.children(), "the old worker leaves", daemon.process)
    assert int(client.get("/x.py?pid")[1]) != pid


def test_big_bodies_pass_in_little_memory(daemon):
    client = Client(daemon.socket)
    client.send("/x.py?length", REQUEST_METHOD="POST", CONTENT_LENGTH=str(200 << 20))
    piece = client.wire.stdin(b"y" * 65528)
    sent = 0
    while sent < 200 << 20:
        count = min(65528, (200 << 20) - sent)
        client.sock.sendall(piece if count == 65528 else client.wire.stdin(b"y" * count))
        sent += count
    client.sock.sendall(client.wire.stdin_end())
    assert client.response() == (200, str(200 << 20).encode())
    big = Client(daemon.socket)
    big.send("/x.py?big=4096")
    big.sock.sendall(big.wire.stdin_end())
    received = 0
    while not isinstance(event := big.wire.next_event(), RequestEnded):
        if isinstance(event, StdoutReceived):
            received += len(event.data)
        elif event is None:
            big.wire.receive_data(big.sock.recv(1 << 18))
    assert received > 4096 * 65536
    for pid in [daemon.process.pid, *daemon.children()]:
        peak = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        assert int(peak[1]) < 60 * 1024, f"process {pid} needed {peak[1]} KiB"


def test_a_body_past_the_limit_is_refused_and_the_connection_kept(daemon):
    daemon.config.write_text(daemon.config.read_text() + "LimitRequestBody 100\n")
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("reload: done")
    client = Client(daemon.socket)
    client.send("/x.py", REQUEST_METHOD="POST", CONTENT_LENGTH="1000")
    client.sock.sendall(client.wire.stdin(b"x" * 1000) + client.wire.stdin_end())
    assert client.response()[0] == 413
    assert client.get("/x.py") == (200, b"hello")


def test_workers_leave_when_the_supervisor_is_killed(tmp_path):
    daemon = Daemon(tmp_path, one_handler(tmp_path))
    wait_until(lambda: len(daemon.children()) == 2, "its workers", daemon.process)
    pids = daemon.children()
    daemon.process.kill()
    daemon.process.wait()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), "the workers leave")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("Listen unix:x.sock\nPythonDebug maybe\n", "mpfcgi.conf:2: PythonDebug takes On or Off, not 'maybe'"),
        ("ServerName x\n", "there is no Listen line"),
        ("Listen unix:/nonexistent/x.sock\n", "can't listen on /nonexistent/x.sock"),
        (
            "Listen unix:x.sock\nPythonOption mod_python.mutex_directory /nonexistent\n",
            "mpfcgi.conf:2: mod_python.mutex_directory: /nonexistent is no directory",
        ),
    ],
)
def test_a_daemon_that_can_not_start_says_why_in_one_line(tmp_path, config, message):
    path = tmp_path / "mpfcgi.conf"
    path.write_text(config)
    done = subprocess.run(
        [sys.executable, "-m", "mpfcgi", "run", "-c", str(path)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x.sock").exists()
