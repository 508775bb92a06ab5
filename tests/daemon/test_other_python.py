"""Pools under another Python than the daemon's: of other versions, or with -O. The real daemon."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from mpfcgi import __version__
from tests.support.client import Client
from tests.support.pythons import OWN, two_others
from tests.support.servers import Daemon, wait_until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(300)]

CONFIG = """\
Listen unix:mpfcgi.sock
ErrorLog error.log
LogLevel info
DocumentRoot htdocs
ServerName own
PythonOption mod_python.session.database_directory {folder}/sessions
{top}
<VirtualHost *>
    ServerName old
</VirtualHost>
<VirtualHost *>
    ServerName new
</VirtualHost>
<VirtualHost *>
    ServerName own
</VirtualHost>
<PythonPool "old">
    MaxProcesses 2
    PythonHome {old}
    {pool}
</PythonPool>
<PythonPool "new">
    MaxProcesses 2
    PythonHome {new}
    {pool}
</PythonPool>
<PythonPool "own">
    MaxProcesses 2
    {own}
</PythonPool>
<Location /mpfcgi-status>
    SetHandler mpfcgi-status
</Location>
<Directory {folder}/htdocs>
    AddHandler mod_python .py
    PythonHandler site_handler
</Directory>
"""
HANDLER = """\
import json, os, sys, time
from mod_python import apache, Session

def handler(req):
    req.content_type = "application/json"
    if req.args == "count":
        session = Session.FileSession(req, lock=1)
        session["count"] = session.get("count", 0) + 1
        session.save()
        req.write(json.dumps([session["count"], session.id()]))
        return apache.OK
    elif req.args == "hang":
        time.sleep(3600)
    elif req.args == "sleep":
        time.sleep(0.5)
    req.write(json.dumps({
        "version": sys.version_info[:2], "pid": os.getpid(), "pool": req.interpreter, "prefix": sys.prefix,
        "optimize": sys.flags.optimize, "debug": __debug__, "environment": dict(os.environ),
        "made_by": getattr(sys, "made_by", None), "parent": os.getppid(), "uid": os.getuid(),
    }))
    return apache.OK
