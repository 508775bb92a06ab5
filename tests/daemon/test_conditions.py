"""As whom and under what conditions workers run: the real daemon."""

import contextlib
import grp
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from mpfcgi.config import ConfigError, load_text
from mpfcgi.supervisor import access_list, conditions
from tests.support.client import Client
from tests.support.pools import Pools
from tests.support.servers import wait_until

pytestmark = pytest.mark.daemon

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

HANDLER = """\
import os, resource, sys, tempfile, time
from mod_python import apache, Session

def handler(req):
    req.content_type = "text/plain"
    if req.args == "session":
        Session.MemorySession(req, lock=1).save()
    req.write(repr({
        "ids": os.getresuid() + os.getresgid(),
        "groups": os.getgroups(),
        "environment": {name: os.environ.get(name) for name in ("HOME", "USER", "MINE", "VIRTUAL_ENV")},
        "folder": os.getcwd(),
        "umask": os.umask(0o777),
        "nice": os.nice(0),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "path": sys.path,
        "temporary": tempfile.gettempdir(),
        "zone": time.strftime("%z"),
    }))
    return apache.OK
"""


@pytest.fixture
def site():
    """A folder that whoever a worker is can get to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="mpfcgi-site-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def start(site):
    started = []

    def start(pool, **more):
        started.append(Pools(site, f"MaxProcesses 1\n{pool}", handler=HANDLER, **more))
        return started[-1]

    yield start
    for pools in started:
        assert pools.daemon.stop() == 0


def ask(pools, uri="/x.py"):
    status, body = Client(pools.daemon.socket, keep_conn=False).get(uri)
    assert status == 200, pools.daemon.log()
    return eval(body)


def test_a_worker_has_its_pools_folder_umask_nice_value_limits_and_environment(start, site):
    (site / "work").mkdir()
    before = os.nice(0)
    pools = start(
        "WorkingDirectory work\nUmask 027\nNice 3\nResourceLimit nofile 200 300\nResourceLimit core 0\nSetEnv MINE yes"
    )
    seen = ask(pools)
    assert seen["folder"] == str(site / "work")
    assert seen["umask"] == 0o027
    assert seen["nice"] == min(before + 3, 19)
    assert seen["files"] == (200, 300)
    assert seen["core"] == (0, 0)
    assert seen["environment"]["MINE"] == "yes"


def test_what_python_knows_of_the_environment_is_the_pools(start, site):
    """The daemon has asked for the folder of temporary files before, and told the time."""
    (site / "temporary").mkdir(mode=0o777)
    seen = ask(start(f"SetEnv TMPDIR {site}/temporary\nSetEnv TZ UTC-5"))
    assert (seen["temporary"], seen["zone"]) == (f"{site}/temporary", "+0500")


@as_root
def test_the_server_s_user_is_that_of_pools_without_one(start):
    nobody = pwd.getpwnam("nobody")
    pools = start("", top=f"User #{nobody.pw_uid}\nGroup daemon")
    assert ask(pools)["ids"] == (nobody.pw_uid,) * 3 + (grp.getgrnam("daemon").gr_gid,) * 3
    pools.daemon.config.write_text(
        pools.daemon.config.read_text()
        .replace("<PythonPool", "AllowRoot On\n<PythonPool")
        .replace("MaxProcesses", "User root\nMaxProcesses")
    )
    pools.daemon.signal(signal.SIGHUP)
    pools.daemon.wait_for_log("reload: done")
    assert ask(pools)["ids"][0] == 0


def test_the_server_s_user_means_nothing_where_nobody_can_become_it(tmp_path):
    config = load_text("User www-data\nGroup nosuchgroup\nListen unix:x.sock", server_root=str(tmp_path))
    assert config.warnings == ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4711)
        conditions.check(config)
    with pytest.raises(ConfigError, match="User can't stand in <VirtualHost>"):
        load_text("<VirtualHost *>\nUser x\n</VirtualHost>")


@as_root
@pytest.mark.parametrize("mutexes", ["flock", "sysv"])
def test_a_worker_becomes_its_pools_user_and_its_sessions_and_logs_work(start, mutexes):
    nobody = pwd.getpwnam("nobody")
    pools = start("User nobody", top=f"PythonOption mod_python.mutex_type {mutexes}\nCustomLog access.log common")
    seen = ask(pools, "/x.py?session")
    assert seen["ids"] == (nobody.pw_uid,) * 3 + (nobody.pw_gid,) * 3
    assert seen["groups"] == os.getgrouplist("nobody", nobody.pw_gid)
    assert seen["environment"]["USER"] == "nobody"
    wait_until(lambda: "/x.py?session" in (pools.folder / "access.log").read_text(), "its line")
    assert "runs as root" not in pools.daemon.log()


@as_root
def test_rotated_logs_are_written_by_workers_that_may_not_open_them(start):
    pools = start("User nobody", top="CustomLog access.log common")
    pools.until(1)
    (before,) = pools.workers()
    ask(pools)
    (pools.folder / "access.log").rename(pools.folder / "access.log.1")
    pools.daemon.signal(signal.SIGUSR1)
    wait_until(lambda: not psutil.pid_exists(before), "a new worker", pools.daemon.process)
    ask(pools)
    wait_until(lambda: "/x.py" in (pools.folder / "access.log").read_text(), "its line")


@as_root
def test_a_worker_that_is_somebody_else_still_leaves_with_a_killed_supervisor(start):
    pools = start("User nobody")
    pools.until(1)
    (worker,) = pools.workers()
    ask(pools)
    pools.daemon.process.kill()
    pools.daemon.process.wait()
    wait_until(lambda: not psutil.pid_exists(worker), "it leaves")
    # Nothing is left to be stopped: the fixture looks at the exit status.
    pools.daemon.process.returncode = 0


ASKING = """\
import json, subprocess, sys
from mod_python import apache
from mpfcgi.ipc import console

