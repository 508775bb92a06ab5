"""docs/shared-hosting.md, typed as it stands by a user who is not root, before a real Apache that runs as this user."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from tests.support.apache import apache, need_module
from tests.support.servers import connects, wait_until
from tests.support.users import unprivileged_user

pytestmark = [pytest.mark.frontend, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "shared-hosting.md"
SOURCE = ("mpfcgi", "contrib", "pyproject.toml", "README.md", "LICENSE")
MODULES = ("mpm_prefork", "authz_core", "mime", "dir", "rewrite", "fcgid", "cgi")
HOST = """\
ServerName localhost
KeepAlive Off
DocumentRoot {home}/public_html
FcgidIPCDir {folder}
FcgidProcessTableFile {folder}/fcgid_shm
FcgidMaxProcesses 3
FcgidMaxRequestLen 100000000
<Directory {home}/public_html>
    Require all granted
    AllowOverride All
</Directory>
"""
# Beside the page's own: a session, an upload, and where it runs.
PAGES = {
    "count.py": """\
from mod_python import Session

def index(req):
    session = Session.Session(req)
    session["count"] = session.get("count", 0) + 1
    session.save()
    return str(session["count"])
""",
    "where.py": """\
import os

def index(req):
    capabilities = [line for line in open("/proc/self/status") if line.startswith("Cap")]
    return " ".join([str(os.getuid()), *(line.split()[1] for line in capabilities[:4])])

def length(req):
    return str(len(req.form["file"].value))
""",
    "hi.psp": "<% greeting = 'Hello from PSP' %><%= greeting %>",
}


def blocks(heading):
    """The commands of a section, each with what it is said to print."""
    text = PAGE.read_text()
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S).group(1)
    for block in re.findall(r"^```console\n(.*?)^```", section, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def type_in(user, heading):
    typed = list(blocks(heading))
    assert typed
    for command, output in typed:
        printed = user.run(command)
        assert not output or printed == output, command


@pytest.fixture(scope="module")
def user():
    need_module("fcgid")
    with unprivileged_user() as user:
        source = user.home / "mpfcgi"
        source.mkdir()
        for name in SOURCE:
            path = ROOT / name
            if path.is_dir():
                shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, source / name)
        subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", str(source)], check=True)
        yield user


@pytest.fixture(scope="module")
def site(user):
    """The page's first section is typed."""
    try:
        type_in(user, "Install")
    except AssertionError as error:
        if "No matching distribution" in str(error) and os.environ.get("CI") != "true":
            pytest.skip("pip finds no packages here")
        raise
    for name, text in PAGES.items():
        (user.home / "public_html" / name).write_text(text)
    (user.home / "apache").mkdir()
    subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", str(user.home / "apache")], check=True)
    return user


def serve(user):
    """Apache as the user, whose scripts it starts so as suexec would."""
    folder = user.home / "apache"
    return apache(folder, HOST.format(home=user.home, folder=folder), modules=MODULES, **user.credentials)


def stop(user):
    """As the page says; all that is the daemon's leaves."""
    *_, (command, _) = blocks("The daemon by hand")
    assert command.endswith("mpfcgi stop")
    user.run(command)
    wait_until(lambda: not connects(str(user.home / ".mpfcgi" / "mpfcgi.sock")), "the daemon leaves")


def check_site(user, port):
    session = requests.Session()
    session.trust_env = False

    def get(path, method="GET", **more):
        return session.request(method, f"http://127.0.0.1:{port}{path}", timeout=60, **more)

    assert get("/hello.py?name=Ada").text == "Hello Ada!"
    assert get("/hello.py/index?name=Bob").text == "Hello Bob!"
    assert get("/hi.psp").text == "Hello from PSP"
    answer = get("/file.txt")
    assert (answer.status_code, answer.text) == (200, "A file.\n")
    assert get("/nothere").status_code == 404
    assert [get("/count.py").text for _ in range(3)] == ["1", "2", "3"]
    assert get("/where.py").text == f"{user.uid} " + " ".join(["0" * 16] * 3 + [get("/where.py").text.split()[4]])
    assert get("/where.py/length", "POST", files={"file": b"x" * 5_000_000}).text == "5000000"
    found = get("/mpfcgi-selftest?json", auth=("spam", "eggs")).json()["checks"]
    assert "authorization" in [check["name"] for check in found]
    assert [check for check in found if check["verdict"] != "right"] == []
    assert "mpfcgi-selftest" not in get("/mpfcgi-selftest", headers={"X-Forwarded-For": "192.0.2.1"}).text
    for path in ("/.htaccess", "/mpfcgi.conf", "/.mpfcgi/mpfcgi.conf", "/../.mpfcgi/error.log"):
        assert get(path).status_code in (403, 404)


def test_the_page_works_with_mod_fcgid(site):
    type_in(site, "With mod_fcgid")
    with serve(site) as port:
        check_site(site, port)
        type_in(site, "The daemon by hand")
        assert "reload: done" in (site.home / ".mpfcgi" / "error.log").read_text()
        assert not connects(str(site.home / ".mpfcgi" / "mpfcgi.sock"))
        check_written_by(site)


def test_the_page_works_without_leave_to_start_a_daemon(site):
    type_in(site, "With mod_fcgid")
    script = site.home / "public_html" / "mpfcgi.fcgi"
    script.write_text(script.read_text().replace(" --start", ""))
    with serve(site) as port:
        (site.home / ".mpfcgi" / "sessions" / "mp_sess.dbm").unlink(missing_ok=True)
        check_site(site, port)
        assert not connects(str(site.home / ".mpfcgi" / "mpfcgi.sock"))


def test_the_page_works_with_nothing_but_cgi(site):
    type_in(site, "With nothing but CGI")
    with serve(site) as port:
        check_site(site, port)
        stop(site)


def check_written_by(user):
    """Nothing is written but in the user's folder, by the user."""
    for path in (user.home / ".mpfcgi").iterdir():
        assert path.stat().st_uid == user.uid
    assert (user.home / ".mpfcgi" / "run" / "mpfcgi.out").read_text() == ""
