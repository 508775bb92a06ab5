"""The router and the workers of the real daemon read an address alike, or they would hand its connection to each other."""

from __future__ import annotations

import pytest

from tests.support.client import Client
from tests.support.servers import Daemon

pytestmark = pytest.mark.daemon

CONFIG = """\
Listen unix:mpfcgi.sock
ErrorLog error.log
DocumentRoot htdocs
AllowEncodedSlashes On
FrontEndRewrites On
<Directory {folder}/htdocs/own>
    PythonInterpreter own
    SetHandler mod_python
    PythonHandler seen
</Directory>
"""
SEEN = """\
def handler(req):
    req.write("%s %s" % (req.interpreter, req.uri))
    return 0
"""


@pytest.mark.parametrize(
    ("uri", "path", "more"),
    [
        ("/own/a%2Fb", "/own/a/b", {}),
        ("/shop/5", "/own/5", {"SCRIPT_NAME": "/own", "PATH_INFO": "/5", "QUERY_STRING": ""}),
    ],
)
def test_an_address_with_an_encoded_slash_or_a_rewritten_one_reaches_its_interpreter(tmp_path, uri, path, more):
    (tmp_path / "htdocs" / "own").mkdir(parents=True)
    (tmp_path / "htdocs" / "own" / "seen.py").write_text(SEEN)
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path))
    try:
        assert Client(daemon.socket).get(uri, **more) == (200, f"own {path}".encode())
    finally:
        assert daemon.stop() == 0
