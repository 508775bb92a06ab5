"""Whether workers find mpfcgi, and the pages, as the user that they become."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import mpfcgi
from mpfcgi.config import ConfigError, load_text
from mpfcgi.supervisor import surroundings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def folder(tmp_path):
    # The folders above are open, see conftest.
    for one in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        one.chmod(0o755)
    return tmp_path


@as_root
def test_an_installation_that_a_pools_user_can_not_read_is_an_error(folder):
    closed = folder / "closed"
    closed.mkdir()
    shutil.copytree(os.path.dirname(mpfcgi.__file__), closed / "mpfcgi", ignore=shutil.ignore_patterns("__pycache__"))
    config = folder / "mpfcgi.conf"
    config.write_text("User nobody\nListen unix:x.sock\n")

    def check():
        code = f"import sys; sys.path.insert(0, {str(closed)!r}); from mpfcgi.__main__ import main; main()"
        command = [sys.executable, "-c", code, "check", "-c", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    closed.chmod(0o700)
    done = check()
    assert done.returncode == 1
    assert (
        f"{config}:1: <PythonPool *>: nobody can't load what is in {closed}/mpfcgi: "
        f"nobody can't pass {closed} (drwx------ root root): chmod o+x {closed}"
    ) in done.stderr
    closed.chmod(0o755)
    (closed / "mpfcgi").chmod(0o711)
    assert f"nobody can't read {closed}/mpfcgi (drwx--x--x root root): chmod o+r {closed}/mpfcgi" in check().stderr
    (closed / "mpfcgi").chmod(0o755)
    assert check().returncode == 0


@as_root
def test_a_virtual_environment_that_a_pools_user_can_not_read_is_an_error(folder):
    home = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    home.chmod(0o700)
    config = load_text(f'Listen unix:x.sock\n<PythonPool "*">\nUser nobody\nPythonHome {home}\n</PythonPool>')
    with pytest.raises(ConfigError, match=f"nobody can't pass {home}"):
        surroundings.check(config)
    home.chmod(0o755)
    surroundings.check(config)


def test_a_document_root_that_is_not_there_is_warned_about(folder):
    text = f"Listen unix:x.sock\n<VirtualHost *:80>\nServerName a\nDocumentRoot {folder}/nowhere/a\n</VirtualHost>"
    assert surroundings.warnings(load_text(text)) == [
        f"<text>:4: DocumentRoot {folder}/nowhere/a: there is no such folder"
    ]
    (folder / "nowhere" / "a").mkdir(parents=True)
    assert surroundings.warnings(load_text(text)) == []
    assert surroundings.warnings(load_text("Listen unix:x.sock")) == []


@as_root
def test_a_document_root_that_a_pools_user_can_not_pass_is_warned_about(folder):
    pages = folder / "pages"
    pages.mkdir()
    pages.chmod(0o700)
    text = f"Listen unix:x.sock\nServerName a\nDocumentRoot {pages}\n<PythonPool a>\nUser %s\n</PythonPool>"
    assert surroundings.warnings(load_text(text % "nobody")) == [
        f"<text>:3: DocumentRoot {pages}: nobody can't pass {pages} (drwx------ root root): chmod o+x {pages}"
    ]
    assert surroundings.warnings(load_text(text % "root")) == []
