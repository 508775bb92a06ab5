"""Session files: their modes, damage, other users, and cleanup within its limits."""

import os
import pickle
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpfcgi.api import Session
from mpfcgi.api import services as api_services
from mpfcgi.api.file_cleanup import Sweep
from mpfcgi.api.own_files import read_own
from mpfcgi.api.stored import DamagedError, dumped, loaded
from tests.support.requests import Services, finish, request

WHOLE = dumped({"_data": {"a": "x" * 100}, "_created": 1.0, "_accessed": 2.0, "_timeout": 3})


@pytest.fixture
def services(monkeypatch):
    installed = Services()
    monkeypatch.setattr(api_services, "_installed", installed)
    monkeypatch.setattr(Session, "CLEANUP_CHANCE", 10**12)
    return installed


@pytest.fixture
def session(services, tmp_path):
    """A new session without lock; arguments are for FileSession."""

    def make(sid=None, folder=tmp_path, options=None, **arguments):
        options = {"mod_python.file_session.database_directory": str(folder), **(options or {})}
        return Session.FileSession(request(services, f"pysid={sid}" if sid else None, options), lock=0, **arguments)

    return make


def path_of(session, folder):
    return folder / "mp_sess" / session.id()[:2] / session.id()


def test_files_are_for_their_user_only(session, tmp_path):
    before = os.umask(0)
    try:
        made = session()
        made.save()
    finally:
        os.umask(before)
    path = path_of(made, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_failed_save_leaves_the_old_session_and_no_rest(session, tmp_path):
    made = session()
    made["a"] = 1
    made.save()
    made["a"] = lambda: 0
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        made.save()
    assert session(made.id())["a"] == 1
    assert [path.name for path in path_of(made, tmp_path).parent.iterdir()] == [made.id()]


@given(st.one_of(st.integers(0, len(WHOLE) - 1).map(lambda size: WHOLE[:size]), st.binary(max_size=50)))
def test_cut_or_garbled_bytes_are_no_session_and_no_crash(data):
    try:
        loaded(data)
    except DamagedError:
        pass
    else:
        raise AssertionError("taken for a session")


@pytest.mark.parametrize(
    "stored", [None, [], {}, {"_data": {}}, {"_data": 1, "_created": 1, "_accessed": 1, "_timeout": 1}]
)
def test_what_is_no_session_is_none(stored):
    with pytest.raises(DamagedError):
        loaded(pickle.dumps(stored))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.binary(max_size=100))
def test_a_damaged_file_costs_one_session_and_is_logged(session, services, tmp_path, data):
    made = session()
    made.save()
    path_of(made, tmp_path).write_bytes(data)
    services.logged.clear()
    again = session(made.id())
    assert again.is_new()
    assert "is damaged" in services.logged[0]
    again.save()
    assert not session(again.id()).is_new()


def test_a_link_in_place_of_a_session_is_not_followed(session, tmp_path):
    made = session()
    made.save()
    path = path_of(made, tmp_path)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        session(made.id())


def test_a_folder_that_is_a_link_is_not_used(session, tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "mp_sess").symlink_to(tmp_path / "target")
    made = session()
    with pytest.raises(PermissionError, match="symbolic link"):
        made.save()


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_files_of_another_user_are_not_unpickled(session, tmp_path, monkeypatch):
    made = session()
    made.save()
    path = path_of(made, tmp_path)
    os.chown(path, 54321, 54321)
    with pytest.raises(PermissionError, match="belongs to user 54321"):
        session(made.id())
    os.chown(path, 0, 0)
    os.chown(tmp_path / "mp_sess", 54321, 54321)
    with pytest.raises(PermissionError, match=r"mp_sess belongs to user 54321"):
        made.save()


