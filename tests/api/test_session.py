"""Sessions: what holds for every store, and the rules of ids, cookies and locks."""

import os
import re
import tempfile
import time

import pytest

from mpfcgi.api import Session, memory_session
from mpfcgi.api.Cookie import Cookie, SignedCookie
from tests.support.redis_server import RedisServer
from tests.support.requests import finish, request

STORES = ["DbmSession", "FileSession", "MemorySession", "RedisSession"]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=STORES)
def visit(request, services, tmp_path):
    """Calls Session() for a visit of a client, with its cookie."""
    options = {
        "mod_python.session.session_type": request.param,
        "mod_python.session.database_directory": str(tmp_path),
    }
    if request.param == "RedisSession":
        options["mod_python.redis_session.url"] = request.getfixturevalue("redis_server").url
    yield Visits(services, options)
    memory_session._sessions = memory_session._Sessions()


class Visits:
    def __init__(self, services, options):
        self.services, self.options = services, options

    def __call__(self, cookie=None, /, **arguments):
        self.req = request(self.services, f"pysid={cookie}" if cookie else None, self.options)
        return Session.Session(self.req, **arguments)

    def leave(self):
        finish(self.req)


# -- every store


def test_what_was_saved_is_found_again_by_the_cookie(visit):
    session = visit()
    assert session.is_new()
    session["who"] = ["Ada", b"\xff", {"n": 1}]
    session.save()
    visit.leave()
    again = visit(session.id())
    assert not again.is_new()
    assert dict(again) == {"who": ["Ada", b"\xff", {"n": 1}]}
    assert again.created() == session.created()
    assert again.id() == session.id()
    visit.leave()


def test_what_was_not_saved_is_gone(visit):
    session = visit()
    session["a"] = 1
    session.save()
    session["a"] = 2
    visit.leave()
    assert visit(session.id())["a"] == 1
    visit.leave()


def test_an_unknown_id_begins_a_session_with_another_one(visit):
    session = visit("0" * 32)
    assert session.is_new()
    assert session.id() != "0" * 32
    visit.leave()


def test_an_invalidated_session_is_gone_for_the_server_and_the_client(visit):
    session = visit()
    session["a"] = 1
    session.save()
    visit.leave()
    session = visit(session.id())
    session.invalidate()
    session["a"] = 2
    session.save()
    assert "expires=Thu, 01-Jan-1970" in visit.req.headers_out["Set-Cookie"]
    visit.leave()
    assert visit(session.id()).is_new()
    visit.leave()


def test_an_expired_session_begins_anew(visit, monkeypatch):
    session = visit(timeout=60)
    session.save()
    visit.leave()
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    again = visit(session.id())
    assert again.is_new()
    assert again.id() != session.id()
    visit.leave()


def test_a_save_begins_the_timeout_anew(visit, monkeypatch):
    session = visit(timeout=60)
    session.save()
    visit.leave()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 40)
    again = visit(session.id())
    again.save()
    visit.leave()
    monkeypatch.setattr(time, "time", lambda: now + 80)
    assert not visit(session.id()).is_new()
    visit.leave()


def test_two_sessions_of_one_id_in_one_request_do_not_wait_for_each_other(visit):
    session = visit()
    session.save()
    other = Session.Session(visit.req, sid=session.id())
    assert not other.is_new()
    other.unlock()
    visit.leave()
    assert not visit(session.id()).is_new()
    visit.leave()


@pytest.mark.parametrize(
    "sid", ["../../../../etc/passwd", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n", "0" * 31 + "/"]
)
def test_what_is_no_id_never_reaches_the_store(visit, sid):
    with pytest.raises(ValueError, match="Invalid Session ID"):
        visit(None, sid=sid)
    session = visit(sid)
    assert session.is_new()
    assert re.fullmatch("[0-9a-f]{32}", session.id())
    visit.leave()


def test_a_cleanup_keeps_what_has_not_expired(visit):
    session = visit()
    session.save()
    session.cleanup()
    visit.leave()
    assert not visit(session.id()).is_new()
    visit.leave()


def test_nothing_is_left_open_by_many_sessions(visit):
    visit().save()
    visit.leave()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        session = visit()
        session.save()
        session.cleanup()
        visit.leave()
    # Each mutex is opened once.
    assert len(os.listdir("/proc/self/fd")) <= before + visit.services.mutexes.count


# -- cleanup, stored things that are no sessions


@pytest.mark.parametrize("store", ["DbmSession", "MemorySession"])
def test_a_cleanup_removes_what_has_expired(services, tmp_path, monkeypatch, store):
    visits = Visits(services, {
        "mod_python.session.session_type": store, "mod_python.session.database_directory": str(tmp_path)
    })  # fmt: skip
    old = visits(timeout=10)
    old.save()
    visits.leave()
    young = visits(timeout=100)
    young.save()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 50)
    young.cleanup()
    visits.leave()
    monkeypatch.setattr(time, "time", lambda: now)
    assert visits(old.id()).is_new()
    visits.leave()
    assert not visits(young.id()).is_new()
    visits.leave()
    memory_session._sessions = memory_session._Sessions()


# -- Session(), options


def test_an_unknown_type_is_named(services):
    with pytest.raises(Exception, match=r"^Unknown session type Mine$"):
        Session.Session(request(services, options={"session": "Mine"}))


