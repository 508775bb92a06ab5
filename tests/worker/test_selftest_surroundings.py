"""The self-test's checks of what a worker needs around it. Each is made to come out wrong."""

import json
import os
import resource
import tempfile
import threading

import pytest

from mpfcgi.api.file_session import FileSession
from mpfcgi.ipc import mutex
from mpfcgi.worker.selftest import surroundings
from tests.support.cycle import Site

PLACE = "<Location /selftest>\nSetHandler mpfcgi-selftest\n</Location>\n"
SESSIONS = "PythonOption mod_python.session."
NOBODY = 65534


def make_site(tmp_path, more=""):
    site = Site(tmp_path, f"{SESSIONS}database_directory {tmp_path}\n{more}\n" + PLACE, a="x = 1")
    site.services.mutexes = mutex.create(mutex.MutexSettings(directory=str(tmp_path)))
    return site


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def find(site, name, **params):
    """(verdict, what was seen, the lines to write)."""
    found = json.loads(site.get(f"/selftest?check={name}", **params).body)
    return found["verdict"], found["seen"], (found["remedy"] or {"lines": None})["lines"]


def as_nobody(function):
    """The outcome of a function in a process without rights."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            os.write(write, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        outcome = json.load(said)
    os.waitpid(pid, 0)
    return outcome


def test_all_is_right_in_a_good_place(site):
    for name in ("document-root", "sessions", "locks", "error-log", "room", "limits"):
        assert find(site, name)[0] == "right", name


def test_pages_that_run_as_root_or_as_nobody_known_are_named():
    assert surroundings.of_user(0).verdict == "wrong"
    assert "www-data" in surroundings.of_user(0).remedy.lines
    assert surroundings.of_user(NOBODY).verdict == "right"
    assert surroundings.of_user(3_999_999_999).verdict == "look at"


def test_a_document_root_that_is_none_is_named(site, tmp_path):
    site.root.joinpath("a.py").unlink()
    site.root.rmdir()
    assert find(site, "document-root")[:2] == ("wrong", f"{site.root}: No such file or directory")
    site.root.write_text("a file")
    assert find(site, "document-root")[:2] == ("wrong", f"{site.root} is no folder")
    assert surroundings.of_folder("").verdict == "wrong"


@pytest.mark.parametrize("closed", ["a", "a/b", "a/b/c"])
def test_a_document_root_behind_a_closed_folder_is_told_with_the_command_that_opens_it(tmp_path, closed):
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)
    root = tmp_path / "a" / "b" / "c"
    root.mkdir(parents=True)
    (tmp_path / closed).chmod(0o600)

    def look():
        found = surroundings.of_folder(str(root))
        return found.verdict, found.remedy.lines

    assert as_nobody(look) == ["wrong", f"chmod o+rx {tmp_path / closed}"]
    (tmp_path / closed).chmod(0o755)


@pytest.mark.parametrize(
    ("more", "said"),
    [(f"{SESSIONS}database_directory /not/there", "database_directory"),
     (f"{SESSIONS}session_type FileSession\n{SESSIONS}database_directory /not/there", "database_directory"),
     (f"{SESSIONS}session_type NoSession", "Unknown session type NoSession"),
     (f"{SESSIONS}session_type MemorySession", "MemorySession")],
)  # fmt: skip
def test_sessions_that_would_be_lost_are_wrong(tmp_path, more, said):
    verdict, seen, lines = find(make_site(tmp_path, more), "sessions")
    assert (verdict, said in seen + lines) == ("wrong", True)


def test_sessions_in_memory_are_right_where_there_is_one_process(tmp_path):
    one = '<PythonPool "*">\nMaxProcesses 1\n</PythonPool>\n'
    assert find(make_site(tmp_path, f"{one}{SESSIONS}session_type MemorySession"), "sessions")[0] == "right"


def test_a_store_that_forgets_is_wrong(tmp_path, monkeypatch):
    site = make_site(tmp_path, f"{SESSIONS}session_type FileSession")
    monkeypatch.setattr(FileSession, "do_load", lambda self: None)
    assert "what was saved is not found again" in find(site, "sessions")[1]


def test_the_visitors_own_session_is_left_alone_and_no_cookie_is_sent(tmp_path):
    site = make_site(tmp_path, f"{SESSIONS}session_type FileSession")
    (site.root / "keep.py").write_text(
        "from mod_python import Session\n"
        "def handler(req):\n    session = Session.Session(req)\n    session['n'] = session.get('n', 0) + 1\n"
        "    session.save()\n    req.write(str(session['n']))\n    return 0\n"
    )
    more = "<Directory ROOT>\nSetHandler mod_python\nPythonHandler keep\n</Directory>\n"
    site = make_site(tmp_path, f"{SESSIONS}session_type FileSession\n{more}")
    cookie = site.get("/keep.py").headers["set-cookie"].partition(";")[0]
    answer = site.get("/selftest?check=sessions", HTTP_COOKIE=cookie)
    assert "set-cookie" not in answer.headers
    assert site.get("/keep.py", HTTP_COOKIE=cookie).body == "2"
    assert len(list(tmp_path.glob("mp_sess/*/*"))) == 1


def test_locks_that_are_gone_are_wrong(site):
    try:
        site.services.mutexes = mutex.create(mutex.MutexSettings("sysv"))
    except OSError as error:
        pytest.skip(f"no semaphores here: {error}")
    assert find(site, "locks")[0] == "right"
    # As `ipcrm` does.
    for semaphore in site.services.mutexes._kind._semaphores:
        semaphore.remove()
    verdict, seen, lines = find(site, "locks")
    assert (verdict, lines) == ("wrong", "mpfcgi restart")
    assert seen.startswith("no lock can be taken")


def test_locks_that_are_all_held_are_to_be_looked_at(site):
    mutexes = site.services.mutexes

    def hold():
        for index in range(mutexes.count):
            mutexes.acquire(index)

    holder = threading.Thread(target=hold)
    holder.start()
    holder.join()
    assert find(site, "locks")[:2] == ("look at", "all 7 are held right now: pages with sessions wait for each other")


def test_an_error_log_that_was_taken_away_is_to_be_looked_at(site):
    assert find(site, "error-log") == ("right", str(site.log_file), None)
    site.log_file.rename(site.log_file.with_suffix(".1"))
    assert find(site, "error-log")[0] == "look at"
    site.log_file.write_text("")
    assert find(site, "error-log")[0] == "look at"
    site.services.reopen_logs()
    assert find(site, "error-log")[0] == "right"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nothing_is_said_of_an_error_log_in_a_folder_that_is_closed_to_the_worker(tmp_path):
    (tmp_path / "closed").mkdir()
    site = make_site(tmp_path, f"ErrorLog {tmp_path}/closed/error.log")
    site.services.log_files.open(f"{tmp_path}/closed/error.log")
    (tmp_path / "closed").chmod(0o700)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    assert as_nobody(lambda: find(site, "error-log"))[0] == "right"


def test_an_error_log_that_can_not_be_written_is_wrong(tmp_path):
    (tmp_path / "folder.log").mkdir()
    verdict, seen, lines = find(make_site(tmp_path, f"ErrorLog {tmp_path}/folder.log"), "error-log")
    assert (verdict, seen) == ("wrong", f"{tmp_path}/folder.log can't be written to")
    assert "ErrorLog" in lines
    assert find(make_site(tmp_path, "ErrorLog stderr"), "error-log")[:2] == ("right", "the lines go to stderr")


def test_full_disks_are_told(site, monkeypatch):
    monkeypatch.setattr(surroundings, "LEAST_ROOM", 1 << 62)
    monkeypatch.setattr(surroundings, "ROOM", 1 << 62)
    assert find(site, "error-log")[0] == "wrong"
    assert find(site, "room")[0] == "look at"


def test_uploads_that_can_not_be_kept_are_wrong(site, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/not/there")
    verdict, seen, lines = find(site, "room")
    assert (verdict, seen) == ("wrong", "no upload can be kept in /not/there: No such file or directory")
    assert "SetEnv TMPDIR" in lines


@pytest.fixture
def low_limit():
    """Lower a limit until the test is over."""
    before = []

    def lower(kind, soft):
        before.append((kind, resource.getrlimit(kind)))
        resource.setrlimit(kind, (soft, before[-1][1][1]))

    yield lower
    for kind, limits in before:
        resource.setrlimit(kind, limits)


def test_few_files_are_to_be_looked_at(site, low_limit):
    low_limit(resource.RLIMIT_NOFILE, 100)
    verdict, seen, lines = find(site, "limits")
    assert (verdict, lines) == ("look at", "ResourceLimit nofile 256")
    assert "100 files" in seen


def test_little_memory_is_to_be_looked_at(site, low_limit, monkeypatch):
    # So little that it shows would be too little for the test.
    monkeypatch.setattr(surroundings, "MEMORY", 1 << 52)
    low_limit(resource.RLIMIT_AS, 1 << 50)
    assert find(site, "limits")[0] == "look at"


def test_fewer_processes_than_the_pool_has_are_to_be_looked_at():
    def look():
        resource.setrlimit(resource.RLIMIT_NPROC, (6, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
        found = surroundings.of_limits(4)
        return found.verdict, found.seen, found.remedy.lines

    assert as_nobody(look) == ["look at", "the user may have 6 processes, and the pool wants up to 4", "MaxProcesses 2"]
