"""A handler that lets the web server send a file: X-Accel-Redirect with nginx, X-Sendfile with lighttpd."""

import pytest

from tests.frontends.conftest import open_folder, start_daemon, write_site
from tests.frontends.variants import printed
from tests.support.frontends import frontend
from tests.support.http import request, send

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
