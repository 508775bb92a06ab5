"""Addresses that the front-end rewrites: with FrontEndRewrites the page is the rewritten one, and the rest as under Apache."""

from __future__ import annotations

import json
import re

import pytest

from tests.frontends.conftest import open_folder, start_daemon, write_site
from tests.frontends.variants import VARIANTS, apache, fcgid, printed
from tests.support.apache import need_module
from tests.support.frontends import frontend
from tests.support.http import request, send

pytestmark = pytest.mark.frontend

KINDS = [*(variant.kind for variant in VARIANTS if variant.printed), "apache-sethandler", "apache-htaccess", "fcgid"]
REAL = {"apache-sethandler": "apache", "apache-htaccess": "apache", "fcgid": "apache"}
RULES = """\
    RewriteEngine On
    RewriteRule "^/shop/([0-9]+)$" "/seen.py/{info}?id=$1" [PT,QSA]
"""
BY_HANDLER = '<Location "/">\n        SetHandler "proxy:unix:{socket}|fcgi://localhost/"\n    </Location>'
IN_FOLDER = '<Directory "{folder}/htdocs">\n        AllowOverride All\n        DirectorySlash Off\n    </Directory>'
HTACCESS = 'RewriteEngine On\nRewriteRule "^shop/([0-9]+)$" "/seen.py/item?id=$1" [QSA]\n'


def nginx(text):
    return text.replace("location / {", "rewrite ^/shop/([0-9]+)$ /seen.py/item?id=$1 last;\n    location / {", 1)


def in_host(text):
    return re.sub(r"(?m)^( *DocumentRoot .*)$", lambda line: line[0] + "\n" + RULES.format(info="item"), text)


def by_lighttpd(text):
    rule = 'url.rewrite-once = ("^/shop/([0-9]+)(?:\\?(.*))?$" => "/seen.py/item?id=$1&$2")'
    return text.replace("    url.rewrite-if-not-file", f"    {rule}\n    url.rewrite-if-not-file")


def caddy(text):
    rule = "@shop path_regexp shop ^/shop/([0-9]+)$\n    rewrite @shop /seen.py/item?id={re.shop.1}&{query}"
    return re.sub(r"(?m)^http.* \{$", lambda site: f"{site[0]}\n    {rule}", text)


def haproxy(text):
    rule = "http-request set-uri /seen.py/item?id=%[path,field(3,/)]&%[query] if { path_reg ^/shop/[0-9]+$ }"
    return text.replace("    use-fcgi-app", f"    {rule}\n    use-fcgi-app", 1)


CHANGES = {
    "nginx": nginx, "apache": in_host, "lighttpd": by_lighttpd, "caddy": caddy, "haproxy": haproxy, "fcgid": in_host,
    "apache-sethandler": in_host, "apache-htaccess": lambda text: text + " ",
}  # fmt: skip
WRITERS = {
    "fcgid": fcgid("--connect unix:{socket}"),
    "apache-sethandler": apache(BY_HANDLER, IN_FOLDER),
    "apache-htaccess": apache(BY_HANDLER, IN_FOLDER),
}


@pytest.fixture(scope="module")
def place():
    with open_folder("rewrites") as folder:
        write_site(folder)
        daemon, place = start_daemon(folder, "FrontEndRewrites On\n")
        yield place
        daemon.stop()


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def port(kind, place):
    if kind == "fcgid":
        need_module("fcgid")
    write = WRITERS.get(kind) or printed(kind)

    def changed(*ports):
        text = write(place, *ports)
        other = CHANGES[kind](text)
        assert other != text
        return other

    htaccess = place.folder / "htdocs" / ".htaccess"
    if kind == "apache-htaccess":
        htaccess.write_text(HTACCESS)
    with open_folder(kind) as folder, frontend(REAL.get(kind, kind), folder, changed) as ports:
        yield ports[0]
    htaccess.unlink(missing_ok=True)


def seen(port, target):
    answer = send(port, request("GET", target))
    assert answer.status == 200, answer
    return json.loads(answer.body)


@pytest.mark.parametrize(("target", "args"), [("/shop/5", "id=5"), ("/shop/5?a=b", "id=5&a=b")])
def test_the_page_is_the_rewritten_one_and_the_address_what_was_asked_for(port, kind, target, args):
    found = seen(port, target)
    assert (found["uri"], found["path_info"], found["args"].removesuffix("&")) == ("/seen.py/item", "/item", args)
    # HAProxy forgets what the client has sent.
    sent = f"/seen.py/item?{found['args']}" if kind == "haproxy" else target
    assert (found["unparsed_uri"], found["the_request"]) == (sent, f"GET {sent} HTTP/1.1")


@pytest.mark.parametrize(
    ("target", "uri", "args"),
    [
        ("/seen.py/x?q", "/seen.py/x", "q"),
        ("/python/?q=1", "/python/index.py", "q=1"),
        ("/see%6E.py//a", "/seen.py/a", None),
    ],
)
def test_what_is_not_rewritten_stays(port, target, uri, args):
    found = seen(port, target)
    assert (found["uri"], found["args"], found["unparsed_uri"]) == (uri, args, target)


def test_what_plain_folders_do_not_have_is_passed_on(port):
    assert b"There is no such page" in send(port, request("GET", "/static/none.txt")).body