CHILD = "import sys; from mpfcgi.ipc import console; print(console.ask(sys.argv[1], 'status'))"

def handler(req):
    path, command = req.args.split(",")
    if command == "child":
        req.write(subprocess.run([sys.executable, "-c", CHILD, path], capture_output=True, text=True).stdout)
    else:
        req.write(json.dumps(console.ask(path, command)))
    return apache.OK
"""


@as_root
def test_a_worker_that_is_somebody_else_may_ask_for_the_status_and_nothing_else(site):
    status = "<Location /status>\nSetHandler mpfcgi-status\n</Location>\nUser nobody\nControlSocket control"
    pools = Pools(site, "MaxProcesses 1", top=status, handler=ASKING)
    control = site / "control"
    get = Client(pools.daemon.socket).get
    assert json.loads(get("/status?json")[1])["state"] == "serving", pools.daemon.log()
    assert json.loads(get(f"/x.py?{control},status")[1])["ok"]
    for command in ("stop", "reload", "stack", "ping"):
        assert (
            "may ask for its status, and for nothing else" in json.loads(get(f"/x.py?{control},{command}")[1])["error"]
        )
    assert b"the daemon is another user's: its commands are for that user only" in get(f"/x.py?{control},child")[1]
    # Nobody else can connect at all.
    assert access_list.has_list(str(control))
    assert stat.S_IMODE(control.stat().st_mode) & 0o007 == 0
    config = pools.daemon.config.read_text()
    pools.daemon.config.write_text(config.replace("User nobody", "AllowRoot On"))
    pools.daemon.signal(signal.SIGHUP)
    wait_until(lambda: stat.S_IMODE(control.stat().st_mode) == 0o600, "the reload", pools.daemon.process)
    assert pools.daemon.stop() == 0


@pytest.fixture
def strict(monkeypatch):
    """Unlike all other tests, these do not say beforehand that handlers may run as root."""
    monkeypatch.delenv("MPFCGI_ALLOW_ROOT")


@as_root
@pytest.mark.parametrize("command", [("run",), ("run", "-X"), ("check",), ("start",)], ids=" ".join)
def test_user_code_does_not_run_as_root(strict, tmp_path, command):
    config = tmp_path / "mpfcgi.conf"
    config.write_text('Listen unix:x.sock\n<PythonPool "*">\n</PythonPool>\n')
    done = subprocess.run(
        [sys.executable, "-m", "mpfcgi", *command, "-c", str(config)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert f"{config}:2: started by root, <PythonPool *> would run user code as root (write User NAME, " in done.stderr
    assert not (tmp_path / "x.sock").exists()
    config.write_text("Listen unix:x.sock\n")
    done = subprocess.run([sys.executable, "-m", "mpfcgi", *command, "-c", str(config)], capture_output=True, text=True)
    assert f"{config}: started by root, its workers would run user code as root (write User NAME, " in done.stderr


@as_root
@pytest.mark.parametrize(
    ("line", "variable", "allowed"),
    [("", "1", True), ("", "0", False), ("", "", False), ("AllowRoot On", "", True), ("AllowRoot Off", "1", False),
     ("User nobody", "", True), ("User root", "", False)],
)  # fmt: skip
def test_a_line_or_the_environment_lets_user_code_run_as_root(monkeypatch, line, variable, allowed):
    monkeypatch.setenv("MPFCGI_ALLOW_ROOT", variable)
    config = load_text(f"Listen unix:x.sock\n{line}")
    with contextlib.nullcontext() if allowed else pytest.raises(ConfigError, match="would run user code as root"):
        conditions.check(config)


@as_root
def test_a_reload_that_would_let_user_code_run_as_root_changes_nothing(strict, start):
    pools = start("User nobody")
    config = pools.daemon.config.read_text()
    pools.daemon.config.write_text(config.replace("User nobody", ""))
    pools.daemon.signal(signal.SIGHUP)
    pools.daemon.wait_for_log("reload: the old configuration stays, for the new one is wrong")
    assert ask(pools)["ids"][0] == pwd.getpwnam("nobody").pw_uid


def test_a_worker_has_the_packages_of_its_virtual_environment(start, site):
    packages = site / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "more.pth").write_text(str(site / "work"))
    (site / "work").mkdir()
    pools = start("PythonHome venv")
    seen = ask(pools)
    theirs = [path for path in seen["path"] if path.endswith(("site-packages", "dist-packages"))]
    assert theirs[0] == str(packages)
    assert len(theirs) > 1
    assert str(site / "work") in seen["path"]
    assert seen["environment"]["VIRTUAL_ENV"] == str(site / "venv")


@as_root
def test_one_process_alone_does_not_run_a_users_code_as_root(site):
    config = site / "mpfcgi.conf"
    config.write_text('Listen unix:x.sock\n<PythonPool "*">\nUser nobody\n</PythonPool>\n')
    done = subprocess.run(
        [sys.executable, "-m", "mpfcgi", "run", "-X", "-c", str(config)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "has another User, and one process alone changes none (start it as nobody)" in done.stderr


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("User nosuchuser", "User nosuchuser: there is no such user"),
        ("User root\nGroup nosuchgroup", "Group nosuchgroup: there is no such group"),
        ("WorkingDirectory nowhere", "WorkingDirectory nowhere is no folder"),
        ("PythonHome nowhere", "PythonHome nowhere: there is no such folder"),
        ("PythonHome old", "PythonHome old: it is of Python 3.1, and mpfcgi needs 3.9 or newer"),
        ("Umask 9", "Umask takes three octal digits such as 027, not '9'"),
        ("ResourceLimit files 10", "ResourceLimit takes one of as, core"),
        ("ResourceLimit nofile 10 5", "ResourceLimit takes a soft limit that is not above the hard one"),
    ],
)
def test_conditions_that_can_not_be_met_are_errors_of_the_configuration(tmp_path, pool, message):
    (tmp_path / "old" / "lib" / "python3.1").mkdir(parents=True)
    config = tmp_path / "mpfcgi.conf"
    config.write_text(f'Listen unix:x.sock\n<PythonPool "*">\n{pool}\n</PythonPool>\n')
    done = subprocess.run(
        [sys.executable, "-m", "mpfcgi", "check", "-c", str(config)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert message in done.stderr
