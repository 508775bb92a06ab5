"""Sessions in a dbm file: one that is damaged, and one of another user."""

import os

import pytest

from mpfcgi.api import Session
from tests.support.requests import finish, request


@pytest.mark.parametrize("dbmtype", ["dbm", "dbm.dumb", "dbm.ndbm"])
@pytest.mark.parametrize("damage", ["empty", "half", "garbage"])
def test_a_damaged_dbm_file_costs_its_sessions_and_nothing_more(services, tmp_path, dbmtype, damage):
    module = pytest.importorskip(dbmtype)
    name = str(tmp_path / "s.dbm")

    def session(sid=None):
        req = request(services, f"pysid={sid}" if sid else None)
        return Session.DbmSession(req, name, dbmtype=module), req

    first, req = session()
    first["text"] = "x" * 2000
    first.save()
    finish(req)
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        path.write_bytes(
            {"empty": b"", "half": data[: len(data) // 2], "garbage": bytes(range(256)) * (len(data) // 256 + 1)}[
                damage
            ]
        )
    second, req = session(first.id())
    assert second.is_new()
    second["a"] = 1
    second.save()
    finish(req)
    third, req = session(second.id())
    assert third["a"] == 1
    finish(req)


def test_a_dbm_file_is_not_for_other_users(services, tmp_path):
    before = os.umask(0)
    try:
        session = Session.DbmSession(request(services), str(tmp_path / "s.dbm"))
        session.save()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}


def test_a_dbm_file_that_another_user_made_is_not_read(services, tmp_path, monkeypatch):
    session = Session.DbmSession(request(services), str(tmp_path / "s.dbm"))
    session.save()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    for path in tmp_path.iterdir():
        if os.getuid() == 0:
            os.chown(path, 54321, 54321)
    with pytest.raises(PermissionError, match="belongs to user"):
        session.load()


def test_a_dbm_file_of_another_kind_in_its_place_is_read_as_what_it_is(services, tmp_path):
    pytest.importorskip("dbm.ndbm")
    name = str(tmp_path / "s.dbm")
    for module in ("dbm.ndbm", "dbm.dumb", "dbm.ndbm"):
        for path in tmp_path.iterdir():
            path.unlink()
        made = Session.DbmSession(request(services), name, dbmtype=pytest.importorskip(module), lock=0)
        made["kind"] = module
        made.save()
        found = Session.DbmSession(request(services, f"pysid={made.id()}"), name, lock=0)
        assert found["kind"] == module


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("kind", "others"), [("DbmSession", "mp_sess.dbm.db"), ("FileSession", "mp_sess")])
def test_where_another_user_has_the_default_place_there_is_one_beside_it(services, tmp_path, monkeypatch, kind, others):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = tmp_path / others
    if kind == "FileSession":
        place.mkdir()
    else:
        place.write_bytes(b"of somebody else")
    os.chown(place, 54321, 54321)

    def session(sid=None):
        req = request(services, f"pysid={sid}" if sid else None)
        return getattr(Session, kind)(req), req

    first, req = session()
    first["a"] = 1
    first.save()
    finish(req)
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {"mp_sess", f"mp_sess-{os.geteuid()}"}
    second, req = session(first.id())
    assert second["a"] == 1
    finish(req)
    # Whose it is, decides; and nobody else's is touched.
    assert place.stat().st_uid == 54321
    os.chown(place, os.geteuid(), 0)
    third, req = session(first.id())
    assert third.is_new()
    finish(req)
