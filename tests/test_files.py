import fcntl
import os

import pytest

from mpfcgi.files import appendable, regular, regular_or_given

# Of fcntl, from Python 3.10 on.
F_SETPIPE_SZ = 1031


def test_a_regular_file_is_opened(tmp_path):
    (tmp_path / "file").write_text("text")
    with open(tmp_path / "file", opener=regular) as file:
        assert file.read() == "text"


def test_a_named_pipe_is_an_error_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        regular(str(tmp_path / "pipe"), os.O_RDONLY)


def test_a_folder_is_the_error_that_open_makes_of_it(tmp_path):
    with pytest.raises(IsADirectoryError):
        regular(str(tmp_path), os.O_RDONLY)


def test_a_descriptor_of_our_own_may_be_a_pipe():
    reader, writer = os.pipe()
    os.write(writer, b"text")
    os.close(writer)
    with open(f"/dev/fd/{reader}", opener=regular_or_given) as file:
        assert file.read() == "text"
    os.close(reader)


def test_a_log_is_made_and_written_to_at_its_end(tmp_path):
    path = tmp_path / "log"
    for line in (b"one\n", b"two\n"):
        fd = appendable(str(path))
        os.write(fd, line)
        assert os.get_blocking(fd)
        os.close(fd)
    assert path.read_text() == "one\ntwo\n"


def test_a_log_that_is_a_pipe_without_a_reader_is_an_error_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="named pipe that nobody reads"):
        appendable(str(tmp_path / "pipe"))


def test_a_log_that_is_a_pipe_never_waits_for_its_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    fd = appendable(str(tmp_path / "pipe"))
    os.write(fd, b"line\n")
    assert os.read(reader, 100) == b"line\n"
    fcntl.fcntl(fd, F_SETPIPE_SZ, 4096)
    os.write(fd, b"x" * 4096)
    with pytest.raises(BlockingIOError):
        os.write(fd, b"x")
    os.close(fd)
    os.close(reader)
