"""The access logs, and what log handlers see, under the real mod_python in Apache and in our daemon behind nginx.

Each request goes to both; then each log must have the same lines in both. The site is `live/logs.conf`.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from tests.parity.live_answers import fetch
from tests.parity.live_requests import Request, calling
from tests.parity.live_servers import OURS, REAL, SITE, both

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

# Pages that each server words itself have lengths of their own.
WORDED = ("X-Worded", "1")


def _as(user: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def _doing(code: str, **more) -> Request:
    return calling("run", code, **more)


REQUESTS = {
    "a page": Request("/x"),
    "a page with a query": calling("status", "201"),
    "a post": Request("/x", method="POST", headers=(("X-In", "1"),), body=b"abc"),
    "a file": Request("/files/a.txt"),
    "the head of a file": Request("/files/a.txt", method="HEAD"),
    "a part of a file": Request("/files/a.txt", headers=(("Range", "bytes=1-3"),)),
    "a file that is known": Request("/files/a.txt", headers=(("If-None-Match", "*"),)),
    "an unknown method for a page": Request("/x", method="FROB"),
    "the methods of a file": Request("/files/a.txt", method="OPTIONS"),
    "a folder's index": Request("/index/"),
    "a missing file": Request("/files/none", headers=(WORDED, ("X-In", "1"))),
    "a refused method": Request("/files/a.txt", method="FROB", headers=(WORDED,)),
    "an error document's text": calling("return", "409"),
    "an error document of this server": calling("return", "410"),
    "an internal redirect": calling("internal", "/files/a.txt"),
    "an exception": calling("raise", "ValueError(1)", headers=(WORDED,)),
    "nobody": Request("/accounts/plain/a.txt", headers=(WORDED,)),
    "a wrong password": Request("/accounts/plain/a.txt", headers=(WORDED, _as("joe", "wrong"))),
    "a user of a handler": _doing("req.user='a b\"c';;return 0"),
    "a user without a name": _doing("req.user='';;return 0"),
    "204": calling("return", "204"),
    "304": _doing("req.status=304;;return 0"),
    "headers": _doing(
        "req.headers_out['X-Out']='o\"q';;req.err_headers_out['X-Err']='e';;req.notes['note']='n\\x01\\n'"
        ";;req.content_type='text/x-y; charset=utf-8';;req.write('abc',0);;return 0"
    ),
    "cookies": _doing(
        "req.headers_out.add('Set-Cookie','a=1');;req.headers_out.add('Set-Cookie','b=2');;req.write('abc',0);;return 0"
    ),
    "a header in both tables": _doing(
        "req.err_headers_out.add('X-Out','a=1');;req.headers_out['X-Out']='2';;return 404", headers=(WORDED,)
    ),
    "the head of a page with a length": _doing(
        "req.set_content_length(3);;req.write('abc',0);;return 0", method="HEAD", headers=(WORDED,)
    ),
    "flushed": _doing("req.content_type='text/plain';;req.write('abc');;req.write('de');;return 0"),
    "members that a handler has set": _doing("req.uri='/changed';;req.args='b';;req.filename='/f';;return 0"),
    "a request line that a handler sets": _doing("req.the_request='changed';;return 0", headers=(WORDED,)),
    "cookies of the client": Request("/x", headers=(("Cookie", "a=1; bb=3; b=2;c"),)),
    "odd cookies": Request("/x", headers=(("Cookie", 'xa=1,a=2 ; b = "q; b="'),)),
    "an empty cookie": Request("/x", headers=(("Cookie", "a="),)),
    "odd characters": Request("/x%01", headers=(("X-In", 'quo"te\\back\ttab\xe9'),)),
    "an empty header": Request("/x", headers=(("X-In", ""),)),
    "an address in UTF-8": Request("/caf%C3%A9"),
    "a redirect": Request("/old/x", headers=(WORDED,)),
    "another host's name and port": Request("/x", headers=(("Host", "OTHER.test:8080"),)),
    "a host with its own log": Request("/x", headers=(("Host", "own.test"),)),
    "one that is not logged": Request("/x", headers=(("X-No", "1"),)),
}  # fmt: skip


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """The lines of each log, by request: of Apache's and of ours."""
    folder = tmp_path_factory.mktemp("logs")
    with both(folder, (SITE / "logs.conf").read_text()) as ports:
        for port in ports:
            for name, request in REQUESTS.items():
                fetch(port, request._replace(headers=(*request.headers, ("X-Name", name))))
            # Each has one process, which answers when it has done with the request before.
            fetch(port, Request("/files/a.txt", headers=(("X-Name", "the end"),)))
    return [lines(folder / place, port) for place, port in zip((REAL, OURS), ports)]


def lines(folder: Path, port: int) -> dict[str, dict[str, bytes]]:
    """By log and by the name of the request, without the port."""
    found: dict[str, dict[str, bytes]] = {}
    for path in folder.iterdir():
        found[path.name] = {}
        for line in path.read_bytes().replace(b":%d" % port, b":PORT").splitlines():
            name, _, rest = line.decode().partition("|")
            found[path.name][name] = found[path.name].get(name, b"") + rest.encode()
    return found


@pytest.mark.parametrize(
    "log", ["first", "second", "third", "transfer", "conditional", "negated", "length", "own", "logged"]
)
@pytest.mark.parametrize("name", REQUESTS)
def test_both_log_the_same(logs, log, name):
    real, ours = (written[log].get(name) for written in logs)
    assert ours == real


def test_every_request_is_logged(logs):
    for written in logs:
        assert set(REQUESTS) <= set(written["logged"])
        assert set(REQUESTS) - {"a host with its own log"} <= set(written["first"])
        assert set(written["own"]) == {"a host with its own log"}
        assert "one that is not logged" not in written["negated"]
        assert list(written["conditional"]) == ["a redirect"]


def test_a_nickname_that_is_none_is_a_format(logs):
    assert all(set(written["literal"]) == {"nickname"} for written in logs)
