"""The same handlers under the real mod_python in Apache and in our daemon behind nginx give the same answers.

The site is `live/`: its configuration and handlers are read by both. What the servers word themselves (error pages,
frames of a traceback) is compared by what it says: title, exceptions.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.parity import live_library, live_requests, live_variations
from tests.parity.live_requests import Request
from tests.support.apache import apache
from tests.support.servers import Daemon, nginx

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

REQUESTS = {**live_requests.REQUESTS, **live_library.REQUESTS, **live_variations.REQUESTS}
SITE = Path(__file__).parent / "live"
DAEMON = """\
ServerRoot {folder}
Listen unix:mpfcgi.sock mode=0666
ErrorLog {folder}/error.log
TypesConfig /etc/mime.types
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
"""
# Of the connection, of the moment, or of the server.
NOT_COMPARED = frozenset(("date", "server", "connection", "keep-alive", "transfer-encoding", "etag", "last-modified"))
# Ours tells the size of the file with 416, as RFC 9110 asks.
OURS_ONLY = {"a part beyond a file": "content-range"}


class Answer(NamedTuple):
    status: int
    reason: str
    headers: list[tuple[str, str]]
    length: str | None
    body: str


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of Apache and of nginx before our daemon, with the same site."""
    folder = tmp_path_factory.mktemp("live")
    root = folder / "htdocs"
    shutil.copytree(SITE, folder, dirs_exist_ok=True)
    # Apache's and nginx's processes may be another user; pytest's folders are for one.
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    # A file of sessions is its user's own.
    sessions = [folder / name for name in ("theirs", "ours")]
    for place in sessions:
        place.mkdir()
        place.chmod(0o777)
    site = (SITE / "site.conf").read_text().replace("ROOT", str(root))
    with contextlib.ExitStack() as stack:
        real = stack.enter_context(apache(folder, site.replace("SESSIONS", str(sessions[0]))))
        daemon = Daemon(folder, DAEMON.format(folder=folder) + site.replace("SESSIONS", str(sessions[1])))
        stack.callback(daemon.stop)
        yield real, stack.enter_context(nginx(folder, daemon.socket))


def _compared(name: str, value: str) -> str:
    """A header's value without what is of the moment: the two are asked one after the other."""
    if name == "expires" and value.endswith("GMT"):
        return "a time"
    if name == "set-cookie":
        return re.sub("[0-9a-f]{32}", "an id", value)
    return methods(value) if name == "allow" else value


def fetch(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        headers = {"Host": "live.test", "Connection": "close", **dict(request.headers)}
        connection.request(request.method, request.path, request.body, headers)
        response = connection.getresponse()
        body = response.read().decode("utf-8", "backslashreplace")
    found = sorted(
        (name.lower(), _compared(name.lower(), value))
        for name, value in response.getheaders()
        if name.lower() not in NOT_COMPARED and name.lower() != "content-length"
    )
    told = words(body)
    return Answer(
        response.status, response.reason, found, response.getheader("Content-Length") if told == body else None, told
    )


def methods(allow: str) -> str:
    """Those of an Allow header, in order; TRACE is for the front-end to answer, ours does not name it."""
    return ",".join(sorted({name.strip() for name in allow.split(",")} - {"TRACE"}))


def words(body: str) -> str:
    """The body, with pages that servers word for themselves replaced by what they say."""
    body = re.sub(r"(?s)<!DOCTYPE.*?<title>([^<]*)</title>.*?</html>\s*", r"[error page: \1]\n", body)
    return re.sub(r"(?s)\s*<pre>\s*Mod_python error: (.*?)\n\nTraceback.*?</pre>\s*", _raised, body)


def _raised(page: re.Match[str]) -> str:
    lines = page[0].splitlines()
    names = [
        line.partition(":")[0] for line in lines if re.match(r"[A-Za-z_.]+(:|$)", line) and "Mod_python" not in line
    ]
    return f"[traceback: {page[1]} {names}]"


@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(ports, name):
    real, ours = (fetch(port, REQUESTS[name]) for port in ports)
    # A front-end may know the length of what Apache sent in chunks, or leave out one that is not needed.
    if None in (real.length, ours.length):
        real, ours = real._replace(length=None), ours._replace(length=None)
    ours = ours._replace(headers=[header for header in ours.headers if header[0] != OURS_ONLY.get(name)])
    assert ours == real
