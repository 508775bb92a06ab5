"""`mpfcgi request`: what goes over the wire for what was typed."""

import os
import socket
import threading

import pytest
from click.testing import CliRunner

from mpfcgi.cli import main
from mpfcgi.fastcgi import ParamsReceived, ServerConnection, StdinEnded, StdinReceived


class Worker:
    """A FastCGI server for one request; `params` and `body` are what it was sent."""

    def __init__(self, path, response):
        self.params, self.body = {}, b""
        self._response = response
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        wire = ServerConnection()
        with sock:
            while data := sock.recv(65536):
                wire.receive_data(data)
                for event in iter(wire.next_event, None):
                    self._take(event, sock, wire)

    def _take(self, event, sock, wire):
        if isinstance(event, ParamsReceived):
            self.params = event.params
        elif isinstance(event, StdinReceived):
            self.body += event.data
        elif isinstance(event, StdinEnded):
            sock.sendall(self._response(wire))

    def close(self):
        # Wakes a thread that still waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def ask(tmp_path):
    """Run `mpfcgi request` with a worker that answers `response`; the command's result and the worker."""
    workers = []
    (tmp_path / "m.conf").write_text("Listen unix:s\n")

    def run(*args, response=lambda wire: wire.stdout_end_request(b"Content-Type: text/plain\r\n\r\nfine")):
        workers.append(Worker(str(tmp_path / "s"), response))
        result = CliRunner().invoke(main, ["request", "-c", str(tmp_path / "m.conf"), *args])
        return result, workers[-1]

    yield run
    for worker in workers:
        worker.close()


def test_path_host_method_and_headers_are_sent(ask):
    result, worker = ask("/a/b?c=d", "--host", "www.example.com:81", "-X", "PUT", "-H", "X-Y: z", "-H", "Accept: a")
    assert (result.exit_code, result.stdout) == (0, "fine")
    expected = {
        "REQUEST_METHOD": "PUT", "REQUEST_URI": "/a/b?c=d", "QUERY_STRING": "c=d", "SERVER_NAME": "www.example.com",
        "SERVER_PORT": "81", "HTTP_HOST": "www.example.com:81", "HTTP_X_Y": "z", "HTTP_ACCEPT": "a",
    }  # fmt: skip
    assert {name: worker.params[name] for name in expected} == expected


def test_data_is_posted_as_a_form(ask):
    _, worker = ask("/", "-d", "a=b")
    assert worker.body == b"a=b"
    assert worker.params["REQUEST_METHOD"] == "POST"
    assert worker.params["CONTENT_LENGTH"] == "3"
    assert worker.params["CONTENT_TYPE"] == "application/x-www-form-urlencoded"


def test_a_content_type_that_is_given_counts(ask):
    _, worker = ask("/", "-d", "{}", "-H", "Content-Type: application/json")
    assert worker.params["CONTENT_TYPE"] == "application/json"


def test_any_character_goes_over_the_wire_as_its_bytes(ask):
    odd = os.fsdecode(b"\xff\xe9")
    _, worker = ask(f"/\u2603{odd}", "-H", "X-Y: \u00e9", "-d", f"\u2603{odd}")
    assert worker.params["REQUEST_URI"].encode("latin-1") == b"/\xe2\x98\x83\xff\xe9"
    assert worker.params["HTTP_X_Y"].encode("latin-1") == b"\xc3\xa9"
    assert worker.body == b"\xe2\x98\x83\xff\xe9"


def test_include_shows_status_and_headers_as_they_were_sent(ask):
    answer = b"Status: 299 Odd\r\nX-A: 1\r\nX-A: 2\r\n\r\nbody"
    result, _ = ask("/", "-i", response=lambda wire: wire.stdout_end_request(answer))
    assert (result.exit_code, result.stdout) == (0, "299 Odd\nX-A: 1\nX-A: 2\n\nbody")


def test_an_error_of_the_application_is_exit_status_1_and_its_log_goes_to_stderr(ask):
    result, _ = ask(
        "/", response=lambda wire: wire.stderr(b"it broke") + wire.stdout_end_request(b"Status: 500 No\r\n\r\nsorry")
    )
    assert (result.exit_code, result.stdout) == (1, "sorry")
    assert "it broke" in result.stderr


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (b"Status: what\r\n\r\n", "makes no sense"),
        (b"X-A: 1\r\n", "within its head"),
    ],
)
def test_an_answer_that_is_none_is_one_line(ask, response, said):
    result, _ = ask("/", response=lambda wire: wire.stdout_end_request(response))
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_path_without_a_slash_is_wrong_usage(tmp_path):
    result = CliRunner().invoke(main, ["request", "-c", str(tmp_path / "m.conf"), "hello.py"])
    assert result.exit_code == 2
    assert "slash" in result.stderr
