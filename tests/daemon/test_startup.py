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


def test_imports_go_by_the_servers_python_path_and_importer_path(start, tmp_path):
    for folder in ("lib", "more"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"in_{folder}.py").write_text("import early\nearly.note(__file__.rsplit('/', 2)[-2])")
    paths = (
        "PythonPath \"sys.path + ['{folder}/lib', '{folder}']\"\nPythonOption mod_python.importer.path \"['{folder}/more']\"\n"
        "PythonImport in_lib localhost\nPythonImport in_more localhost\n"
    )
    shows = SHOW.replace("None)", "None) + [sum('/lib' in p[-4:] for p in sys.path)]")
    daemon = start(paths, shows)
    assert get(daemon) == (200, "['imported in localhost', 'lib', 'more', 1]")


@pytest.mark.parametrize("options", [(), ("-X",)])
def test_the_daemons_arguments_are_not_those_of_handlers(start, options):
    daemon = start("", SHOW.replace('getattr(sys, "early", None)', "sys.argv"), options)
    assert get(daemon) == (200, "['mod_python']")


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


ODD = """\
import os, signal
from mod_python import apache

what = open(os.path.dirname(__file__) + "/what").read()
if what == "cancel":
    raise KeyboardInterrupt("of a module")
elif what == "fork" and os.fork() == 0:
    pass
elif what == "give_up":
    os._exit(75)
"""


@pytest.fixture
def odd(tmp_path):
    """A daemon with a module that does something odd when it is imported, with and without Preload."""
    started = []

    def odd(what, preload):
        (tmp_path / "odd.py").write_text(ODD)
        (tmp_path / "what").write_text(what)
        text = one_handler(tmp_path, pool=f"MaxProcesses 1\nPreload {preload}")
        started.append(Daemon(tmp_path, text + f"PythonImport {tmp_path}/odd.py localhost\n"))
        return started[-1]

    yield odd
    for daemon in started:
        assert daemon.stop() == 0


@pytest.mark.parametrize("preload", ["On", "Off"])
def test_no_exception_of_a_module_keeps_a_worker_from_serving(odd, preload):
    daemon = odd("cancel", preload)
    assert get(daemon) == (200, "hello")
    assert "odd.py: KeyboardInterrupt: of a module" in daemon.log()


@pytest.mark.parametrize("preload", ["On", "Off"])
def test_a_child_that_a_module_forks_is_no_second_worker(odd, preload):
    daemon = odd("fork", preload)
    assert get(daemon) == (200, "hello")
    daemon.wait_for_log("odd.py has forked process")
    wait_until(
        lambda: all(
            child.status() == psutil.STATUS_ZOMBIE
            for process in psutil.Process(daemon.process.pid).children()
            for child in process.children()
        ),
        "the child has ended",
    )


@pytest.mark.parametrize("preload", ["On", "Off"])
def test_a_module_that_ends_its_process_is_not_tried_again_without_a_pause(odd, preload):
    daemon = odd("give_up", preload)
    daemon.wait_for_log("exited with status 75 right after its start; trying again in 0.1 s")
    (daemon.folder / "what").write_text("")
    assert get(daemon) == (200, "hello")
