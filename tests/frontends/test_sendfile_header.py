"""SendfileHeader: the daemon names a file, and the web server sends it."""

import contextlib

import pytest
import requests

from tests.support.apache import MODULES, need_module
from tests.support.frontends import frontend
from tests.support.servers import Daemon, nginx, wait_until

pytestmark = pytest.mark.frontend

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
ErrorLog error.log
CustomLog access.log "%U %B"
DocumentRoot htdocs
SendfileHeader {header}
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
<Directory {folder}/htdocs>
    Require all granted
</Directory>
<Directory {folder}/htdocs/py>
    SetHandler mod_python
    PythonHandler sends
    PythonDebug On
</Directory>
"""
HEADERS = {
    "nginx": "X-Accel-Redirect /by-nginx/ {folder}/", "apache": "X-Sendfile", "lighttpd": "X-Sendfile",
}  # fmt: skip
LOCATION = "location /by-nginx/ {{ internal; alias {folder}/; add_header X-Sent-By nginx; }}"
APACHE = """\
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    ServerName site.test
    AllowEncodedSlashes NoDecode
    <Location "/">
        CGIPassAuth On
        Require all granted
    </Location>
    SetEnv ap_trust_cgilike_cl 1
    XSendFile On
    XSendFilePath {folder}
    ProxyPass "/" "unix:{socket}|fcgi://mpfcgi/" enablereuse=on flushpackets=auto
</VirtualHost>
"""
LIGHTTPD = """\
server.modules = ("mod_fastcgi")
server.document-root = "{folder}/htdocs"
server.port = {port}
server.bind = "127.0.0.1"
server.http-parseopts = ("url-path-2f-decode" => "disable")
fastcgi.server = ("/" => ((
    "socket" => "{socket}",
    "check-local" => "disable",
    "fix-root-scriptname" => "enable",
    "x-sendfile" => "enable",
    "x-sendfile-docroot" => ("{folder}/")
)))
"""
SENDS = """\
from mod_python import apache

def handler(req):
    req.content_type = 'text/x-mine'
    if 'before' in req.args:
        req.write('before ')
    sent = req.sendfile(req.document_root() + ('/static.txt' if 'plain' in req.args else '/py/caf\\xe9 %41.txt'), *([6] if 'part' in req.args else []))
    if 'after' in req.args:
        req.write(' after %d' % sent, 'flush' in req.args)
    if 'fail' in req.args:
        return apache.HTTP_CONFLICT
    return apache.OK
"""
TEXT = "what a file contains"


def _server(kind, folder, socket):
    """A context manager that gives the port of a web server of `kind`."""
    if kind == "nginx":
        return nginx(folder, socket, LOCATION.format(folder=folder))
    if kind == "apache":
        need_module("xsendfile")
    own = folder / kind
    own.mkdir()
    own.chmod(0o755)
    text = {"apache": APACHE, "lighttpd": LIGHTTPD}[kind]
    return frontend(kind, own, lambda port, _: text.format(port=port, folder=folder, socket=socket, modules=MODULES))


@pytest.fixture(scope="module", params=["nginx", "apache", "lighttpd"])
def get(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("sendfile")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    (folder / "htdocs" / "py").mkdir(parents=True)
    (folder / "htdocs" / "py" / "sends.py").write_text(SENDS)
    (folder / "htdocs" / "py" / "caf\xe9 %41.txt").write_text(TEXT)
    (folder / "htdocs" / "static.txt").write_text(TEXT)
    log = folder / "access.log"
    with contextlib.ExitStack() as stack:
        header = HEADERS[request.param].format(folder=folder)
        daemon = Daemon(folder, CONFIG.format(folder=folder, header=header))
        stack.callback(daemon.stop)
        port = stack.enter_context(_server(request.param, folder, daemon.socket))
        session = stack.enter_context(requests.Session())
        session.trust_env = False

        def get(path, method="GET", **headers):
            address = f"http://127.0.0.1:{port if isinstance(port, int) else port[0]}{path}"
            return session.request(method, address, headers=headers, timeout=20)

        get.kind = request.param
        get.lines = lambda: log.read_text().splitlines() if log.exists() else []
        yield get


@pytest.mark.parametrize("path", ["/static.txt", "/py/x?whole", "/py/x?plain"])
def test_a_whole_file_is_sent_by_the_web_server(get, path):
    before = len(get.lines())
    answer = get(path)
    assert (answer.status_code, answer.text) == (200, TEXT)
    assert answer.headers["Content-Type"] == ("text/plain" if path == "/static.txt" else "text/x-mine")
    assert not {"X-Accel-Redirect", "X-Sendfile"} & set(answer.headers)
    # By its path, only a file whose name needs no escapes.
    theirs = get.kind == "nginx" or "whole" not in path
    wait_until(lambda: len(get.lines()) > before, "the request is logged")
    assert get.lines()[-1].split()[-1] == ("0" if theirs else str(len(TEXT)))
    if get.kind == "nginx":
        assert answer.headers["X-Sent-By"] == "nginx"


def test_a_range_is_cut_out_by_the_web_server(get):
    answer = get("/static.txt", Range="bytes=5-5")
    assert (answer.status_code, answer.text) == (206, "a")
    assert answer.headers["Content-Range"] == f"bytes 5-5/{len(TEXT)}"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("part", TEXT[6:]),
        ("before", "before " + TEXT),
        ("after", f"{TEXT} after {len(TEXT)}"),
        ("after-flush", f"{TEXT} after {len(TEXT)}"),
        ("before-after", f"before {TEXT} after {len(TEXT)}"),
    ],
)
def test_a_file_that_is_not_the_whole_response_is_sent_here(get, query, text):
    answer = get(f"/py/x?{query}")
    assert (answer.status_code, answer.text) == (200, text)
    assert "X-Sent-By" not in answer.headers


def test_an_error_takes_the_place_of_the_file(get):
    answer = get("/py/x?fail-plain")
    assert answer.status_code == 409
    assert TEXT not in answer.text


def test_head_tells_the_size(get):
    answer = get("/static.txt", "HEAD")
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Content-Length"] == str(len(TEXT))
