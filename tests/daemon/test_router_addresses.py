"""The router reads an address as the worker does: or they would hand the connection to each other for ever."""

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
    req.write(f"{req.uri} {req.interpreter}")
    return 0
"""


@pytest.mark.parametrize(
    ("uri", "path", "more"),
    [
        ("/own/a%2Fb", "/own/a/b", {}),
        ("/shop/5", "/own/5", {"SCRIPT_NAME": "/own", "PATH_INFO": "/5", "QUERY_STRING": ""}),
    ],
)
def test_router_and_worker_read_an_address_alike(tmp_path, uri, path, more):
    (tmp_path / "htdocs" / "own").mkdir(parents=True)
    (tmp_path / "htdocs" / "own" / "seen.py").write_text(SEEN)
    daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path))
    try:
        assert Client(daemon.socket).get(uri, **more) == (200, f"{path} own".encode())
    finally:
        assert daemon.stop() == 0
