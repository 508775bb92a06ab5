"""Reloads whose new workers can't import what their handlers name: the old ones stay, and the log says why."""

import json
import signal
import socket

import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, free_port, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import os
from mod_python import apache

def handler(req):
    req.write("%d %s" % (os.getpid(), req.get_options().get("text")))
    return apache.OK
"""
TWO_HOSTS = """\
<VirtualHost *>
    ServerName one.test
    DocumentRoot htdocs
    PythonOption text old
</VirtualHost>
<VirtualHost *>
    ServerName two.test
    DocumentRoot htdocs
    PythonOption text old
</VirtualHost>
"""
POOLS = {
    "static": "MaxProcesses 2",
    "dynamic": "ProcessManager dynamic\nMaxProcesses 3",
    "ondemand": "ProcessManager ondemand\nMaxProcesses 2\nIdleTimeout 1h",
    "preload": "MaxProcesses 2\nPreload On",
    "touched": "MaxProcesses 1\nReloadFile restart.txt",
}


@pytest.fixture
def start(tmp_path):
    """Start a daemon; its `right` is the configuration that it has."""
    started = []

    def start(pool="MaxProcesses 2", more=""):
        config = one_handler(tmp_path, HANDLER, pool=pool) + more
        started.append(Daemon(tmp_path, config))
        started[-1].right = config
        return started[-1]

    yield start
    for daemon in started:
        assert daemon.stop() == 0


def ask(daemon, host="localhost"):
    """Who has answered, and what."""
    status, body = Client(daemon.socket, keep_conn=False).get("/x.py", HTTP_HOST=host)
    assert status == 200, daemon.log()
    pid, text = body.decode().split()
    return int(pid), text


def workers(daemon):
    """Process ids of all workers."""
    pools = json.loads(daemon.command("status", "--json").stdout)["pools"]
    return {worker["pid"] for pool in pools for worker in pool["workers"]}


@pytest.mark.parametrize("pool", ["static", "dynamic", "ondemand", "preload"])
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("PythonHandler site_handler", "PythonHandler nosuch", "PythonHandler nosuch: ModuleNotFoundError: "),
        ("PythonHandler site_handler", "PythonHandler site_handler::nosuch", "contains no 'nosuch'"),
        ("PythonHandler site_handler", "PythonHandler site_handler\nPythonAuthenHandler broken", "ValueError: on purpose"),
    ],
    ids=["module", "function", "another phase"],
)  # fmt: skip
def test_the_old_workers_and_their_configuration_stay(start, tmp_path, pool, old, new, why):
    daemon = start(POOLS[pool])
    (tmp_path / "htdocs" / "broken.py").write_text('raise ValueError("on purpose")\n')
    before, _ = ask(daemon)
    daemon.config.write_text(daemon.right.replace(old, new))
    said = daemon.command("reload")
    assert said.returncode == 1
    assert (
        "[pool localhost] keeps its workers and their configuration, for new ones can't import what it needs"
        in said.stderr
    )
    assert why in said.stderr
    assert "reload: [pool localhost] keeps its workers" in daemon.log()
    assert ask(daemon)[0] in workers(daemon)
    assert before in workers(daemon)
    daemon.config.write_text(daemon.right + "PythonOption text new\n")
    said = daemon.command("reload")
    assert said.returncode == 0, said.stderr
    pid, text = ask(daemon)
    assert text == "new"
    assert pid != before


def test_the_other_pools_go_on_with_the_new_configuration(start):
    daemon = start(more=TWO_HOSTS)
    before, _ = ask(daemon, "one.test")
    new = TWO_HOSTS.replace("text old", "text new").replace(
        "ServerName one.test", "ServerName one.test\nPythonFixupHandler x"
    )
    daemon.config.write_text(daemon.right.replace(TWO_HOSTS, new))
    for _ in range(2):
        assert daemon.command("reload").returncode == 1
        assert ask(daemon, "one.test")[1] == "old"
        assert before in workers(daemon)
        assert ask(daemon, "two.test")[1] == "new"
    daemon.config.write_text(daemon.right.replace("text old", "text new"))
    assert daemon.command("reload").returncode == 0
    assert ask(daemon, "one.test")[1] == ask(daemon, "two.test")[1] == "new"
    assert before not in workers(daemon)


def test_a_reload_in_the_middle_of_another_has_the_pools_that_were_kept(start, tmp_path):
    daemon = start(more=TWO_HOSTS)
    before, _ = ask(daemon, "one.test")
    (tmp_path / "htdocs" / "slow.py").write_text("import time\ntime.sleep(1000)\n")
    new = TWO_HOSTS.replace("ServerName one.test", "ServerName one.test\nPythonFixupHandler nosuch")
    new = new.replace("ServerName two.test", "ServerName two.test\nPythonFixupHandler slow")
    daemon.config.write_text(daemon.right.replace(TWO_HOSTS, new))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("[pool one.test] keeps its workers")
    assert ask(daemon, "one.test")[1] == "old"
    daemon.config.write_text(daemon.right.replace("text old", "text new"))
    assert daemon.command("reload").returncode == 0
    assert ask(daemon, "one.test")[1] == ask(daemon, "two.test")[1] == "new"
    wait_until(lambda: before not in workers(daemon), "the kept worker leaves", daemon.process)


def test_where_requests_come_another_way_new_workers_serve_all_the_same(start):
    daemon = start()
    ask(daemon)
    new = daemon.right.replace("PythonHandler site_handler", "PythonHandler nosuch").replace(
        "MaxProcesses 2", "MaxProcesses 2\nQueueLength 10"
    )
    daemon.config.write_text(new)
    said = daemon.command("reload")
    assert said.returncode == 1
    assert "[pool localhost] gets new workers that will answer with errors" in said.stderr
    assert Client(daemon.socket).get("/x.py")[0] == 500
    daemon.config.write_text(daemon.right)
    assert daemon.command("reload").returncode == 0
    ask(daemon)


@pytest.mark.parametrize("how", ["command", "file"])
def test_workers_of_one_pool_are_only_replaced_by_some_that_can_import(start, tmp_path, how):
    # PythonAutoReload Off: old workers have the old text.
    daemon = start(POOLS["touched"], "PythonAutoReload Off\n")
    ask(daemon)
    all_before = workers(daemon)
    module = tmp_path / "htdocs" / "site_handler.py"
    right = module.read_text()
    module.write_text("def handler(req:\n")
    if how == "command":
        said = daemon.command("reload", "localhost")
        assert said.returncode == 1
        assert "[pool localhost] keeps its workers, for new ones can't import what it needs" in said.stderr
        assert "SyntaxError" in said.stderr
    else:
        (tmp_path / "htdocs" / "restart.txt").touch()
        daemon.wait_for_log("reload: [pool localhost] keeps its workers")
    assert ask(daemon)[0] in all_before
    wait_until(lambda: workers(daemon) == all_before, "the old ones alone", daemon.process)
    assert f'File "{module}", line 1' in daemon.log()
    module.write_text(right)
    assert daemon.command("reload", "localhost").returncode == 0
    assert ask(daemon)[0] not in all_before


def test_a_wsgi_application_is_imported_too(start, tmp_path):
    (tmp_path / "htdocs").mkdir()
    (tmp_path / "htdocs" / "app.py").write_text(
        "def application(environ, start_response):\n    start_response('200 OK', [])\n    return [b'1 old']\n"
    )
    site = "<Location /app>\nSetHandler mod_python\nPythonHandler mod_python.wsgi\n{}\n</Location>\n"
    right = site.format("PythonOption mod_python.wsgi.application app")
    daemon = start(more=right)
    assert Client(daemon.socket).get("/app") == (200, b"1 old")
    for wrong, why in (("app::nosuch", "AttributeError: there is no application"), ("nosuch", "ModuleNotFoundError")):
        daemon.config.write_text(daemon.right.replace("application app", f"application {wrong}"))
        said = daemon.command("reload")
        assert said.returncode == 1
        assert f"PythonHandler mod_python.wsgi: {why}" in said.stderr
        assert Client(daemon.socket).get("/app") == (200, b"1 old")


def test_connection_handlers_are_tried_too(start, tmp_path):
    (tmp_path / "talk.py").write_text("def connectionhandler(conn):\n    conn.write('hello')\n    return 0\n")
    port = free_port()
    talk = (
        f"PythonPath \"sys.path + ['{tmp_path}']\"\nListen 127.0.0.1:{port} connection\nPythonConnectionHandler talk\n"
    )
    daemon = start(more=talk)
    ask(daemon)
    daemon.config.write_text(daemon.right.replace("Handler talk", "Handler walk"))
    said = daemon.command("reload")
    assert said.returncode == 1
    assert "[pool localhost (connections)] keeps its workers and their configuration" in said.stderr
    assert "PythonConnectionHandler walk: ModuleNotFoundError" in said.stderr
    # They are still there.
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        assert sock.makefile().read() == "hello"


def test_at_the_start_nothing_is_imported_before_it_is_asked_for(start, tmp_path):
    daemon = start(more="PythonLogHandler nosuch\n")
    assert Client(daemon.socket).get("/x.py")[0] == 200
    assert "keeps its workers" not in daemon.log()
