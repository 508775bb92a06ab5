"""Access control lists of sockets."""

import os
import shutil
import socket
import stat
import subprocess
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.supervisor import access_list

ids = st.integers(0, 2**32 - 2)


def test_listed_users_and_groups_may_connect(tmp_path):
    path = tmp_path / "s"
    path.touch(0o640)
    access_list.allow(str(path), [33, 4711], [4712])
    if shutil.which("getfacl"):
        shown = subprocess.run(["getfacl", "-cnp", str(path)], capture_output=True, text=True, check=True).stdout
        assert shown.split() == [
            "user::rw-", "user:33:rw-", "user:4711:rw-", "group::r--", "group:4712:rw-", "mask::rw-", "other::---",
        ]  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    access_list.forbid(str(path))
    assert not access_list.has_list(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@given(st.integers(0, 0o777), st.sets(ids, max_size=5), st.sets(ids, max_size=5))
def test_what_is_taken_away_leaves_the_mode_that_was_there(mode, users, groups):
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, mode)
        access_list.allow(file.name, users, groups)
        # Where nobody is listed, Linux needs no list.
        assert access_list.has_list(file.name) or not (users or groups)
        access_list.forbid(file.name)
        assert stat.S_IMODE(os.stat(file.name).st_mode) == mode or not (users or groups)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("listed", [{"users": [65534], "groups": []}, {"users": [], "groups": [65534]}, None])
def test_the_kernel_lets_those_connect_and_no_others(listed):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "s")
        listener.bind(path)
        os.chmod(path, 0o600)
        if listed is not None:
            access_list.allow(path, **listed)
        listener.listen()
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as client:
                os._exit(client.connect_ex(path) and 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (listed is None)
