"""`mpfcgi run -X`: one process, with pdb."""

import signal
import subprocess

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon
from tests.support.sites import HANDLER, TWO_HOSTS, one_handler

pytestmark = pytest.mark.daemon

WHERE = """\
import os
from mod_python import apache

def handler(req):
    req.write(f"{os.getpid()} {req.interpreter} {apache.interpreter}")
    return apache.OK
"""


def start(folder, more="", handler=HANDLER, options=("-X",)):
    return Daemon(folder, one_handler(folder, handler) + more, options, stdin=subprocess.PIPE)


def stop(daemon):
    daemon.process.stdin.close()
    return daemon.stop()


def test_one_process_answers_for_all_interpreters(tmp_path):
    daemon = start(tmp_path, TWO_HOSTS, WHERE)
    pid = daemon.process.pid
    for host in ("one.test", "two.test", "one.test"):
        assert Client(daemon.socket).get("/x.py", HTTP_HOST=host) == (200, f"{pid} {host} {host}".encode())
    assert psutil.Process(pid).children() == []
    assert stop(daemon) == 0
    assert "mpfcgi stopped" in daemon.log()


def test_ctrl_c_stops_it(tmp_path):
    daemon = start(tmp_path)
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    daemon.signal(signal.SIGINT)
    assert daemon.process.wait(20) == 0
    assert stop(daemon) == 0


def test_a_handler_is_entered_with_a_pdb_prompt(tmp_path):
    daemon = start(tmp_path, "PythonEnablePdb On\n")
    daemon.process.stdin.write(b"p 'seen in pdb: ' + req.uri\nreq.content_type\ncontinue\n")
    daemon.process.stdin.flush()
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    assert "'seen in pdb: /x.py'" in daemon.log()
    assert stop(daemon) == 0


def test_filters_are_entered_too(tmp_path):
    config = "PythonEnablePdb On\nPythonOutputFilter site_handler SHOUT\nSetOutputFilter SHOUT\n"
    shout = "\ndef outputfilter(filter):\n    while data := filter.read():\n        filter.write(data.upper())\n    filter.close()\n"
    daemon = start(tmp_path, config, HANDLER + shout)
    daemon.process.stdin.write(b"continue\n" + b"p 'filter: ' + filter.name\ncontinue\n" * 9)
    daemon.process.stdin.flush()
    assert Client(daemon.socket).get("/x.py") == (200, b"HELLO")
    assert "'filter: shout'" in daemon.log()
    assert stop(daemon) == 0


def test_a_debugger_that_is_quit_is_an_error_of_that_request_only(tmp_path):
    daemon = start(tmp_path, "PythonEnablePdb On\n")
    daemon.process.stdin.write(b"quit\ncontinue\n")
    daemon.process.stdin.flush()
    assert Client(daemon.socket).get("/x.py")[0] == 500
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    assert stop(daemon) == 0


def test_without_x_the_log_says_that_pdb_has_no_terminal(tmp_path):
    daemon = start(tmp_path, "PythonEnablePdb On\n", options=())
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    daemon.wait_for_log("start the daemon with `mpfcgi run -X`")
    assert stop(daemon) == 0
