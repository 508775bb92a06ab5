"""What a worker does before its first request: PythonImport, PythonOptimize."""

import contextlib
import signal

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HOSTS = """\
PythonImport {folder}/early.py {name}
PythonImport {folder}/early.py::Setup.begin other.test
PythonImport {folder}/early.py::fails one.test
PythonImport {folder}/early.py::leaves one.test
PythonImport no_such_module_anywhere one.test
PythonImport {folder}/early.py only-imported
<VirtualHost *>
    ServerName one.test
    DocumentRoot htdocs
</VirtualHost>
<VirtualHost *>
    ServerName other.test
    DocumentRoot htdocs
</VirtualHost>
"""
EARLY = """\
import sys
from mod_python import apache

def note(text):
    sys.early = getattr(sys, "early", []) + [text]

note("imported in " + apache.interpreter)
apache.log_error("early.py is in " + apache.interpreter)

class Setup:
    @staticmethod
    def begin():
        note("begun")

def fails():
    note("failed")
    raise ValueError("at start")

def leaves():
    sys.exit("not so fast")
"""
SHOW = """\
import sys
from mod_python import apache

def handler(req):
    req.write(repr(getattr(sys, "early", None)))
    return apache.OK
"""
ASSERTING = """\
import sys
from mod_python import apache
import helper

def handler(req):
    assert sys.flags.optimize == 0
    req.write("%r %r %r" % (sys.flags.optimize, __debug__, helper.debug))
    return apache.OK
"""


@pytest.fixture
def start(tmp_path):
    daemons = []

    def start(config, handler, options=()):
        (tmp_path / "early.py").write_text(EARLY)
        daemon = Daemon(
            tmp_path, one_handler(tmp_path, handler) + config.format(folder=tmp_path, name="one.test"), options
        )
        daemons.append(daemon)
        return daemon

    yield start
    for daemon in daemons:
        assert daemon.stop() == 0


def get(daemon, host="localhost"):
    status, body = Client(daemon.socket).get("/x.py", HTTP_HOST=host)
    return status, body.decode()


def test_a_module_is_imported_in_its_interpreter_before_the_first_request(start):
    daemon = start(HOSTS, SHOW)
    assert get(daemon, "one.test") == (200, "['imported in one.test', 'failed']")
    assert get(daemon, "other.test") == (200, "['imported in other.test', 'begun']")
    daemon.wait_for_log("early.py is in only-imported")
    for line in (
        "early.py::fails: ValueError: at start",
        "early.py::leaves: SystemExit: not so fast",
        "PythonImport no_such_module_anywhere: ModuleNotFoundError",
    ):
        daemon.wait_for_log(line)


def test_one_process_imports_for_all_interpreters(start):
    daemon = start(HOSTS, SHOW, ("-X",))
    wanted = "['imported in one.test', 'begun', 'failed']"
    assert get(daemon, "one.test") == (200, wanted)
    assert get(daemon, "other.test") == (200, wanted)


def test_python_optimize_is_python_dash_o(start, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "helper.py").write_text("debug = __debug__\n")
    daemon = start("PythonOptimize On\nPythonPath \"['{folder}/lib'] + sys.path\"\n", ASSERTING)
    assert get(daemon) == (200, "1 False False")
    daemon.config.write_text(daemon.config.read_text().replace("PythonOptimize On", ""))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("reload: done")
    assert get(daemon) == (200, "0 True True")
    # The daemon itself, too, is what the configuration says after the next upgrade, and needs no template.
    daemon.signal(signal.SIGUSR2)
    daemon.wait_for_log("upgrade: done")
    assert get(daemon) == (200, "0 True True")
    wait_until(lambda: not _templates(daemon), "no template any more", daemon.process)


def _templates(daemon):
    found = []
    for child in psutil.Process(daemon.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [child.pid] if "(template)" in " ".join(child.cmdline()) else []
    return found
