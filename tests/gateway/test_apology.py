"""What a FastCGI program answers that has nothing to answer by."""

import os
import signal
import socket

import pytest

from mpfcgi.fastcgi import AUTHORIZER
from mpfcgi.fastcgi.cgi_head import parse_head
from mpfcgi.gateway import apology
from tests.support.client import Client


@pytest.fixture
def path(tmp_path):
    """A socket on which a process is sorry until the test is over."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sorry.sock"))
        listener.listen()
        pid = os.fork()
        if pid == 0:
            apology.serve(listener, 100.0)
            os._exit(0)
    yield str(tmp_path / "sorry.sock")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_each_request_is_answered_with_503_and_what_to_do(path):
    for _ in range(2):
        status, body = Client(path).get("/any")
        assert (status, body.splitlines()[0]) == (503, b"Service Unavailable")
        assert b"mpfcgi check" in body


def test_a_body_is_read_to_its_end_before(path):
    client = Client(path)
    client.send("/any", REQUEST_METHOD="POST", CONTENT_LENGTH="300000")
    client.sock.sendall(client.wire.stdin(bytes(300_000)) + client.wire.stdin_end())
    assert client.response()[0] == 503


def test_an_authorizer_is_answered_without_a_body(path):
    client = Client(path)
    client.send("/any", role=AUTHORIZER)
    assert client.response()[0] == 503


def test_who_says_nothing_or_nonsense_keeps_nobody_from_being_answered(path):
    for said in (b"", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            sock.sendall(said)
    assert Client(path).get("/any")[0] == 503


def test_it_ends_when_its_time_is_over():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        apology.serve(listener, 0.01)


def test_the_response_is_one_of_a_cgi_program():
    head, body = parse_head(apology.page("502 Bad Gateway"))
    assert (head.status, body.splitlines()[0]) == (502, b"Bad Gateway")
