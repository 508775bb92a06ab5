"""The file with the daemon's process id: whose it is, and what is left alone."""

import os

import pytest

from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.pid_file import PidFile


@pytest.fixture
def log(tmp_path):
    log = Log(str(tmp_path / "log"))
    yield log
    log.close()


def test_it_has_our_number_and_goes_with_us(tmp_path, log):
    file = PidFile(str(tmp_path / "run" / "x.pid"), log)
    file.write()
    assert (tmp_path / "run" / "x.pid").read_text() == f"{os.getpid()}\n"
    file.remove()
    assert list((tmp_path / "run").iterdir()) == []


def test_that_of_another_stays(tmp_path, log):
    file = PidFile(str(tmp_path / "x.pid"), log)
    file.write()
    (tmp_path / "x.pid").write_text("1\n")
    file.remove()
    file.write_again()
    assert (tmp_path / "x.pid").read_text() == "1\n"


def test_it_is_written_again_where_somebody_has_removed_it(tmp_path, log):
    file = PidFile(str(tmp_path / "x.pid"), log)
    file.write()
    (tmp_path / "x.pid").unlink()
    file.write_again()
    assert (tmp_path / "x.pid").exists()


def test_what_is_no_file_is_not_replaced_and_is_said(tmp_path, log):
    os.mkfifo(tmp_path / "pipe")
    file = PidFile(str(tmp_path / "pipe"), log)
    file.write()
    file.remove()
    assert (tmp_path / "pipe").is_fifo()
    assert "(PidFile): it is there and is no file" in (tmp_path / "log").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "pipe"]


def test_without_a_path_nothing_is_done(tmp_path, log, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = PidFile("", log)
    file.write()
    file.remove()
    file.write_again()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]
