"""Berkeley DB's waits for the disk: none inside, all outside, and files that are whole either way."""

import contextlib
import ctypes
import ctypes.util
import dbm
import sys

import pytest

from mpfcgi.api import unsynced

ndbm = pytest.importorskip("dbm.ndbm")


def write(path, text):
    with contextlib.closing(ndbm.open(str(path), "c", 0o600)) as file:
        file["key"] = text


@pytest.fixture
def skipped(monkeypatch):
    """The descriptors that were not synced."""
    import _dbm

    if not hasattr(ctypes.CDLL(_dbm.__file__), "db_env_set_func_fsync"):
        pytest.skip("this Python's dbm.ndbm is not Berkeley DB")
    fds = []
    monkeypatch.setattr(unsynced, "_nothing", lambda fd: fds.append(fd) or 0)
    unsynced._hook_of.cache_clear()
    yield fds
    unsynced._hook_of.cache_clear()


def test_berkeley_db_does_not_sync_inside_and_does_so_after(skipped, tmp_path):
    with unsynced.unsynced():
        write(tmp_path / "s", "inside")
    assert skipped
    with dbm.open(str(tmp_path / "s"), "r") as file:
        assert file["key"] == b"inside"
    count = len(skipped)
    write(tmp_path / "s", "outside")
    assert len(skipped) == count


def test_an_error_inside_brings_the_syncs_back(skipped, tmp_path):
    with pytest.raises(ZeroDivisionError), unsynced.unsynced():
        raise ZeroDivisionError
    write(tmp_path / "s", "after")
    assert not skipped


@pytest.mark.parametrize("found", [None, "no.such.so", ctypes.util.__file__])
def test_where_there_is_no_such_hook_files_are_written_as_ever(monkeypatch, tmp_path, found):
    monkeypatch.setitem(sys.modules, "_dbm", None if found is None else type("Module", (), {"__file__": found}))
    with unsynced.unsynced():
        write(tmp_path / "s", "text")
    with dbm.open(str(tmp_path / "s"), "r") as file:
        assert file["key"] == b"text"
