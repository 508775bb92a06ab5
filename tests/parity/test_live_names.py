"""Names of clients under the real mod_python in Apache and in our daemon behind nginx, over a name server of the test's.

Clients come from addresses of the loopback; one has a name that is another's, one a name that leads nowhere.
"""

from __future__ import annotations

import contextlib
import http.client
import os
from urllib.parse import quote

import pytest

from tests.parity.live_servers import both
from tests.support.names import name_server

pytestmark = [
    pytest.mark.frontend, pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a name server of its own"),
]  # fmt: skip

NAMES = {
    "127.0.0.2": "good.test", "127.0.0.3": "bad.test", "127.0.0.4": "WWW.Example.org", "127.0.0.7": "missing.test",
    "127.0.0.8": "good.test",
}  # fmt: skip
ADDRESSES = {"good.test": ["127.0.0.2"], "bad.test": ["192.0.2.9"], "www.example.org": ["127.0.0.5", "127.0.0.4"]}
CLIENTS = ("127.0.0.1", *NAMES)
LOOKUPS = ("Off", "On", "Double")
RULES = {
    "good": "Require host good.test", "domain": "Require host test", "dot": "Require host .test",
    "end": "Require host est", "capitals": "Require host EXAMPLE.ORG", "whole": "Require host www.example.org",
    "bad": "Require host bad.test", "missing": "Require host missing.test", "two": "Require host good.test bad.test",
    "not": "<RequireAll>\nRequire all granted\nRequire not host good.test\n</RequireAll>",
    "allow": "Order deny,allow\nDeny from all\nAllow from good.test",
    "allowdot": "Order deny,allow\nDeny from all\nAllow from .good.test",
    "deny": "Order allow,deny\nAllow from all\nDeny from bad.test",
    "env": "SetEnvIf Remote_Host good.test ok\nRequire env ok",
    "both": "SetEnvIf Remote_Host good.test ok\nRequire host good.test",
}  # fmt: skip
KINDS = ("REMOTE_HOST", "REMOTE_NAME", "REMOTE_NOLOOKUP", "REMOTE_DOUBLE_REV")
CALLS = {
    **{f"{kind} first": (f"apache.{kind}", *(f"apache.{other}" for other in KINDS)) for kind in KINDS},
    "a second argument": tuple(f"apache.{kind}, {more}" for kind in KINDS for more in ("None", "1", "''", "0")),
    "none": ("", "", "apache.REMOTE_DOUBLE_REV", ""),
    "odd": ("9", "-1", "'x'"),
}
CONFIG = """\
ServerName live.test
DocumentRoot ROOT
LogLevel crit
UseCanonicalName Off
<Directory />
    Require all granted
</Directory>
<Directory ROOT>
    SetHandler mod_python
    PythonHandler live
    PythonDebug On
</Directory>
""" + "".join(
    f"<Directory ROOT/{lookups}>\nHostnameLookups {lookups}\n</Directory>\n"
    + "".join(
        f"<Directory ROOT/{lookups}/{name}>\nSetHandler None\n{lines}\n</Directory>\n" for name, lines in RULES.items()
    )
    for lookups in LOOKUPS
)


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    for lookups in LOOKUPS:
        for name in RULES:
            (folder / "htdocs" / lookups / name).mkdir(parents=True)
            (folder / "htdocs" / lookups / name / "a.txt").write_text(name)
    with name_server(folder, NAMES, ADDRESSES), both(folder, CONFIG) as ports:
        yield ports


def fetch(port: int, client: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(client, 0))
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": "live.test", "Connection": "close"})
        response = connection.getresponse()
        # Each words its pages of errors itself.
        return response.status, response.read() if response.status == 200 else b""


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("lookups", LOOKUPS)
@pytest.mark.parametrize("client", CLIENTS)
def test_both_let_the_same_names_in(ports, client, lookups, name):
    real, ours = (fetch(port, client, f"/{lookups}/{name}/a.txt")[0] for port in ports)
    assert ours == real


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("lookups", LOOKUPS)
@pytest.mark.parametrize("client", CLIENTS)
def test_both_tell_handlers_the_same_names(ports, client, lookups, calls):
    members = "|req.connection.remote_host|req.connection.double_reverse|apache.build_cgi_env(req).get('REMOTE_HOST')"
    expressions = "|".join(f"req.get_remote_host({arguments})" for arguments in CALLS[calls]) + members
    real, ours = (fetch(port, client, f"/{lookups}/x?expr&{quote(expressions)}") for port in ports)
    assert ours == real
    assert real[0] == 200
