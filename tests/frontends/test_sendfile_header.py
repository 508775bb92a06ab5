"""SendfileHeader: the daemon names a file, and the web server sends it."""

import pytest
import requests

from tests.support.servers import Daemon, nginx

pytestmark = pytest.mark.frontend

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
ErrorLog error.log
DocumentRoot htdocs
SendfileHeader X-Accel-Redirect /by-nginx/ {folder}/
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
LOCATION = "location /by-nginx/ {{ internal; alias {folder}/; add_header X-Sent-By nginx; }}"
SENDS = """\
from mod_python import apache

def handler(req):
    req.content_type = 'text/x-mine'
    if 'before' in req.args:
        req.write('before ')
    sent = req.sendfile(req.document_root() + '/py/caf\\xe9 %41.txt', *([6] if 'part' in req.args else []))
    if 'after' in req.args:
        req.write(' after %d' % sent, 'flush' in req.args)
    if 'fail' in req.args:
        return apache.HTTP_CONFLICT
    return apache.OK
"""
TEXT = "what a file contains"


@pytest.fixture(scope="module")
def get(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sendfile")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    (folder / "htdocs" / "py").mkdir(parents=True)
    (folder / "htdocs" / "py" / "sends.py").write_text(SENDS)
    (folder / "htdocs" / "py" / "caf\xe9 %41.txt").write_text(TEXT)
    (folder / "htdocs" / "static.txt").write_text(TEXT)
    daemon = Daemon(folder, CONFIG.format(folder=folder))
    try:
        with nginx(folder, daemon.socket, LOCATION.format(folder=folder)) as port, requests.Session() as session:
            session.trust_env = False

            def get(path, method="GET", **headers):
                return session.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, timeout=20)

            yield get
    finally:
        daemon.stop()


@pytest.mark.parametrize("path", ["/static.txt", "/py/x?whole"])
def test_a_whole_file_is_sent_by_the_web_server(get, path):
    answer = get(path)
    assert (answer.status_code, answer.text) == (200, TEXT)
    assert answer.headers["X-Sent-By"] == "nginx"
    assert answer.headers["Content-Type"] == ("text/plain" if path == "/static.txt" else "text/x-mine")
    assert "X-Accel-Redirect" not in answer.headers


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
    answer = get("/py/x?fail")
    assert answer.status_code == 409
    assert TEXT not in answer.text


def test_head_tells_the_size(get):
    answer = get("/static.txt", "HEAD")
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Content-Length"] == str(len(TEXT))
