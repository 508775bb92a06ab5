"""Addresses that are longer than the front-end, or what it says to the daemon, has room for: whole, or refused, never cut."""

from __future__ import annotations

import json

import pytest

from tests.frontends.variants import VARIANTS
from tests.support.frontends import frontend
from tests.support.http import request, send

pytestmark = pytest.mark.frontend

CHOSEN = [variant for variant in VARIANTS if variant.printed or variant.name in ("fcgid-bridged", "cgi", "cgi-fcgi")]
# By kind of server: what lets it take long addresses, before and behind its configuration.
RAISED = {
    "nginx": ("large_client_header_buffers 4 256k;\n", ""),
    "apache": ("LimitRequestLine 250000\n", ""),
    "lighttpd": ("", "server.max-request-field-size = 250000\n"),
    "caddy": ("", ""),
    "haproxy": ("global\n    tune.bufsize 300000\n\n", ""),
}
# As they are set up otherwise, all but Caddy refuse more than 8 or 16 KB.
REFUSED = {"nginx": 414, "apache": 414, "lighttpd": 431, "haproxy": 400}
# How long a query arrives whole, and what answers longer ones: the front-end, whose variables together have no more room than
# 64 KB, or the daemon, where it is told of a part only.
LONGEST = {
    "nginx": (17_000, 500),
    "apache": (16_000, 414),
    "lighttpd": (17_000, 400),
    "caddy": (64_000, 414),
    "haproxy": (17_000, 502),
    "fcgid-bridged": (17_000, 500),
    "cgi": (100_000, None),
    "cgi-fcgi": (100_000, None),
}


@pytest.fixture(scope="module", params=CHOSEN, ids=lambda variant: variant.name)
def variant(request):
    return request.param


@pytest.fixture(scope="module")
def raised(variant, daemon):
    """The port of a server that takes long addresses."""
    before, behind = RAISED[variant.kind]
    own = daemon.folder / f"raised-{variant.name}"
    own.mkdir()
    own.chmod(0o755)
    with frontend(variant.kind, own, lambda *ports: before + variant.write(daemon.place, *ports) + behind) as ports:
        yield ports[0]


def ask(port, length):
    return send(port, request("GET", "/seen.py?" + "q" * length))


def test_a_long_query_arrives_whole(variant, raised):
    for length in (7_000, LONGEST[variant.name][0]):
        answer = ask(raised, length)
        seen = json.loads(answer.body)
        assert (len(seen["args"]), len(seen["unparsed_uri"])) == (length, length + len("/seen.py?"))


def test_a_longer_one_is_refused_and_never_cut(variant, raised):
    status = LONGEST[variant.name][1]
    if status is None:
        pytest.skip("a CGI script has room for any")
    for length in (66_000, 120_000):
        assert ask(raised, length).status == status
    assert ask(raised, 10).status == 200


def test_without_leave_for_long_ones_the_front_end_refuses_them(variant, servers):
    if variant.kind == "caddy":
        pytest.skip("Caddy has no such limit")
    assert ask(servers(variant)[0], 20_000).status == REFUSED[variant.kind]


def test_an_empty_query_is_one(variant, raised):
    seen = json.loads(send(raised, request("GET", "/seen.py?")).body)
    assert (seen["args"], seen["unparsed_uri"]) == ("", "/seen.py?")
