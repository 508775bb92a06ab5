"""Virtual hosts under the real mod_python in Apache and in our daemon behind nginx. The site is `live/hosts.conf`."""

from __future__ import annotations

import pytest

from tests.parity.live_answers import fetch
from tests.parity.live_requests import Request, evaluated
from tests.parity.live_servers import OURS, REAL, SITE, both

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

SERVER = (
    "req.server.server_hostname", "req.server.names", "req.server.wild_names", "bool(req.server.is_virtual)", "req.server.path",
    "req.server.pathlen", "req.server.port", "req.server.server_admin", "req.server.timeout", "req.server.loglevel",
    "req.server.error_fname is None", "req.server.get_options()['level']", "req.hostname", "req.interpreter",
    "req.construct_url('/y')", "req.uri", "req.filename.replace(root, 'ROOT')", "req.path_info",
)  # fmt: skip
AROUND = (
    "req.connection.base_server.server_hostname", "bool(req.connection.base_server.is_virtual)",
    "req.connection.base_server.error_fname is None", "apache.main_server.server_hostname",
    "apache.main_server.error_fname is None", "apache.main_server.next.server_hostname",
    "apache.main_server.next.next.server_hostname", "apache.main_server.next.next.next.server_hostname",
    "apache.main_server.next.next.next.next",
)  # fmt: skip
LEVELS = "ERR", "WARNING", "INFO"
WRITERS = {
    "req": "req.log_error({text}, {level})", "server": "req.server.log_error({text}, {level})",
    "connection": "req.connection.log_error({text}, {level})",
    "base_server": "req.connection.base_server.log_error({text}, {level})",
    "apache": "apache.log_error({text}, {level}, req.server)",
    "apache main": "apache.log_error({text}, {level}, apache.main_server)",
}  # fmt: skip


def at(host: str, request: Request) -> Request:
    return request._replace(headers=(("Host", host),))


REQUESTS = {
    **{
        f"{what} of {host}, {path}": at(host, evaluated(*expressions, path=path))
        for what, expressions in (("the server", SERVER), ("those around the server", AROUND))
        for host in ("first.test", "x.first.test", "a.test", "bc.test", "second.test:99", "third.test", "none.test")
        for path in ("/x", "/third/x", "/third", "/thirdly/x", "/live.py/info")
    },
    "a file by the path of its host": at("third.test", Request("/third/live.py?status&201")),
    **{
        f"what {writer} writes to the logs": at(
            "second.test",
            evaluated(
                *(
                    call.format(text=repr(f"by {writer} {level}"), level=f"apache.APLOG_{level}")
                    for level in LEVELS
                )
            ),
        )
        for writer, call in WRITERS.items()
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """The ports of Apache and of nginx before our daemon, and the folder of both."""
    folder = tmp_path_factory.mktemp("hosts")
    with both(folder, (SITE / "hosts.conf").read_text()) as ports:
        yield ports, folder


@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(servers, name):
    real, ours = (fetch(port, REQUESTS[name]) for port in servers[0])
    assert ours == real._replace(length=ours.length)


def test_both_write_the_same_to_the_same_logs(servers):
    ports, folder = servers
    for writer in WRITERS:
        for port in ports:
            fetch(port, REQUESTS[f"what {writer} writes to the logs"])
    real = set(written(folder / "httpd.log")), set(written(folder / REAL / "second.log"))
    ours = set(written(folder / "error.log")), set(written(folder / OURS / "second.log"))
    assert ours == real
    assert {"by connection INFO", "by apache main INFO"} <= real[0]
    assert {"by server WARNING"} <= real[1]


def written(log):
    """What the lines of the test say, without time, process and client."""
    return [line[line.index("by ") :] for line in log.read_text().splitlines() if "] by " in line]
