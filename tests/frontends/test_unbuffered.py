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
MORE = """\
RequestBuffering Off
Timeout 5
<Directory {folder}/htdocs/python>
    PythonHandler seen
</Directory>
<Directory {folder}/htdocs/limited>
    PythonHandler reads
    PythonDebug On
    LimitRequestBody 5000000
</Directory>
"""
# Lets an error pass, catches it, or finds out when its answer has begun.
READS = """\
from mod_python import apache

def handler(req):
    if req.args == "begin":
        req.write("begun ")
        req.flush()
    elif req.args == "wait":
        # Nothing is asked for while all of it arrives.
        req.write("x" * 4000000)
    try:
        req.write("%d" % len(req.read()))
    except IOError as error:
        if req.args != "catch":
            raise
        req.write("caught: %s" % error)
    return apache.OK
"""


@pytest.fixture(scope="module")
def streaming():
    with open_folder("streaming") as folder:
        yield from streaming_in(folder)


def streaming_in(folder):
    write_site(folder)
    (folder / "htdocs" / "python" / "seen.py").write_text(ECHO)
    (folder / "htdocs" / "python" / ".htaccess").write_text("")
    (folder / "htdocs" / "limited").mkdir()
    (folder / "htdocs" / "limited" / "reads.py").write_text(READS)
    more = MORE.format(folder=folder)
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


def upload(port, path, megabytes, chunked=False):
    """Send a body while the answer is read, as browsers do."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {megabytes << 20}"
    head = request("POST", path, [length, "Content-Type: a/b"])
    pieces = [b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE) if chunked else MEGABYTE] * megabytes
    with socket.create_connection(("127.0.0.1", port), 30) as sock:

        def send_all():
            # Who has answered need not read on.
            with contextlib.suppress(OSError):
                for piece in [head, *pieces, b"0\r\n\r\n" if chunked else b""]:
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


@pytest.fixture
def takes_any_length(kind):
    if kind == "haproxy":
        pytest.skip("HAProxy itself refuses a body whose length it isn't told above its buffer: a case of the matrix")


@pytest.mark.usefixtures("takes_any_length")
def test_a_body_whose_length_nobody_told_is_refused_when_it_is_too_large(port):
    assert upload(port, "/limited/reads.py", 4, chunked=True).body == b"%d" % (4 << 20)
    answer = upload(port, "/limited/reads.py", 20, chunked=True)
    assert answer.status == 413
    assert b"Traceback" not in answer.body
    assert upload(port, "/limited/reads.py", 20).status == 413


@pytest.mark.usefixtures("takes_any_length")
@pytest.mark.parametrize("when", ["catch", "wait", "begin"])
def test_a_handler_learns_that_a_body_is_too_large(port, when, kind):
    if kind == "nginx" and when != "catch":
        pytest.skip("nginx passes no more of a body once the answer has begun")
    answer = upload(port, f"/limited/reads.py?{when}", 20, chunked=True)
    assert b"Traceback" not in answer.body
    if kind == "lighttpd":
        # It has read the body, to tell its length.
        assert answer.status == 413
        return
    begins, ends = {
        "catch": (b"caught: request body is larger than LimitRequestBody 5000000", b""),
        "wait": (b"x" * 4000000, b"</html>\n"),
        "begin": (b"begun ", b"</html>\n"),
    }[when]
    assert answer.status == 200
    assert answer.body.startswith(begins)
    assert answer.body.endswith(ends)
    assert when == "catch" or b"413 Request Entity Too Large" in answer.body


def test_the_next_request_is_not_disturbed(port):
    assert send(port, request("GET", "/seen.py")).status == 200
