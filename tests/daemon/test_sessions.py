"""Sessions and their locks in the real daemon: no update is lost, no dead worker keeps a lock."""

import os
import re
import signal
import threading

import psutil
import pytest

from tests.support.client import Client
from tests.support.redis_server import RedisServer
from tests.support.servers import Daemon, wait_until

pytestmark = pytest.mark.daemon

CONFIG = """\
Listen unix:mpfcgi.sock
ServerName localhost
DocumentRoot htdocs
ErrorLog error.log
PythonOption mod_python.mutex_type {mutex}
PythonOption mod_python.mutex_directory {folder}/locks
PythonOption mod_python.session.session_type {store}
PythonOption mod_python.session.database_directory {folder}/sessions
PythonOption mod_python.redis_session.url unix://{folder}/redis.sock
PythonOption mod_python.redis_session.lock_timeout 2
<PythonPool "*">
    MaxProcesses {processes}
</PythonPool>
<Directory {folder}/htdocs>
    SetHandler mod_python
    PythonHandler counter
</Directory>
<Directory {folder}/htdocs/other>
    PythonInterpreter other
</Directory>
"""
HANDLER = """\
import os, time
from mod_python import apache, Session
import mod_python.Session, _apache

assert mod_python.Session is Session

def handler(req):
    req.content_type = "text/plain"
    if req.args == "index":
        req.write("%d" % _apache._mutexes().index_of("0f" * 16))
        return apache.OK
    session = Session.Session(req)
    session["n"] = session.get("n", 0) + 1
    session.save()
    if req.args == "hold":
        req.log_error("holds %d" % os.getpid())
        time.sleep(60)
    req.write("%d" % session["n"])
    return apache.OK
"""
CLIENTS, INCREMENTS = 8, 500


class Site:
    """The daemon; `visit` counts up in a session."""

    def __init__(self, folder, store, mutex="flock"):
        for name in ("htdocs", "htdocs/other", "sessions", "locks"):
            (folder / name).mkdir()
        (folder / "htdocs" / "counter.py").write_text(HANDLER)
        # Sessions in memory are one process's own: several clients ask that one.
        processes = 1 if store == "MemorySession" else 4
        self.daemon = Daemon(folder, CONFIG.format(folder=folder, store=store, mutex=mutex, processes=processes))
        self.client = Client(self.daemon.socket)

    def visit(self, sid=None, client=None, uri="/"):
        """(status, text, the session's id)."""
        client = client or self.client
        status, body = client.get(uri, **({"HTTP_COOKIE": f"pysid={sid}"} if sid else {}))
        sent = dict(client.head.headers).get(b"Set-Cookie", b"").decode()
        found = re.match("pysid=([0-9a-f]{32})", sent)
        return status, body.decode(), found.group(1) if found else sid


