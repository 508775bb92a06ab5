"""Whether a web server's user gets to a socket, and what to do where it doesn't."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess

import pytest

from mpfcgi.config import ConfigError, load_text
from mpfcgi.supervisor import reach

NOBODY = pwd.getpwnam("nobody")


def problems(path, options="", who=None):
    config = load_text(f"Listen unix:{path} {options}\nListen 127.0.0.1:9000")
    return reach.problems(config, who or reach.user("nobody"))


@pytest.fixture
def folder(tmp_path):
    # The folders above are open, see conftest.
    for one in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        one.chmod(0o755)
    return tmp_path


def test_each_closed_folder_on_the_way_is_named_with_the_remedy(folder):
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    (folder / "a").chmod(0o700)
    inner.chmod(0o750)
    assert [problem.partition(": ")[2] for problem in problems(inner / "s", "mode=0666")] == [
        f"chmod o+x {folder / 'a'}", f"chmod o+x {inner}",
    ]  # fmt: skip
    assert f"nobody can't pass {folder / 'a'} (drwx------ " in problems(inner / "s", "mode=0666")[0]
    for problem in problems(inner / "s", "mode=0666"):
        subprocess.run(problem.partition(": ")[2].split(), check=True)
    assert problems(inner / "s", "mode=0666") == []


def test_a_socket_that_will_be_made_and_one_that_is_there_must_be_writable(folder):
    path = folder / "s"
    before = os.umask(0o022)
    try:
        (future,) = problems(path)
    finally:
        os.umask(before)
    assert "can't connect to" in future
    assert "(mode 0755): write Listen ... acl_users=nobody, or mode=0660 group=" in future
    assert (problems(path, "mode=0666"), problems(path, "mode=0660") != []) == ([], True)
    assert problems(path, f"mode=0660 group={NOBODY.pw_gid}") == []
    assert problems(path, "mode=0600 acl_users=nobody") == []
    assert problems(path, f"mode=0600 acl_groups=0,{NOBODY.pw_gid}") == []
    assert problems(path, "mode=0600 acl_users=0 acl_groups=0") != []
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        path.chmod(0o600)
        assert "s (srw------- " in problems(path, "mode=0666")[0]
        path.chmod(0o666)
        assert problems(path) == []


def test_a_missing_folder_and_a_missing_user_are_told(folder):
    (problem,) = problems(folder / "none" / "s")
    assert problem.endswith(f"mkdir -m 755 {folder / 'none'}")
    with pytest.raises(ConfigError, match="there is no user nosuchuser"):
        reach.user("nosuchuser")


def test_root_gets_everywhere_and_links_are_followed(folder):
    (folder / "closed").mkdir(mode=0o700)
    (folder / "link").symlink_to("closed")
    assert problems(folder / "closed" / "s", "mode=0600", reach.user("0")) == []
    assert [problem.split()[-1] for problem in problems(folder / "link" / "s", "mode=0666")] != []
    assert problems(folder / "link" / "s", "mode=0666")[0].endswith(f"chmod o+x {folder / 'link'}")
