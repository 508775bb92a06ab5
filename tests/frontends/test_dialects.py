"""What each front-end makes of odd answers, and says of bodies without a length: the reasons why ours is never odd.

An application of the tests' own answers, not the daemon. Each test holds what was found with the real server, as its page
in docs/ tells it; where a server behaves otherwise one day, its test says so.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from tests.frontends.conftest import open_folder, write_site
from tests.frontends.variants import FCGID, VARIANTS, Place, haproxy_path_info, printed
from tests.support import scripted
from tests.support.apache import need_module
from tests.support.frontends import frontend
from tests.support.http import Answer, chunked, read, request, send
from tests.support.servers import wait_until

pytestmark = pytest.mark.frontend

KINDS = [*(variant.kind for variant in VARIANTS if variant.printed), "fcgid"]
BODY = 1_000_000


def started_by_fcgid(place: Place, port: int, tls_port: int) -> str:
    need_module("fcgid")
    folder = Path(tempfile.mkdtemp(dir=place.folder))
    folder.chmod(0o777)
    script = folder / "site.fcgi"
    script.write_text(f"#!/bin/sh\nexec {sys.executable} {scripted.__file__}\n")
    script.chmod(0o755)
    return FCGID.format(site=place.folder, folder=folder, port=port).replace("mpfcgi.fcgi", "site.fcgi")


def impatient_haproxy(place: Place, port: int, tls_port: int) -> str:
    text = printed("haproxy")(place, port, tls_port)
    assert "timeout server 3600s" in text
    return text.replace("timeout server 3600s", "timeout server 2s")


WRITERS = {"fcgid": started_by_fcgid, "haproxy": impatient_haproxy}


class Server:
    """A front-end, its port, and the requests that the application has seen (none where it is another process)."""

    def __init__(self, kind: str, port: int, seen: list[dict]) -> None:
        self.kind, self.port, self.seen = kind, port, seen

    def ask(self, query: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer | None:
        """None when the connection is closed without an answer."""
        try:
            return send(self.port, request(method, f"/x?{query}", headers, body), method)
        except RemoteDisconnected:
            return None


@pytest.fixture(scope="module", params=KINDS)
def server(request):
    kind = request.param
    with open_folder("dialects") as folder:
        write_site(folder)
        path = str(folder / "scripted.sock")
        with scripted.scripted(path) as seen, open_folder(kind) as own:
            os.chmod(path, 0o666)
            place = Place(folder, path, 0)
            write = WRITERS.get(kind) or printed(kind)
            real = "apache" if kind == "fcgid" else kind
            with frontend(real, own, lambda *ports: write(place, *ports)) as ports:
                yield Server(kind, ports[0], seen)


def outcome(answer: Answer | None) -> str:
    """Whether an answer is whole, has bytes that are none of its own, or is broken off or replaced by an error."""
    if answer is None or answer.status != 200 or answer.cut:
        return "broken"
    return "taken" if scripted.MARK in answer.body else "whole" if b"requests_before" in answer.body else "broken"


def test_a_record_may_come_in_two_pieces(server):
    """Old copies of mod_fcgid read the second piece of a head to the wrong place."""
    for _ in range(3):
        assert outcome(server.ask("split")) == "whole"


@pytest.mark.parametrize(
    ("query", "broken", "taken"),
    [
        ("unknown-type", {"nginx", "fcgid"}, {"caddy"}),
        ("management", {"nginx", "fcgid", "apache"}, {"caddy"}),
        ("other-request", {"nginx", "apache"}, {"caddy", "lighttpd", "fcgid"}),
    ],
)
def test_records_that_nobody_asked_for_break_answers_or_become_a_part_of_them(server, query, broken, taken):
    expected = "broken" if server.kind in broken else "taken" if server.kind in taken else "whole"
    assert outcome(server.ask(query)) == expected
    assert outcome(server.ask("plain")) == "whole"


def test_nobody_tells_the_client_that_the_application_is_overloaded(server):
    """FCGI_OVERLOADED: which is why ours answers `Status: 503`."""
    answer = server.ask("overloaded")
    assert answer is not None
    expected = {"nginx": 502, "apache": 200, "lighttpd": 500, "caddy": 502, "haproxy": 504, "fcgid": 500}
    assert answer.status == expected[server.kind]
    if answer.status == 200:
        assert answer.body == b""


def test_half_a_record_is_not_passed_on_by_all(server):
    """Which is why ours flushes records that are whole."""
    answer = server.ask("half-record")
    assert answer is not None
    if server.kind in ("nginx", "apache", "caddy"):
        assert (answer.status, answer.body) == (200, b"whole half")
    elif server.kind == "lighttpd":
        assert (answer.status, answer.body) == (200, b"whole ")
    else:
        assert answer.status == (500 if server.kind == "fcgid" else 200), answer


def test_some_send_the_whole_body_before_they_read_an_answer(server):
    if server.kind == "nginx":
        pytest.skip("it sends no more of a body once the answer has begun: test_unbuffered.py")
    answer = server.ask("early", method="POST", body=b"x" * BODY)
    assert answer is not None
    facts = json.loads(answer.body)
    assert facts["length"] == BODY
    # The others may read it at once, and need not.
    assert facts["unread"] > 0 or server.kind not in ("caddy", "fcgid")


def test_a_body_without_a_length_arrives_whole(server):
    """What CONTENT_LENGTH says of it: the length, that it isn't known, nothing."""
    answer = server.ask("plain", "Transfer-Encoding: chunked", method="POST", body=chunked([b"abc", b"d" * 5000]))
    assert answer is not None
    facts = json.loads(answer.body)
    assert facts["length"] == 5003
    assert facts["params"]["CONTENT_LENGTH"] == ("-1" if server.kind == "caddy" else "5003")


def test_a_body_without_a_length_that_comes_slowly_has_the_right_one(server):
    """HAProxy would tell what it has so far, if it did not wait; Apache tells none that it doesn't know yet."""
    before = len(server.seen)
    with socket.create_connection(("127.0.0.1", server.port), 20) as sock:
        sock.sendall(request("POST", "/x?plain", ["Transfer-Encoding: chunked"]) + b"3\r\nabc\r\n")
        if server.kind in ("apache", "caddy"):
            wait_until(lambda: len(server.seen) > before, "the application is asked")
        sock.sendall(b"5\r\ndefgh\r\n0\r\n\r\n")
        facts = json.loads(read(sock).body)
    told = {"caddy": "-1", "apache": None}.get(server.kind, "8")
    assert (facts["length"], facts["params"].get("CONTENT_LENGTH")) == (8, told)


def test_haproxy_splits_paths_as_it_is_told():
    with open_folder("path-info") as folder:
        write_site(folder)
        place = Place(folder, str(folder / "scripted.sock"), 0)

        def write(*ports):
            return haproxy_path_info(place, *ports)

        with scripted.scripted(place.socket), frontend("haproxy", folder, write) as (port, _):
            for target, script, info in [
                ("/a.py/b%20c", "/a.py", "/b c"),
                ("/a.py", "/a.py", None),
                ("/b/c", "/b/c", None),
            ]:
                params = json.loads(send(port, request("GET", target)).body)["params"]
                assert (params["SCRIPT_NAME"], params.get("PATH_INFO")) == (script, info)
                assert params["REQUEST_URI"] == target
