"""Behind a real nginx, one unix socket, connections kept: the manual's examples, and hosts in their own processes."""

import pytest
import requests

from tests.support.servers import Daemon, nginx

pytestmark = pytest.mark.frontend

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
ErrorLog error.log
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
<VirtualHost *>
    ServerName one.test
    DocumentRoot htdocs
    <Directory {folder}/htdocs>
        AddHandler mod_python .py
        PythonHandler mptest
        PythonDebug On
    </Directory>
    <Directory {folder}/htdocs/secret>
        AuthType Basic
        AuthName "Restricted Area"
        Require valid-user
        PythonAuthenHandler gate
    </Directory>
    <Directory {folder}/htdocs/per>
        PythonInterpPerDirectory On
    </Directory>
    <Directory {folder}/htdocs/own404>
        PythonHandler notfound
    </Directory>
</VirtualHost>
<VirtualHost *>
    ServerName two.test
    DocumentRoot htdocs
    <Directory {folder}/htdocs>
        AddHandler mod_python .py
        PythonHandler mptest
    </Directory>
</VirtualHost>
"""
MPTEST = """\
import os
from mod_python import apache

calls = []

def handler(req):
    calls.append(1)
    req.content_type = 'text/plain'
    req.write("%s %d %d" % (req.interpreter, os.getpid(), len(calls)))
    return apache.OK
"""
GATE = """\
from mod_python import apache

def authenhandler(req):
    pw = req.get_basic_auth_pw()
    user = req.user
    if user == "spam" and pw == "eggs":
        return apache.OK
    else:
        return apache.HTTP_UNAUTHORIZED
"""
NOTFOUND = """\
from mod_python import apache

def handler(req):
    if req.filename[-17:] == 'apache-error.html':
        return apache.OK
    if req.filename.endswith('gone.py'):
        req.status = apache.HTTP_NOT_FOUND
        req.write("there is no %s here" % req.uri)
        return apache.OK
    return apache.DECLINED
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    for name in ("secret", "per/a", "per/b", "own404"):
        (folder / "htdocs" / name).mkdir(parents=True)
    (folder / "htdocs" / "mptest.py").write_text(MPTEST)
    (folder / "htdocs" / "secret" / "gate.py").write_text(GATE)
    (folder / "htdocs" / "own404" / "notfound.py").write_text(NOTFOUND)
    (folder / "htdocs" / "file.txt").write_text("static\n")
    daemon = Daemon(folder, CONFIG.format(folder=folder))
    try:
        with nginx(folder, daemon.socket) as port:
            session = requests.Session()
            session.trust_env = False

            def get(path, host="one.test", method="GET", **more):
                headers = {"Host": host, **more.pop("headers", {})}
                return session.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, timeout=20, **more)

            yield get
    finally:
        daemon.stop()


def test_the_manuals_first_example_works(site):
    """Manual 2.4."""
    answer = site("/x.py")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain")
    assert answer.text.startswith("one.test ")


def test_authentication_works_as_the_manual_shows_it(site):
    """Manual 3.4."""
    denied = site("/secret/x.py")
    assert (denied.status_code, denied.headers["WWW-Authenticate"]) == (401, 'Basic realm="Restricted Area"')
    assert site("/secret/x.py", auth=("spam", "wrong")).status_code == 401
    assert site("/secret/x.py", auth=("spam", "eggs")).status_code == 200


def test_a_handler_may_make_its_own_404(site):
    """Manual 3.5."""
    answer = site("/own404/gone.py")
    assert (answer.status_code, answer.text) == (404, "there is no /own404/gone.py here")


def test_hosts_and_directories_have_processes_of_their_own(site):
    seen = {}
    for path, host in [
        ("/x.py", "one.test"),
        ("/x.py", "two.test"),
        ("/per/a/x.py", "one.test"),
        ("/per/b/x.py", "one.test"),
    ] * 3:
        interpreter, pid, calls = site(path, host).text.split()
        seen.setdefault(interpreter, []).append((pid, int(calls)))
    assert len(seen) == 4
    assert len({pid for answers in seen.values() for pid, _ in answers}) == 4
    for answers in seen.values():
        counts = [calls for _, calls in answers]
        assert counts == sorted(counts)
        assert counts[-1] - counts[0] == 2


def test_static_files_have_validators_and_ranges(site):
    answer = site("/file.txt")
    assert (answer.text, answer.headers["Accept-Ranges"]) == ("static\n", "bytes")
    again = site("/file.txt", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = site("/file.txt", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.text, part.headers["Content-Range"]) == (206, "ati", "bytes 2-4/7")
    assert site("/file.txt", headers={"Range": "bytes=99-"}).status_code == 416
    assert site("/file.txt", method="HEAD").headers["Content-Length"] == "7"
    assert site("/file.txt", method="DELETE").status_code == 405


def test_paths_that_are_wrong_are_refused(site):
    assert site("/nothere").status_code == 404
    assert site("/a%2Fb").status_code == 404
    redirected = site("/per", allow_redirects=False)
    assert (redirected.status_code, redirected.headers["Location"]) == (301, "http://one.test/per/")