@pytest.fixture
def site(tmp_path):
    sites = []

    def start(*arguments):
        sites.append(Site(tmp_path, *arguments))
        return sites[-1]

    yield start
    for site in sites:
        assert site.daemon.stop() == 0


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("store", "mutex"),
    [
        ("DbmSession", "flock"), ("DbmSession", "sysv"), ("FileSession", "flock"), ("FileSession", "sysv"),
        ("MemorySession", "flock"), ("MemorySession", "sysv"), ("RedisSession", "flock"),
    ],
)  # fmt: skip
def test_no_update_of_a_session_is_lost(request, site, store, mutex):
    if store == "RedisSession":
        request.getfixturevalue("redis")
    site = site(store, mutex)
    _, text, sid = site.visit()
    assert text == "1"
    wrong = []

    def count():
        client = Client(site.daemon.socket)
        for _ in range(INCREMENTS):
            status, text, its = site.visit(sid, client)
            if status != 200 or its != sid:
                wrong.append((status, text, its))

    threads = [threading.Thread(target=count) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert site.visit(sid)[1] == str(1 + CLIENTS * INCREMENTS + 1)


@pytest.mark.parametrize(
    ("store", "mutex"), [("FileSession", "flock"), ("FileSession", "sysv"), ("RedisSession", "flock")]
)
def test_a_killed_worker_keeps_no_session(request, site, store, mutex):
    if store == "RedisSession":
        request.getfixturevalue("redis")
    site = site(store, mutex)
    _, _, sid = site.visit()
    holder = Client(site.daemon.socket)
    holder.send("/?hold", HTTP_COOKIE=f"pysid={sid}")
    holder.sock.sendall(holder.wire.stdin_end())
    site.daemon.wait_for_log("holds ")
    pid = int(re.search(r"holds (\d+)", site.daemon.log()).group(1))
    os.kill(pid, signal.SIGKILL)
    assert site.visit(sid, Client(site.daemon.socket))[:2] == (200, "3")


@pytest.mark.parametrize("mutex", ["flock", "sysv"])
def test_every_worker_of_every_pool_locks_a_session_by_the_same_mutex(site, mutex):
    site = site("FileSession", mutex)
    said = {
        site.visit(uri=uri, client=Client(site.daemon.socket))[1]
        for uri in ("/?index", "/other/?index")
        for _ in range(4)
    }
    assert len(said) == 1
    _, _, sid = site.visit()
    assert site.visit(sid, uri="/other/")[1] == "2"
    assert site.visit(sid)[1] == "3"


def test_the_semaphores_of_a_killed_daemon_are_removed_by_the_next(site, tmp_path):
    first = site("FileSession", "sysv")
    sid = first.visit()[2]
    (record,) = (tmp_path / "locks").iterdir()
    workers = psutil.Process(first.daemon.process.pid).children()
    first.daemon.process.kill()
    first.daemon.process.wait()
    psutil.wait_procs(workers)
    os.unlink(first.daemon.socket)
    first.daemon = Daemon(tmp_path, first.daemon.config.read_text())
    first.daemon.wait_for_log("removed 8 semaphores of a daemon that has died")
    assert not record.exists()
    assert first.visit(sid, Client(first.daemon.socket))[1] == "2"
    assert first.daemon.stop() == 0
    assert os.listdir(tmp_path / "locks") == []


def test_a_redis_server_may_die_and_return(site, redis):
    site = site("RedisSession")
    sid = site.visit()[2]
    assert site.visit(sid)[1] == "2"
    redis.kill()
    assert site.visit(sid)[0] == 500
    site.daemon.wait_for_log("RedisSession: no answer from unix://")
    redis.start()
    status, text, new = site.visit(sid)
    assert (status, text) == (200, "1")
    assert new != sid
    assert site.visit(new)[1] == "2"


def test_sessions_outlive_a_redis_server_that_keeps_them(site, tmp_path):
    server = RedisServer(tmp_path, keep=True)
    server.start()
    try:
        site = site("RedisSession")
        sid = site.visit()[2]
        server.kill()
        server.start()
        assert site.visit(sid)[:2] == (200, "2")
    finally:
        server.stop()


def test_a_wrong_mutex_option_ends_the_start_with_its_place(tmp_path):
    (tmp_path / "mpfcgi.conf").write_text("x")
    with pytest.raises(AssertionError, match=r"mpfcgi.conf:2: mod_python.mutex_locks is 'many': write a number"):
        Daemon(tmp_path, "Listen unix:mpfcgi.sock\nPythonOption mod_python.mutex_locks many\n")


def test_other_mutexes_need_a_restart(site):
    site = site("FileSession")
    # Who answers is there; who has only its socket may not know signals yet.
    sid = site.visit()[2]
    config = site.daemon.config
    config.write_text(config.read_text().replace("mutex_type flock", "mutex_type sysv"))
    site.daemon.signal(signal.SIGHUP)
    site.daemon.wait_for_log("take a restart")
    wait_until(lambda: "reload: done" in site.daemon.log(), "the reload", site.daemon.process)
    assert site.visit(sid, Client(site.daemon.socket))[1] == "2"
