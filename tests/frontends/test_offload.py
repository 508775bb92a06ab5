"""Files that the web server sends for the daemon: named by a handler (X-Accel-Redirect, X-Sendfile), or by SendfileHeader."""

import pytest

from tests.frontends.conftest import open_folder, start_daemon, write_site
from tests.frontends.variants import printed
from tests.support.apache import need_module
from tests.support.frontends import frontend
from tests.support.http import request, send
from tests.support.servers import wait_until

pytestmark = pytest.mark.frontend

HANDLER = """\
from mod_python import apache

def handler(req):
    req.content_type = "text/x-own"
    req.headers_out["X-Kept"] = "yes"
    name, _, value = req.args.partition("=")
    req.headers_out[name] = value
    return apache.OK
"""


@pytest.fixture(scope="module")
def site():
    with open_folder("offload") as folder:
        yield from site_in(folder)


def site_in(folder):
    write_site(folder)
    (folder / "htdocs" / "act" / "act.py").write_text(HANDLER)
    (folder / "store").mkdir()
    (folder / "store" / "paid.txt").write_text("what was paid for\n")
    daemon, place = start_daemon(folder)
    yield place
    daemon.stop()


def nginx(place, port, tls_port):
    inner = f"location /store/ {{ internal; alias {place.folder}/store/; }}\n    location / {{"
    return printed("nginx")(place, port, tls_port).replace("location / {", inner)


def lighttpd(place, port, tls_port):
    allowed = f'"x-sendfile" => "enable", "x-sendfile-docroot" => ("{place.folder}/store/"),\n"check-local"'
    return printed("lighttpd")(place, port, tls_port).replace('"check-local"', allowed)


@pytest.mark.parametrize(
    ("kind", "write", "query"),
    [
        ("nginx", nginx, "X-Accel-Redirect=/store/paid.txt"),
        ("lighttpd", lighttpd, "X-Sendfile={folder}/store/paid.txt"),
    ],
    ids=["nginx", "lighttpd"],
)
def test_the_web_server_sends_the_file_that_the_handler_names(site, kind, write, query):
    with open_folder(kind) as folder, frontend(kind, folder, lambda *ports: write(site, *ports)) as (port, _):
        answer = send(port, request("GET", "/act/x.py?" + query.format(folder=site.folder)))
        assert (answer.status, answer.body) == (200, b"what was paid for\n")
        assert answer.get("content-type") == ["text/x-own"]
        assert not [name for name, _ in answer.headers if name in ("x-accel-redirect", "x-sendfile")]
        part = send(port, request("GET", "/act/x.py?" + query.format(folder=site.folder), ["Range: bytes=5-7"]))
        assert (part.status, part.body) == (206, b"was")
        if kind == "nginx":
            assert send(port, request("GET", "/store/paid.txt")).status == 404
        else:
            outside = query.format(folder=site.folder).replace("store/paid", "htdocs/plain")
            assert send(port, request("GET", "/act/x.py?" + outside)).status in (403, 404, 502)


# The file's name has all that has to be escaped somewhere.
NAME = "caf\u00e9 %41+&.txt"
ESCAPED = "caf%C3%A9%20%2541+&.txt"
SENDS = """\
import os
from mod_python import apache

def handler(req):
    req.content_type = "text/x-own"
    req.headers_out["X-Kept"] = "yes"
    req.headers_out.add("Set-Cookie", "a=1")
    req.sendfile(os.path.join(os.path.dirname(req.filename), "..", req.args))
    return apache.OK
"""
HEADERS = {
    "nginx": "SendfileHeader X-Accel-Redirect /by-name/ {folder}/htdocs/\n",
    "caddy": "SendfileHeader X-Accel-Redirect /by-name/ {folder}/htdocs/\n",
    "apache": "SendfileHeader X-Sendfile {folder}/htdocs/\n",
    "lighttpd": "SendfileHeader X-Sendfile {folder}/htdocs/\n",
}
LOG = 'LogFormat "%{X-Accel-Redirect}o %{X-Sendfile}o %U" offered\nCustomLog offered.log offered\n'


class Offering:
    """A front-end, by what is printed for a daemon with SendfileHeader."""

    def __init__(self, kind, folder, port):
        self.kind, self.folder, self.port = kind, folder, port

    def ask(self, target, *headers, method="GET"):
        return send(self.port, request(method, target, headers), method)

    def offered(self):
        """Whether the last request was answered by a name."""
        path = self.folder / "offered.log"
        before = path.read_text().count("/plain.txt/mark") if path.exists() else 0
        # A worker writes its lines in order, behind the answers.
        self.ask("/plain.txt/mark")
        wait_until(lambda: path.read_text().count("/plain.txt/mark") > before, "the mark is in the log")
        lines = [line for line in path.read_text().splitlines() if "/plain.txt/mark" not in line]
        return not lines[-1].startswith("- - ")


@pytest.fixture(scope="module", params=HEADERS)
def offering(request):
    kind = request.param
    if kind == "apache":
        need_module("xsendfile")
    with open_folder("offering") as folder:
        write_site(folder)
        (folder / "htdocs" / "act" / "act.py").write_text(SENDS)
        (folder / "htdocs" / NAME).write_text("named\n")
        (folder / "outside.txt").write_text("outside\n")
        head = HEADERS[kind].format(folder=folder)
        daemon, place = start_daemon(folder, head + LOG)
        try:
            with open_folder(kind) as own, frontend(kind, own, lambda *p: printed(kind, head=head)(place, *p)) as ports:
                yield Offering(kind, folder, ports[0])
        finally:
            daemon.stop()


def test_files_of_the_folder_are_sent_by_their_names(offering):
    answer = offering.ask("/plain.txt")
    assert (answer.status, answer.body, answer.get("content-type")) == (200, b"0123456789\n", ["text/plain"])
    assert not [name for name, _ in answer.headers if name in ("x-accel-redirect", "x-sendfile", "status")]
    assert answer.get("accept-ranges") in (["bytes"], [])
    assert offering.offered()


def test_a_handlers_own_headers_stay(offering):
    answer = offering.ask("/act/x.py?plain.txt")
    assert (answer.status, answer.body, answer.get("content-type")) == (200, b"0123456789\n", ["text/x-own"])
    assert answer.get("set-cookie") == ["a=1"]
    # Of a handler's headers, nginx passes on only some with the file that it sends.
    assert answer.get("x-kept") == ([] if offering.kind == "nginx" else ["yes"])
    assert offering.offered()


def test_a_range_is_cut_out_by_the_web_server(offering):
    answer = offering.ask("/plain.txt", "Range: bytes=2-4")
    assert (answer.status, answer.body, answer.get("content-range")) == (206, b"234", ["bytes 2-4/11"])
    assert offering.offered()


def test_head_tells_the_length(offering):
    answer = offering.ask("/plain.txt", method="HEAD")
    assert (answer.status, answer.get("content-length")) == (200, ["11"])


def test_names_that_need_escapes_are_only_named_to_nginx(offering):
    answer = offering.ask(f"/{ESCAPED}")
    assert (answer.status, answer.body) == (200, b"named\n")
    assert offering.offered() == (offering.kind == "nginx")


def test_files_outside_of_the_folder_are_sent_by_the_daemon(offering):
    answer = offering.ask("/act/x.py?../outside.txt")
    assert (answer.status, answer.body, answer.get("x-kept")) == (200, b"outside\n", ["yes"])
    assert not offering.offered()


def test_nobody_else_may_name_a_file(offering):
    assert offering.ask("/by-name/guarded/page.txt").status == 404
