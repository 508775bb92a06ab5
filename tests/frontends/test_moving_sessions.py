"""What docs/moving-from-mod_python.md promises: a session file of the real mod_python goes on here."""

from __future__ import annotations

import os
import re

import pytest

from tests.frontends.conftest import open_folder
from tests.support.apache import apache
from tests.support.client import Client
from tests.support.http import request, send
from tests.support.servers import Daemon

pytestmark = pytest.mark.frontend

COUNT = """\
from mod_python import apache, Session

def handler(req):
    session = Session.FileSession(req)
    session["count"] = session.get("count", 0) + 1
    session.save()
    req.content_type = "text/plain"
    req.write("%d" % session["count"])
    return apache.OK
"""
SITE = """\
PythonOption mod_python.file_session.database_directory {folder}/sessions
DocumentRoot {folder}/htdocs
<Directory {folder}/htdocs>
    Require all granted
    SetHandler mod_python
    PythonHandler count
</Directory>
"""
# With one process the real module makes one mutex, and its first session kills it.
TWO = "ServerLimit 2\nMaxRequestWorkers 2\n"


def test_a_session_of_the_real_module_goes_on_here():
    with open_folder("moving") as folder:
        (folder / "htdocs").mkdir()
        (folder / "htdocs" / "count.py").write_text(COUNT)
        sessions = folder / "sessions"
        sessions.mkdir()
        sessions.chmod(0o777)
        folder.chmod(0o777)
        with apache(folder, TWO + SITE.format(folder=folder)) as port:
            answer = send(port, request("GET", "/x"))
        assert answer.body == b"1"
        cookie = re.search(r"pysid=\w+", answer.get("set-cookie")[0])[0]
        # Files of another user are not read: they could be made by anybody.
        for place, folders, files in os.walk(sessions):
            for name in (*folders, *files):
                os.chown(os.path.join(place, name), os.geteuid(), os.getegid())
        daemon = Daemon(folder, "Listen unix:mpfcgi.sock\nErrorLog error.log\n" + SITE.format(folder=folder))
        try:
            client = Client(daemon.socket)
            assert [client.get("/x", HTTP_COOKIE=cookie)[1] for _ in range(2)] == [b"2", b"3"]
        finally:
            assert daemon.stop() == 0
