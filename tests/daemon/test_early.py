"""Phases before the file is known, in their own interpreter; the request goes on in another with their changes."""

import http.client

import pytest

from tests.support.servers import Daemon, nginx

pytestmark = pytest.mark.daemon

CONFIG = """\
ServerRoot {folder}
Listen unix:mpfcgi.sock mode=0666
ServerName localhost
DocumentRoot {folder}/htdocs
ErrorLog {folder}/error.log
Timeout 10
PythonInterpPerDirectory On
PythonPostReadRequestHandler {folder}/early.py
PythonTransHandler {folder}/early.py
<Directory {folder}/htdocs>
    SetHandler mod_python
    PythonHandler late
</Directory>
<Directory {folder}/htdocs/named>
    PythonInterpreter mine
</Directory>
"""
EARLY = """
import os
from mod_python import apache

def postreadrequesthandler(req):
    req.trail = [(req.interpreter, apache.interpreter)]
    req.early_pid = os.getpid()
    req.headers_in["X-Added"] = "caf\\xe9"
    req.headers_out["X-Out"] = "1"
    req.err_headers_out["X-Err"] = "1"
    req.subprocess_env["EARLY"] = "yes"
    req.notes["early"] = "note"
    req.connection.notes["early"] = "kept"
    if req.uri == "/refused":
        return apache.HTTP_FORBIDDEN
    if req.uri == "/written":
        req.content_type = "text/plain"
        req.write("by the post-read handler")
        return apache.DONE
    if req.uri == "/failed":
        raise ValueError("early on")
    if req.uri == "/body":
        req.read()
    if req.uri == "/odd":
        req.odd = object()
    return apache.OK

def transhandler(req):
    req.trail.append((req.interpreter, apache.interpreter))
    if req.uri.startswith("/moved/"):
        req.uri = "/sub/" + req.uri[7:]
        req.args = "changed"
    if req.uri.startswith("/file"):
        req.filename = req.document_root() + "/named/x"
        return apache.OK
    return apache.DECLINED
"""
LATE = """
import os
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    root = req.document_root()
    shown = (
        req.trail, req.early_pid != os.getpid(), req.headers_in["X-Added"], req.subprocess_env["EARLY"],
        req.notes["early"], req.connection.notes["early"], req.uri, req.args, hasattr(req, "odd"),
        req.interpreter.replace(root, "ROOT"), apache.interpreter.replace(root, "ROOT"), len(req.read()),
    )
    for value in shown:
        req.write("%r\\n" % (value,), 0)
    return apache.OK
"""
MAIN = ("main_interpreter", "main_interpreter")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("early")
    for name in ("sub", "named"):
        (folder / "htdocs" / name).mkdir(parents=True)
    (folder / "early.py").write_text(EARLY)
    (folder / "htdocs" / "late.py").write_text(LATE)
    for path in [folder, *folder.parents][:3]:
        path.chmod(0o755)
    daemon = Daemon(folder, CONFIG.format(folder=folder))
    try:
        with nginx(folder, daemon.socket) as port:
            yield daemon, port
    finally:
        daemon.stop()


def ask(port, uri, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET" if body is None else "POST", uri, body)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("uri", "seen_uri", "args", "interpreter"),
    [
        ("/sub/x?a", "/sub/x", "a", "ROOT/sub/"),
        ("/x", "/x", None, "ROOT/"),
        ("/named/x", "/named/x", None, "mine"),
        ("/moved/x", "/sub/x", "changed", "ROOT/sub/"),
        ("/file", "/file", None, "mine"),
    ],
)
@pytest.mark.parametrize("body", [None, b"small", b"x" * 300_000])
def test_changes_of_early_phases_go_on_into_the_requests_own_interpreter(site, uri, seen_uri, args, interpreter, body):
    response, text = ask(site[1], uri, body)
    assert response.status == 200
    assert (response.getheader("X-Out"), response.getheader("X-Err")) == ("1", "1")
    expected = [[MAIN, MAIN], True, "café", "yes", "note", "kept", seen_uri, args, False, interpreter, interpreter]
    assert text.splitlines() == [repr(value) for value in [*expected, len(body or b"")]]


def test_an_early_answer_is_the_answer(site):
    assert ask(site[1], "/refused", b"body")[0].status == 403
    response, text = ask(site[1], "/written")
    assert (response.status, response.getheader("Content-Type"), text) == (
        200,
        "text/plain",
        "by the post-read handler",
    )
    assert ask(site[1], "/failed")[0].status == 500
    site[0].wait_for_log("ValueError: early on")


def test_what_can_not_go_on_is_named_in_the_log(site):
    response, text = ask(site[1], "/odd")
    assert response.status == 200
    assert text.splitlines()[8] == "False"
    site[0].wait_for_log("req.odd can't go on into the request's own interpreter")
    assert ask(site[1], "/body", b"body")[0].status == 500
    site[0].wait_for_log("OSError: the request body can't be read yet")
