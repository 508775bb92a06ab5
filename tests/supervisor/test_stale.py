"""What becomes of a file in the place of a socket that is to be opened."""

import fcntl
import os
import socket

import pytest

from mpfcgi.supervisor import console, stale
from mpfcgi.supervisor.stale import remove_stale


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "s")


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(0)
    return sock


def test_where_nothing_is_nothing_is_done(path):
    assert remove_stale(path) is None


def test_the_socket_of_a_dead_process_is_removed(path):
    listen(path).close()
    assert remove_stale(path) is None
    assert not os.path.exists(path)


def test_who_listens_is_told_and_keeps_the_socket(path):
    with listen(path):
        assert remove_stale(path).startswith(f"process {os.getpid()} (")
        assert os.path.exists(path)


def test_who_has_no_time_to_accept_is_alive(path):
    with listen(path), socket.socket(socket.AF_UNIX) as first:
        first.connect(path)
        assert remove_stale(path) is not None
        assert os.path.exists(path)


def test_a_file_that_is_no_socket_is_left_alone(path):
    open(path, "w").close()
    with pytest.raises(FileExistsError, match="is no socket"):
        remove_stale(path)
    assert os.path.exists(path)


def test_the_control_socket_says_who_has_it(path):
    with listen(path), pytest.raises(FileExistsError, match=rf"process {os.getpid()} .* takes commands on {path}"):
        console.open_socket(path)


def test_who_holds_the_folder_for_ever_keeps_nobody_out(path, monkeypatch):
    monkeypatch.setattr(stale, "PATIENCE", 0.0)
    holder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with console.open_socket(path):
            assert remove_stale(path).startswith(f"process {os.getpid()} (")
    finally:
        os.close(holder)