"""


@pytest.fixture(scope="module")
def homes():
    (old, old_home), (new, new_home) = two_others()
    return {"old": (old, old_home), "new": (new, new_home), "own": (OWN, None)}


class Site:
    def __init__(self, folder, homes=None, pool="", own="", top=""):
        self.folder, self.homes = folder, homes
        (folder / "htdocs").mkdir()
        (folder / "sessions").mkdir()
        (folder / "htdocs" / "site_handler.py").write_text(HANDLER)
        (folder / "warm.py").write_text("import os, sys\nsys.made_by = os.getpid()\n")
        self.daemon = Daemon(folder, self.config(pool, own, top))

    def config(self, pool="", own="", top=""):
        old, new = (self.homes[name][1] for name in ("old", "new")) if self.homes else ("", "")
        text = CONFIG.format(folder=self.folder, old=old, new=new, pool=pool, own=own, top=top)
        return text if self.homes else text.replace("    PythonHome \n", "")

    def get(self, host, args="", status=200, **params):
        client = Client(self.daemon.socket, keep_conn=False)
        got, body = client.get(f"/x.py?{args}", HTTP_HOST=host, SERVER_NAME=host, **params)
        assert got == status, (got, body, self.daemon.log())
        return json.loads(body) if status == 200 else body

    def template(self, host):
        for child in psutil.Process(self.daemon.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if f"pool {host} (template)" in " ".join(child.cmdline()):
                    return child.pid
        return None


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*arguments, **more):
        started.append(Site(tmp_path, *arguments, **more))
        return started[-1]

    yield start
    for site in started:
        assert site.daemon.stop() == 0
        log = site.daemon.log()
        assert "Traceback" not in log or "RequestTimeout" in log, log


def test_each_pool_runs_under_its_own_python(start, homes):
    site = start(homes)
    for name, (version, home) in homes.items():
        seen = site.get(name)
        assert (tuple(seen["version"]), seen["pool"]) == (version, name)
        assert seen["parent"] == site.daemon.process.pid
        if home is not None:
            assert (seen["prefix"], seen["environment"]["VIRTUAL_ENV"]) == (str(home), str(home))
            assert seen["environment"]["PATH"].startswith(f"{home}/bin:")
    pools = {pool["name"]: pool for pool in json.loads(site.daemon.command("status", "--json").stdout)["pools"]}
    assert [pools[name]["python"] for name in homes] == [f"{major}.{minor}" for (major, minor), _ in homes.values()]
    assert f"Python {homes['old'][0][0]}.{homes['old'][0][1]}" in site.daemon.command("status").stdout


@pytest.mark.parametrize("kind", ["flock", "sysv"])
def test_pools_of_several_pythons_lock_sessions_against_each_other(start, homes, kind):
    site = start(homes, top=f"PythonOption mod_python.mutex_type {kind}")
    _, sid = site.get("own", "count")

    def count(name, times):
        return [site.get(name, "count", HTTP_COOKIE=f"pysid={sid}")[0] for _ in range(times)][-1]

    threads = [threading.Thread(target=count, args=(name, 20)) for name in homes for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count("new", 1) == 1 + 20 * len(threads) + 1


def test_a_killed_worker_and_a_killed_template_are_replaced(start, homes):
    site = start(homes)
    first = site.get("old")["pid"]
    os.kill(first, signal.SIGKILL)
    site.daemon.wait_for_log(f"worker {first} was killed by SIGKILL")
    template = site.template("old")
    os.kill(template, signal.SIGKILL)
    site.daemon.wait_for_log(f"template {template} was killed by SIGKILL")
    wait_until(lambda: site.template("old") not in (None, template), "another template", site.daemon.process)
    for pid in {site.get("old")["pid"] for _ in range(8)}:
        os.kill(pid, signal.SIGKILL)
    assert tuple(site.get("old")["version"]) == homes["old"][0]


def test_a_reload_starts_it_anew_and_all_leave_with_the_supervisor(start, homes):
    site = start(homes)
    pid, template = site.get("new")["pid"], site.template("new")
    site.daemon.signal(signal.SIGHUP)
    site.daemon.wait_for_log("reload: done")
    wait_until(lambda: not psutil.pid_exists(pid) and not psutil.pid_exists(template), "the old ones leave")
    assert tuple(site.get("new")["version"]) == homes["new"][0]
    pids = [child.pid for child in psutil.Process(site.daemon.process.pid).children()]
    site.daemon.process.kill()
    site.daemon.process.wait()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), "they leave")
    site.daemon.process.returncode = 0


def test_time_limits_and_stacks_work_there(start, homes):
    site = start(homes, pool="RequestTimeout 1s\nSlowLog slow.log 300ms")
    threads = [threading.Thread(target=site.get, args=(name, "hang", 504)) for name in ("old", "new")]
    for thread in threads:
        thread.start()
    slow = site.folder / "slow.log"
    wait_until(lambda: slow.exists() and slow.read_text().count("still runs") == 2, "the slow log")
    for thread in threads:
        thread.join()
    for name in ("old", "new"):
        assert f"[pool {name}]" in slow.read_text()
        # A worker whose handler was interrupted still answers until its replacement is there.
        stacks = (site.daemon.command("stack", str(site.get(name)["pid"])) for _ in range(5))
        stack = next(stack for stack in stacks if "none of this daemon's workers" not in stack.stderr)
        assert (stack.returncode, "worker.py" in stack.stdout) == (0, True), stack.stderr
    assert slow.read_text().count("time.sleep(3600)") >= 2


@pytest.mark.parametrize("preload", ["Off", "On"])
def test_modules_are_imported_by_each_worker_or_once_with_preload(start, homes, preload, tmp_path):
    top = "\n".join(f"PythonImport {tmp_path}/warm.py {name}" for name in homes)
    site = start(homes, top=top, pool=f"Preload {preload}")
    seen = site.get("old")
    assert seen["made_by"] == (site.template("old") if preload == "On" else seen["pid"])


def test_a_user_s_pool_has_its_python_and_its_logs():
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    import_it = [sys.executable, "-c", "import os; os.setuid(65534); os.chdir('/'); import mpfcgi.cli"]
    if subprocess.run(import_it, capture_output=True).returncode != 0:
        pytest.skip("this checkout is not readable for others")
    with tempfile.TemporaryDirectory(prefix="mpfcgi-site-") as folder:
        Path(folder).chmod(0o755)
        site = Site(Path(folder), own="PythonOptimize On\nUser nobody\nSlowLog slow.log 100ms\nSetEnv MINE yes")
        try:
            seen = site.get("own")
            assert (seen["uid"], seen["optimize"]) == (pwd.getpwnam("nobody").pw_uid, 1)
            assert seen["environment"]["MINE"] == "yes"
            threading.Thread(target=site.get, args=("own", "sleep")).start()
            slow = site.folder / "slow.log"
            wait_until(lambda: slow.exists() and "[pool own]" in slow.read_text(), "the slow log")
            assert slow.stat().st_uid == 0
        finally:
            assert site.daemon.stop() == 0
        assert "error]" not in site.daemon.log(), site.daemon.log()


def test_asserts_are_left_out_where_the_configuration_says_so_and_a_reload_changes_that(start):
    site = start(own="PythonOptimize On")
    assert (site.get("own")["optimize"], site.get("own")["debug"]) == (1, False)
    assert (site.get("old")["optimize"], site.get("old")["debug"]) == (0, True)
    site.daemon.config.write_text(site.config(top="PythonOptimize On", own="PythonOptimize Off"))
    site.daemon.signal(signal.SIGHUP)
    site.daemon.wait_for_log("reload: done")
    assert [site.get(name)["optimize"] for name in ("own", "old")] == [0, 1]
    pools = {pool["name"]: pool for pool in json.loads(site.daemon.command("status", "--json").stdout)["pools"]}
    assert [pools[name]["python"] for name in ("own", "old")] == [f"{OWN[0]}.{OWN[1]}", f"{OWN[0]}.{OWN[1]} -O"]


def test_one_process_alone_has_one_python(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text('Listen unix:x.sock\nAllowRoot On\n<PythonPool "*">\nPythonOptimize On\n</PythonPool>\n')
    command = [sys.executable, "-m", "mpfcgi", "run", "-X", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "runs under another Python, and one process alone has one" in done.stderr


def test_an_environment_without_mpfcgi_is_refused_with_the_remedy(tmp_path):
    version = "3.9" if OWN != (3, 9) else "3.10"
    home = tmp_path / "venv"
    packages = home / "lib" / f"python{version}" / "site-packages"
    packages.mkdir(parents=True)
    (home / "bin").mkdir()
    python = home / "bin" / f"python{version}"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    config = tmp_path / "mpfcgi.conf"
    config.write_text(f'Listen unix:x.sock\n<PythonPool "*">\nPythonHome {home}\n</PythonPool>\n')

    def check():
        command = [sys.executable, "-m", "mpfcgi", "check", "-c", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    remedy = f"install it: {python} -m pip install mpfcgi=={__version__}"
    assert remedy in check().stderr
    assert f"it is of Python {version}" in check().stderr
    (packages / "mpfcgi-0.0.1.dist-info").mkdir()
    assert f"the mpfcgi installed in it is 0.0.1, and this daemon is {__version__}; {remedy}" in check().stderr
    (packages / f"mpfcgi-{__version__}.dist-info").mkdir()
    assert check().returncode == 0