def test_a_missing_directory_is_named(session, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        session(folder=tmp_path / "nowhere").save()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("mod_python.file_session.enable_fast_cleanup", "maybe"),
        ("mod_python.file_session.verify_session_timeout", "2"),
        ("mod_python.file_session.cleanup_grace_period", "-1"),
        ("mod_python.file_session.cleanup_time_limit", "soon"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(session, option, value):
    with pytest.raises(ValueError, match=f"PythonOption {option} is '{value}'"):
        session(options={option: value})


# -- cleanup


def stored(folder, number, accessed, timeout=100, data=None):
    """A session file that was last saved at `accessed`."""
    sid = f"{number:02x}" + "0" * 30
    path = folder / "mp_sess" / sid[:2] / sid
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"_data": {}, "_created": accessed, "_accessed": accessed, "_timeout": timeout}
    path.write_bytes(dumped(content) if data is None else data)
    os.utime(path, (accessed, accessed))
    return path


def sweep(folder, fast=True, verify=True, timeout=100, grace=10, limit=0.0):
    return Sweep(str(folder / "mp_sess"), timeout, fast, verify, grace, limit, lambda message, level: None)


def test_a_cleanup_spares_the_grace_period(tmp_path):
    now = time.time()
    old, in_grace, young = (stored(tmp_path, n, now - age) for n, age in enumerate((115, 105, 50)))
    assert sweep(tmp_path).run(read_own) == 1
    assert [path.exists() for path in (old, in_grace, young)] == [False, True, True]


def test_a_cleanup_that_verifies_spares_longer_timeouts(tmp_path):
    now = time.time()
    longer = stored(tmp_path, 1, now - 500, timeout=1000)
    assert sweep(tmp_path).run(read_own) == 0
    assert longer.exists()
    assert sweep(tmp_path, verify=False).run(read_own) == 1
    assert not longer.exists()


def test_a_cleanup_that_is_not_fast_reads_every_file(tmp_path):
    now = time.time()
    shorter = stored(tmp_path, 1, now - 50, timeout=10)
    assert sweep(tmp_path, fast=True).run(read_own) == 0
    assert sweep(tmp_path, fast=False, verify=False).run(read_own) == 1
    assert not shorter.exists()


def test_a_cleanup_removes_old_damage_and_old_rests_and_nothing_else(tmp_path):
    now = time.time()
    damaged = stored(tmp_path, 1, now - 500, data=b"garbage")
    fresh = stored(tmp_path, 2, now - 5, data=b"garbage")
    rest = stored(tmp_path, 3, now - 500).rename(tmp_path / "mp_sess" / "03" / ("0" * 32 + ".00000000"))
    other = stored(tmp_path, 4, now - 500).rename(tmp_path / "mp_sess" / "04" / "notes.txt")
    assert sweep(tmp_path).run(read_own) == 2
    assert [path.exists() for path in (damaged, fresh, rest, other)] == [False, True, False, True]


def test_a_cleanup_stops_at_its_time_limit_and_the_next_goes_on_from_there(tmp_path):
    now = time.time()
    paths = [stored(tmp_path, number, now - 500) for number in range(5)]
    kept = stored(tmp_path, 0xFF, now)

    def run():
        ticks = iter(range(100))
        return sweep(tmp_path, limit=1.5).run(read_own, clock=lambda: next(ticks))

    assert run() == 2
    assert [path.exists() for path in paths] == [False, False, True, True, True]
    returned = stored(tmp_path, 0, now - 500)
    assert run() == 2
    assert [path.exists() for path in paths[1:]] == [False, False, False, True]
    assert returned.exists()
    assert run() == 1
    assert run() == 0
    assert not (tmp_path / "mp_sess" / ".cleanup").exists()
    assert run() == 1
    assert not returned.exists()
    assert kept.exists()


def test_two_cleanups_never_run_at_once(tmp_path):
    now = time.time()
    for number in range(2):
        stored(tmp_path, number, now - 500)
    inner = []

    def read(path):
        inner.append(sweep(tmp_path).run(read_own))
        return read_own(path)

    assert sweep(tmp_path).run(read) == 2
    assert inner == [0, 0]


def test_a_cleanup_of_nothing_is_nothing(tmp_path):
    assert sweep(tmp_path).run(read_own) == 0


def test_the_sessions_own_cleanup_runs_after_the_request_with_its_options(session, services, tmp_path):
    old = stored(tmp_path, 1, time.time() - 500)
    made = session(timeout=100, options={"session_grace_period": "10", "session_verify_cleanup": "0"})
    made.cleanup()
    assert old.exists()
    finish(made._req)
    assert not old.exists()
    assert services.logged[-1].startswith("FileSession: cleanup removed 1 of 1 files")
