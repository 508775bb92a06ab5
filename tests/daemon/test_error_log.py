"""Where a daemon's error lines go."""

import json

import pytest

from mpfcgi.fastcgi import RequestEnded, StderrReceived, StdoutReceived
from tests.support.client import Client
from tests.support.servers import Daemon
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
def handler(req):
    if req.args == "log":
        req.log_error("something\\nis wrong")
    req.write("hello")
    return 0
"""


@pytest.fixture
def start(tmp_path):
    daemons = []

    def start(more):
        daemons.append(Daemon(tmp_path, one_handler(tmp_path, HANDLER, pool="MaxProcesses 1") + more))
        return daemons[0]

    yield start
    assert daemons[0].stop() == 0


def events(client, uri):
    client.send(uri)
    client.sock.sendall(client.wire.stdin_end())
    found = []
    while not found or not isinstance(found[-1], RequestEnded):
        event = client.wire.next_event()
        if event is None:
            client.wire.receive_data(client.sock.recv(65536))
        else:
            found.append(event)
    return found


def test_the_front_end_gets_the_lines_of_its_request_behind_the_response(start):
    client = Client(start("ErrorLogToFrontEnd On").socket)
    kinds = [type(event) for event in events(client, "/x.py?log")]
    assert kinds.index(StdoutReceived) < kinds.index(StderrReceived)
    (said,) = (event.data for event in events(client, "/x.py?log") if isinstance(event, StderrReceived))
    assert said == b"[error] something\\nis wrong\n"
    assert not any(isinstance(event, StderrReceived) for event in events(client, "/x.py"))


def test_by_default_the_front_end_gets_none(start):
    daemon = start("")
    assert not any(isinstance(event, StderrReceived) for event in events(Client(daemon.socket), "/x.py?log"))
    daemon.wait_for_log("something\\nis wrong")


def test_all_lines_of_a_daemon_are_objects_by_option(start):
    daemon = start("ErrorLogFormat json")
    events(Client(daemon.socket), "/x.py?log")
    daemon.wait_for_log("is wrong")
    messages = [json.loads(line)["message"] for line in (daemon.folder / "error.log").read_text().splitlines()]
    assert messages[0].startswith("mpfcgi started: unix:")
    assert messages[-1] == "something\nis wrong"
