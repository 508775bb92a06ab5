"""ReloadFile: which file is meant, and what is seen of it."""

import os
from types import SimpleNamespace

from mpfcgi.config import load_text
from mpfcgi.supervisor.touches import EVERY, Touches, path_of


def test_the_file_is_in_the_interpreters_folder_or_the_document_root_of_its_host():
    config = load_text(
        "DocumentRoot /srv/main\n<VirtualHost *>\nServerName a.test\nDocumentRoot /srv/a\n</VirtualHost>"
    )
    assert path_of("tmp/restart.txt", "/home/alice/", config) == "/home/alice/tmp/restart.txt"
    assert path_of("restart.txt", "a.test", config) == "/srv/a/restart.txt"
    assert path_of("restart.txt", "other", config) == "/srv/main/restart.txt"
    assert path_of("/run/now", "a.test", config) == "/run/now"


def test_a_file_that_is_made_or_touched_counts_once_and_its_removal_never(tmp_path):
    config = load_text('<PythonPool "*">\nReloadFile restart.txt\n</PythonPool>', server_root=str(tmp_path))
    pool = SimpleNamespace(name=f"{tmp_path}/", settings=config.pools[0], config=config)
    file = tmp_path / "restart.txt"
    touches = Touches()
    now = 0.0

    def look():
        nonlocal now
        now += EVERY
        return touches.act(config, [pool], now)

    assert look() == []
    file.write_text("")
    assert look() == [pool]
    assert look() == []
    os.utime(file, (1, 1))
    assert look() == [pool]
    file.unlink()
    assert look() == []


def test_without_a_line_nothing_is_looked_at():
    touches = Touches()
    touches.act(load_text(""), [], 5.0)
    assert touches.next_look is None
