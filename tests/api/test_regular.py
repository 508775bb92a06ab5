import os

import pytest

from mpfcgi.api.regular import regular


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
