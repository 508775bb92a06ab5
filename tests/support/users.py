"""A user of the machine for a test: no root, no capabilities, a home of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


class User:
    """Runs programs as `name`."""

    def __init__(self, name: str) -> None:
        entry = pwd.getpwnam(name)
        self.name, self.uid, self.gid = name, entry.pw_uid, entry.pw_gid
        self.home = Path(entry.pw_dir)
        # For Popen: whoever was root has no capability left after this.
        self.credentials = {"user": self.uid, "group": self.gid, "extra_groups": []}
        # As after a login; and what pip needs here.
        self.environment = {
            "HOME": str(self.home), "USER": name, "LOGNAME": name, "SHELL": "/bin/sh", "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            **{key: value for key, value in os.environ.items() if key.startswith("PIP_")},
        }  # fmt: skip

    def run(self, command: str) -> str:
        """What a line typed in a shell writes, errors too. AssertionError when it fails."""
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.home, env=self.environment, text=True, timeout=110,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self.credentials,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: exit status {done.returncode}\n{done.stdout}"
        return done.stdout

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter(["uids"]) if process.info["uids"].real == self.uid]


@contextlib.contextmanager
def unprivileged_user() -> Iterator[User]:
    """A new user, who is removed again with the home and all that runs. Skipped where the tests do not run as root."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a user for the test")
    name = f"mpfcgi-{os.getpid()}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True, capture_output=True)
    try:
        yield User(name)
    finally:
        user = User(name)
        left = user.processes()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=20)
        subprocess.run(["userdel", "--remove", name], check=True, capture_output=True)
