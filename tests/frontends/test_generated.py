"""What `mpfcgi frontend` prints, at work: plain folders without the daemon, TLS, large bodies, clients that go away."""

from __future__ import annotations

import hashlib
import json
import socket

import pytest

from tests.frontends.variants import VARIANTS
from tests.support.http import chunked, read, request, send
from tests.support.http import request as http_request
from tests.support.servers import program, wait_until

pytestmark = [pytest.mark.frontend, pytest.mark.slow]
PRINTED = [variant for variant in VARIANTS if variant.printed]
FILES_OF_THEIR_OWN = [variant for variant in PRINTED if variant.kind != "haproxy"]
BRIDGES = ("fcgid-alone", "fcgid-bridged", "cgi", "cgi-fcgi")
EVERY = [variant for variant in VARIANTS if variant.printed or variant.name in BRIDGES]
PIECE = b"0123456789abcdef" * 65536
LARGE = 100


@pytest.fixture(params=PRINTED, ids=lambda variant: variant.name)
def ports(request, servers):
    return servers(request.param)


@pytest.fixture(params=EVERY, ids=lambda variant: variant.name)
def every(request, servers):
    """The port of each front-end, those included that nothing is printed for."""
    if request.param.name == "cgi-fcgi":
        program("cgi-fcgi")
    return servers(request.param)[0]


@pytest.fixture(params=FILES_OF_THEIR_OWN, ids=lambda variant: variant.name)
def file_server(request, servers):
    return servers(request.param)[0]


@pytest.fixture
def log(daemon, servers):
    """Gives a function for the requests that the daemon has seen since."""
    path = daemon.folder / "access.log"
    nginx = servers(VARIANTS[0])[0]
    already = path.stat().st_size if path.exists() else 0

    def lines():
        # The log is written after the answer: a worker's lines are there when its next request has been answered.
        send(nginx, request("GET", "/seen.py/mark"))
        wait_until(lambda: "/seen.py/mark" in path.read_text()[already:], "the mark is in the log")
        return [line for line in path.read_text()[already:].splitlines() if "/seen.py/mark" not in line]

    return lines


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/static/a.txt", b"static file\n"),
        ("/static/deep/b%20b.txt", b"deep\n"),
        ("/static/code.py", b"shown = True\n"),
        ("/static/a.txt?query", b"static file\n"),
        ("/shared/c.txt", b"shared file\n"),
    ],
)
def test_files_of_plain_folders_are_sent_without_the_daemon(file_server, log, path, text, method):
    answer = send(file_server, request(method, path), method)
    assert (answer.status, answer.body) == (200, text if method == "GET" else b"")
    assert path.startswith("/static/code") or answer.get("content-type")[0].startswith("text/plain")
    assert log() == []


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/static/", 200, b"<p>static index\n"),
        ("GET", "/static", 301, b""),
        ("GET", "/static/deep", 301, b""),
        ("GET", "/static/none.txt", 404, b"<p>There is no such page.\n"),
        ("GET", "/static/a.txt/more", 404, b"<p>There is no such page.\n"),
        ("GET", "/static/.hidden", 200, b"hidden\n"),
        ("GET", "/shared/none.txt", 404, b"<p>There is no such page.\n"),
        ("POST", "/static/a.txt", 200, b"static file\n"),
        ("DELETE", "/static/a.txt", 405, b""),
        ("OPTIONS", "/static/a.txt", 200, b""),
        ("GET", "/shared/%2e%2e/htdocs/guarded/page.txt", 404, b""),
        ("GET", "/static/../guarded/page.txt", 401, b""),
        ("GET", "/static/%2e%2e/guarded/page.txt", 401, b""),
        ("GET", "/static//../guarded/page.txt", 401, b""),
    ],
)
def test_everything_else_of_plain_folders_is_the_daemons(file_server, log, method, path, status, text):
    answer = send(file_server, request(method, path, body=b"a=1" if method == "POST" else b""), method)
    assert answer.status == status
    assert text in answer.body
    seen = log()
    assert len(seen) == 1
    assert seen[0].startswith(method + " ")


def test_handlers_know_of_tls(ports):
    answer = send(ports[1], request("GET", "/seen.py"), tls=True)
    seen = json.loads(answer.body)
    assert (answer.status, seen["https"], seen["env"]["HTTPS"], seen["env"]["REQUEST_SCHEME"]) == (
        200,
        1,
        "on",
        "https",
    )
    folder = send(ports[1], request("GET", "/folder"), tls=True)
    assert folder.get("location") == ["https://site.test/folder/"]


