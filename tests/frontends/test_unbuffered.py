"""RequestBuffering Off behind every front-end: bodies that arrive while the handler works, or that it never reads."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest

from tests.frontends.conftest import open_folder, start_daemon, write_site
from tests.frontends.variants import VARIANTS, printed
from tests.support.frontends import frontend
from tests.support.http import read, request, send

pytestmark = [pytest.mark.frontend, pytest.mark.slow]
KINDS = [variant.kind for variant in VARIANTS if variant.printed]
MEGABYTE = b"0123456789abcdef" * 65536
ECHO = """\
from mod_python import apache

def handler(req):
    req.content_type = "application/octet-stream"
    while True:
        piece = req.read(65536)
        if not piece:
            return apache.OK
        req.write(piece)
        req.flush()
"""


@pytest.fixture(scope="module")
def streaming():
    with open_folder("streaming") as folder:
        yield from streaming_in(folder)


def streaming_in(folder):
    write_site(folder)
    (folder / "htdocs" / "python" / "seen.py").write_text(ECHO)
    (folder / "htdocs" / "python" / ".htaccess").write_text("")
    more = f"RequestBuffering Off\nTimeout 5\n<Directory {folder}/htdocs/python>\nPythonHandler seen\n</Directory>\n"
    daemon, daemon.place = start_daemon(folder, more)
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def port(kind, streaming):
    write = printed(kind, head="RequestBuffering Off\n")
    with (
        open_folder(kind) as folder,
        frontend(kind, folder, lambda *ports: write(streaming.place, *ports)) as ports,
    ):
        yield ports[0]


def upload(port, path, megabytes):
    """Send a body while the answer is read, as browsers do."""
    head = request("POST", path, [f"Content-Length: {megabytes << 20}", "Content-Type: a/b"])
    with socket.create_connection(("127.0.0.1", port), 30) as sock:

        def send_all():
            # Who has answered need not read on.
            with contextlib.suppress(OSError):
                for piece in [head, *[MEGABYTE] * megabytes]:
                    sock.sendall(piece)

        sender = threading.Thread(target=send_all)
        sender.start()
        try:
            return read(sock, "POST")
        finally:
            sock.shutdown(socket.SHUT_RDWR)
            sender.join()


def test_a_body_is_read_as_it_comes(port):
    assert json.loads(upload(port, "/seen.py", 20).body)["length"] == 20 << 20


def test_a_handler_may_answer_while_it_reads(kind, port):
    answer = upload(port, "/python/seen.py", 20)
    assert answer.status == 200
    if kind == "nginx":
        assert answer.body != MEGABYTE * 20, "nginx passes no more of a body once the answer has begun: not so any more"
    else:
        assert answer.body == MEGABYTE * 20


def test_a_handler_that_does_not_read_still_answers(port):
    answer = upload(port, "/act/x.py?do=unread", 5)
    assert (answer.status, answer.body) == (200, b"did not read")


def test_a_long_answer_without_reading_arrives_whole(port):
    """Caddy sends the whole body before it reads anything of the answer."""
    answer = upload(port, "/act/x.py?do=large&mb=20", 20)
    assert (answer.status, len(answer.body)) == (200, 20 << 20)


def test_the_next_request_is_not_disturbed(port):
    assert send(port, request("GET", "/seen.py")).status == 200