@pytest.mark.parametrize(
    ("threaded", "forked", "daemons", "kind"),
    [
        (0, 1, 1, "DbmSession"), (0, 2, 4, "DbmSession"), (1, 1, 4, "DbmSession"), (1, 1, 1, "MemorySession"),
        (1, 0, 0, "MemorySession"),
    ],
)  # fmt: skip
def test_without_a_type_the_process_model_decides(services, monkeypatch, tmp_path, threaded, forked, daemons, kind):
    answers = {Session.c.AP_MPMQ_IS_THREADED: threaded, Session.c.AP_MPMQ_IS_FORKED: forked}
    monkeypatch.setattr(services, "mpm_query", lambda code: answers.get(code, daemons), raising=False)
    req = request(services, options={"session_directory": str(tmp_path)})
    assert type(Session.Session(req)).__name__ == kind
    finish(req)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"session_cookie_name": "old"}, "old="), ({"mod_python.session.cookie_name": "new"}, "new="),
        ({"mod_python.session.cookie_name": "new", "session_cookie_name": "old"}, "new="), ({}, "pysid="),
    ],
)  # fmt: skip
def test_the_cookie_has_the_name_of_the_option(services, options, start):
    req = request(services, options=options)
    assert str(Session.MemorySession(req).make_cookie()).startswith(start)
    finish(req)


def test_options_have_their_names_from_before_3_3_too(services, tmp_path):
    req = request(
        services,
        options={"ApplicationPath": "/app", "session_dbm": str(tmp_path / "mine.dbm"), "session": "DbmSession"},
    )
    made = Session.Session(req)
    assert made.make_cookie().path == "/app"
    made.save()
    finish(req)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("mine.dbm")]


@pytest.mark.parametrize(
    ("directory", "uri", "path"),
    [
        ("/srv/www/", "/x", "/"), ("/srv/www/a/b/", "/a/b/c", "/a/b/"), ("/srv/www/a", "/a/x", "/a/"),
        ("/srv/wwwother/", "/other/", "/"), ("/elsewhere/", "/x", "/"), (None, "/x", "/"), ("/srv/www/a/", "/b/x", "/"),
        ("/srv/www/a;domain=evil/", "/a;domain=evil/x", "/a%3Bdomain=evil/"), ("/srv/www/é/", "/é/x", "/%C3%A9/"),
    ],
)  # fmt: skip
def test_the_cookies_path_is_the_handlers_folder_below_the_document_root(services, directory, uri, path):
    req = request(services, uri=uri, directory=directory)
    assert Session.MemorySession(req).make_cookie().path == path
    finish(req)


def test_path_and_domain_can_be_given(services):
    options = {"mod_python.session.application_path": "/app", "mod_python.session.application_domain": ".example.org"}
    req = request(services, options=options)
    assert str(Session.MemorySession(req).make_cookie()).endswith("; path=/app; domain=.example.org")
    finish(req)


def test_with_a_secret_only_a_signed_id_is_accepted(services):
    req = request(services)
    session = Session.MemorySession(req, secret="s3cret")
    session.save()
    finish(req)
    sent = req.headers_out["Set-Cookie"].partition(";")[0]
    assert type(SignedCookie.parse(sent, "s3cret")["pysid"]) is SignedCookie
    for cookie, new in ((sent, False), (str(Cookie("pysid", session.id())), True), (sent + "0", True)):
        req = request(services, cookie)
        assert Session.MemorySession(req, secret="s3cret").is_new() is new
        finish(req)
    memory_session._sessions = memory_session._Sessions()


def test_a_stronger_digest_for_the_id_is_an_option(services):
    req = request(services, options={"mod_python.session.cookie_digest": "sha256"})
    session = Session.MemorySession(req, secret="s3cret")
    finish(req)
    sent = req.headers_out["Set-Cookie"].partition(";")[0]
    assert len(sent) == len("pysid=") + 64 + 32
    assert SignedCookie.parse(sent, "s3cret", digest="sha256")["pysid"].value == session.id()


# -- locks


def held_by_others(services, index):
    """Whether another process could take the mutex."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if services.mutexes.acquire(index, block=False) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def test_the_lock_is_held_until_the_end_of_the_request(services):
    req = request(services)
    session = Session.MemorySession(req)
    index = services.mutexes.index_of(session.id())
    assert held_by_others(services, index)
    finish(req)
    assert not held_by_others(services, index)


def test_unlock_gives_the_session_back_at_once_and_lock_takes_it_again(services):
    req = request(services)
    session = Session.MemorySession(req)
    index = services.mutexes.index_of(session.id())
    session.unlock()
    session.unlock()
    assert not held_by_others(services, index)
    session.lock()
    session.lock()
    assert held_by_others(services, index)
    finish(req)
    assert not held_by_others(services, index)


def test_without_lock_nothing_is_held(services):
    req = request(services)
    session = Session.MemorySession(req, lock=0)
    assert not held_by_others(services, services.mutexes.index_of(session.id()))
    assert not req._cleanups


def test_the_hooks_of_a_subclass_are_called_in_mod_pythons_order(services):
    calls = []

    class Own(Session.BaseSession):
        def init_lock(self):
            calls.append("init_lock")

        def lock(self):
            calls.append("lock")

        def unlock(self):
            calls.append("unlock")

        def do_load(self):
            calls.append("do_load")

        def do_save(self, stored):
            calls.append(sorted(stored))

    session = Own(request(services, "pysid=" + "0" * 32))
    session.save()
    assert calls == ["init_lock", "lock", "do_load", "unlock", "lock", ["_accessed", "_created", "_data", "_timeout"]]


def test_a_base_session_says_that_it_has_no_store(services):
    session = Session.BaseSession(request(services))
    with pytest.raises(AttributeError, match="do_save"):
        session.save()


def test_stores_of_others_find_the_temporary_directory():
    assert Session.tempdir == tempfile.gettempdir()