def test_a_hundred_megabytes_go_up(every):
    head = request("POST", "/seen.py", [f"Content-Length: {LARGE << 20}", "Content-Type: application/octet-stream"])
    answer = send(every, [head, *[PIECE] * LARGE])
    seen = json.loads(answer.body)
    digest = hashlib.sha1()
    for _ in range(LARGE):
        digest.update(PIECE)
    assert (seen["length"], seen["sha1"]) == (LARGE << 20, digest.hexdigest())


def test_a_hundred_megabytes_come_down(every):
    with socket.create_connection(("127.0.0.1", every), 30) as sock:
        sock.sendall(request("GET", f"/act/x.py?do=large&mb={LARGE}", version="1.0"))
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(1 << 16)
        assert b" 200 " in head
        received = len(head.partition(b"\r\n\r\n")[2])
        while data := sock.recv(1 << 20):
            received += len(data)
        assert received == LARGE << 20


def test_the_daemon_learns_that_a_client_has_gone(every, daemon, request):
    name = request.node.callspec.params["every"].name
    if name == "fcgid-alone":
        pytest.skip("what answers there has a log of its own")
    if name == "cgi-fcgi":
        pytest.skip("cgi-fcgi reads the answer to its end, whether anybody wants it or not")
    mark = f"at{every}"
    with socket.create_connection(("127.0.0.1", every), 30) as sock:
        sock.sendall(http_request("GET", f"/act/x.py?do=forever&mark={mark}"))
        daemon.wait_for_log(f"forever begins {mark}")
        assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    daemon.wait_for_log(f"forever ended {mark}")
    assert send(every, http_request("GET", "/seen.py")).status == 200


def test_what_a_handler_flushes_arrives_while_it_goes_on(ports, daemon):
    go = daemon.folder / f"go-{ports[0]}"
    with socket.create_connection(("127.0.0.1", ports[0]), 30) as sock:
        sock.sendall(request("GET", f"/act/x.py?do=hold&until={go}"))
        data = b""
        while b"first\n" not in data:
            data += sock.recv(65536)
        assert b"last" not in data
        go.touch()
        while more := sock.recv(65536):
            data += more
    assert b"last\n" in data


@pytest.mark.parametrize("query", ["", "&length=1"])
def test_an_answer_whose_worker_dies_is_seen_to_be_cut(ports, query):
    text = request("GET", f"/act/x.py?do=die{query}").replace(b"Connection: close", b"Connection: keep-alive")
    answer = send(ports[0], text)
    assert (answer.status, answer.body) == (200, b"first\n")
    # Caddy takes the end of the connection for the end of an answer whose length it wasn't told.
    caddy = ("server", "Caddy") in answer.headers
    assert answer.cut == (not caddy or query != "")
    assert send(ports[0], request("GET", "/seen.py")).status == 200


def test_a_client_that_goes_away_within_its_upload_disturbs_nobody(every):
    head = request("POST", "/seen.py/gone", ["Content-Length: 1000000"])
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", every), 30) as sock:
            sock.sendall(head + b"x" * 1000)
    assert send(every, request("GET", "/seen.py")).status == 200


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(every):
    """Expect: 100-continue is the front-end's to answer; handlers see that it was there."""
    with socket.create_connection(("127.0.0.1", every), 30) as sock:
        sock.sendall(request("POST", "/seen.py", ["Content-Length: 5", "Expect: 100-continue"]))
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(65536)
        assert data.startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"12345")
        answer = read(sock, "POST")
    assert (answer.status, json.loads(answer.body)["length"]) == (200, 5)


def test_connections_are_kept_for_the_next_client(ports):
    """One after the other over one connection of the client's, bodies and all."""
    with socket.create_connection(("127.0.0.1", ports[0]), 30) as sock:
        for number in range(5):
            body = chunked([b"a" * number, b"b"]) if number else chunked([b"b"])
            text = request("POST", f"/seen.py/{number}", ["Transfer-Encoding: chunked"], body)
            sock.sendall(text.replace(b"Connection: close", b"Connection: keep-alive"))
            answer = read(sock)
            assert json.loads(answer.body)["length"] == number + 1
