"""Files of sessions: written over as a whole, or replaced; never another's."""

import fcntl
import os
import subprocess
import sys

import pytest

from mpfcgi.api.own_files import read_own, replace, write_over


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "session"
    replace(str(path), b"the session of before")
    return path


def test_a_file_that_is_there_is_written_over(path):
    before = path.stat()
    assert write_over(str(path), b"shorter")
    assert read_own(str(path)) == b"shorter"
    assert write_over(str(path), b"longer than all before it")
    assert read_own(str(path)) == b"longer than all before it"
    assert path.stat().st_ino == before.st_ino


def test_a_new_file_is_for_its_user_only_and_leaves_nothing_beside_it(path):
    replace(str(path), b"new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["session"]


def test_data_of_any_length_is_read_as_it_was_written(path):
    for size in (0, 1, 65535, 65536, 65537, 300_000):
        replace(str(path), b"x" * size)
        assert read_own(str(path)) == b"x" * size


def test_what_one_write_may_not_hold_is_left_to_replace(path):
    assert not write_over(str(path), b"x" * 4097)
    assert read_own(str(path)) == b"the session of before"


def test_what_is_not_there_is_left_to_replace(tmp_path):
    assert not write_over(str(tmp_path / "none"), b"data")
    assert not (tmp_path / "none").exists()


def test_a_file_with_another_name_somewhere_is_not_written_over(path, tmp_path):
    os.link(path, tmp_path / "backup")
    assert not write_over(str(path), b"data")
    assert (tmp_path / "backup").read_bytes() == b"the session of before"


def test_a_link_is_not_followed(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    assert not write_over(str(tmp_path / "link"), b"data")
    with pytest.raises(OSError, match="symbolic links"):
        read_own(str(tmp_path / "link"))
    assert read_own(str(path)) == b"the session of before"


def test_a_pipe_in_its_place_stops_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not write_over(str(tmp_path / "pipe"), b"data")


def test_a_reader_waits_for_the_writer(path):
    reader = "import sys; from mpfcgi.api.own_files import read_own; sys.stdout.write(read_own(sys.argv[1]).decode())"
    with path.open("rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"half of the new")
        file.flush()
        reading = subprocess.Popen([sys.executable, "-c", reader, str(path)], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            reading.wait(1)
        file.seek(0)
        file.write(b"the whole new session")
    assert reading.communicate(timeout=20)[0] == b"the whole new session"


def test_writers_at_once_leave_what_one_of_them_wrote(path):
    writer = (
        "import sys; from mpfcgi.api.own_files import write_over\n"
        "for size in range(1, 400): assert write_over(sys.argv[1], sys.argv[2].encode() * size)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", writer, str(path), letter]) for letter in "ab"]
    while any(process.poll() is None for process in writers):
        data = read_own(str(path))
        assert data == b"the session of before" or len(set(data)) <= 1
    assert [process.wait() for process in writers] == [0, 0]
    assert len(read_own(str(path))) == 399
