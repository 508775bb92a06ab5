"""`mpfcgi cgi --start` for a user who is not root, where something is in the way: it starts a daemon, or says what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.users import unprivileged_user

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

CONFIG = Path(__file__).parents[2] / "contrib" / "shared-hosting" / "mpfcgi.conf"
REQUEST = {
    "PATH": "/usr/bin:/bin", "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": "/hello.py",
    "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
}  # fmt: skip
PAGE = "def index():\n    return 'Hello'\n"


class Account:
    """A user with the page's configuration in a home."""

    def __init__(self, user):
        self.user = user
        self.home = user.home

    def move_in(self, home=None):
        """Lay out `home` as the page says; all that ran is ended, and all that was there is gone."""
        self.leave()
        self.home = home or self.user.home
        for name in (".mpfcgi", "public_html"):
            shutil.rmtree(self.home / name, ignore_errors=True)
        self.folder = self.home / ".mpfcgi"
        (self.folder / "sessions").mkdir(parents=True)
        (self.home / "public_html").mkdir()
        (self.folder / "mpfcgi.conf").write_text(CONFIG.read_text().replace("/home/alice", str(self.home)))
        (self.home / "public_html" / "hello.py").write_text(PAGE)
        self.own()
        self.folder.chmod(0o700)

    def own(self):
        subprocess.run(["chown", "-R", f"{self.user.uid}:{self.user.gid}", str(self.user.home)], check=True)

    def leave(self):
        left = self.user.processes()
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=20)

    def begin(self, *options, **environment):
        """Start a request as a web server would; a variable that is None is not there."""
        variables = {**REQUEST, "HOME": str(self.home), **environment}
        return subprocess.Popen(
            [sys.executable, "-m", "mpfcgi", "cgi", *options], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **self.user.credentials,
            env={name: value for name, value in variables.items() if value is not None},
        )  # fmt: skip

    def ask(self, *options, **environment):
        """What a request is answered, and what is said on stderr."""
        return self.begin(*(options or ("--start",)), **environment).communicate(timeout=100)

    def serves(self, **environment):
        page, said = self.ask(**environment)
        return "Status: 200 OK" in page and page.endswith("Hello") and said == ""

    def refuses(self, *options, **environment):
        """The line that says why; nobody sees more than 503."""
        page, said = self.ask(*options, **environment)
        assert "Status: 503" in page
        assert said.count("\n") == 1
        assert str(self.home) not in page
        return said


@pytest.fixture(scope="module")
def module_account():
    with unprivileged_user() as user:
        yield Account(user)


@pytest.fixture
def account(module_account):
    module_account.move_in()
    yield module_account
    module_account.leave()


@pytest.mark.parametrize("home", [None, ""])
def test_the_web_server_may_set_no_home(account, home):
    assert account.serves(HOME=home)


def test_a_wrong_home_is_named_with_all_places(account):
    said = account.refuses(HOME="/nonexistent")
    assert (
        "there is no configuration; looked for /nonexistent/.config/mpfcgi/mpfcgi.conf, /nonexistent/.mpfcgi/" in said
    )
    assert said.endswith("name one with -c\n")


def test_a_home_may_have_blanks_in_its_path(account):
    account.move_in(account.user.home / "my own home")
    assert account.serves()


def test_a_home_whose_path_is_too_long_for_a_socket(account):
    account.move_in(account.user.home / ("x" * 60) / ("y" * 60))
    assert "the path of a unix socket has at most 107 bytes" in account.refuses()
    config = account.folder / "mpfcgi.conf"
    path = f"/tmp/{account.user.name}.sock"
    config.write_text(config.read_text().replace("unix:mpfcgi.sock", f"unix:{path}"))
    try:
        assert account.serves()
    finally:
        account.leave()
        Path(path).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        (".mpfcgi", 0o500, "the daemon is not started: can't write {folder}/starting.lock: Permission denied"),
        (".mpfcgi", 0o000, "{folder}/mpfcgi.conf (Permission denied)"),
        (".mpfcgi/mpfcgi.conf", 0o000, "can't read {folder}/mpfcgi.conf: Permission denied"),
    ],
)
def test_what_may_not_be_read_or_written_is_named(account, name, mode, why):
    (account.home / name).chmod(mode)
    try:
        assert why.format(folder=account.folder) in account.refuses()
    finally:
        (account.home / name).chmod(0o700)


def test_a_socket_that_may_not_be_used_is_named(account):
    assert account.serves()
    path = account.folder / "mpfcgi.sock"
    path.chmod(0)
    assert f"no daemon answers at unix:{path}: Permission denied" in account.refuses()


def test_pages_that_may_not_be_read_are_forbidden(account):
    (account.home / "public_html").chmod(0)
    page, _ = account.ask()
    assert "Status: 403" in page


def test_a_configuration_of_another_user_starts_nothing(account):
    os.chown(account.folder / "mpfcgi.conf", 0, 0)
    assert f"{account.folder}/mpfcgi.conf belongs to another user" in account.refuses()


@pytest.mark.parametrize("all_of_them", [False, True])
def test_a_killed_daemon_is_started_anew(account, all_of_them):
    assert account.serves()
    if all_of_them:
        account.leave()
    else:
        psutil.Process(int((account.folder / "run" / "mpfcgi.pid").read_text())).kill()
    assert (account.folder / "mpfcgi.sock").is_socket()
    assert account.serves()


def test_a_socket_that_nobody_listens_on_is_replaced(account):
    path = str(account.folder / "mpfcgi.sock")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path)
    account.own()
    assert account.serves()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_what_is_no_socket_is_left_alone(account, make):
    path = account.folder / "mpfcgi.sock"
    make(path)
    account.own()
    assert f"can't listen on {path}: it is there and is no socket" in account.refuses()
    assert path.exists()


def test_a_pid_file_of_a_process_that_is_none_of_ours_is_stale(account):
    (account.folder / "run").mkdir()
    (account.folder / "run" / "mpfcgi.pid").write_text("1\n")
    account.own()
    assert account.serves()


def test_many_requests_at_once_start_one_daemon(account):
    requests = [account.begin("--start") for _ in range(4)]
    answers = [request.communicate(timeout=100) for request in requests]
    assert [(page[-5:], said) for page, said in answers] == [("Hello", "")] * 4
    supervisors = [process for process in account.user.processes() if "supervisor" in " ".join(process.cmdline())]
    assert len(supervisors) == 1


def test_a_full_disk_is_named(account):
    """A file system of eight files: the home, the four that are laid out, two that are made, and one more."""
    home = account.user.home / "full"
    home.mkdir()
    options = f"size=64k,nr_inodes=9,uid={account.user.uid},mode=755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(home)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        account.move_in(home)
        assert "No space left on device" in account.refuses()
    finally:
        account.leave()
        subprocess.run(["umount", str(home)], check=True)
