"""Commands that come while another one is carried out."""

import os
import subprocess
import sys

import pytest

from tests.support.servers import Daemon
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

# New workers are not ready while there is a file.
EARLY = """\
import os, time

while os.path.exists(os.path.dirname(__file__) + "/wait"):
    time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("stop", "the daemon is being stopped"),
        ("restart", "the daemon is being restarted, and reads its configuration again with that"),
    ],
)
@pytest.mark.parametrize("arguments", [["reload"], ["reload", "localhost"]])
def test_a_reload_that_something_else_overtakes_says_so(tmp_path, command, said, arguments):
    (tmp_path / "early.py").write_text(EARLY)
    daemon = Daemon(tmp_path, one_handler(tmp_path) + f"PythonImport {tmp_path}/early.py localhost\n")
    assert daemon.command("status").returncode == 0
    (tmp_path / "wait").touch()
    call = [sys.executable, "-m", "mpfcgi", *arguments, "-c", str(daemon.config)]
    environment = {**os.environ, "MPFCGI_HOME": str(tmp_path)}
    reload = subprocess.Popen(call, env=environment, stderr=subprocess.PIPE, text=True)
    daemon.wait_for_log("workers are replaced" if "localhost" in arguments else "its workers are being started")
    other = subprocess.Popen([sys.executable, "-m", "mpfcgi", command, "-c", str(daemon.config)], env=environment)
    _, errors = reload.communicate(timeout=60)
    (tmp_path / "wait").unlink()
    assert reload.returncode == 1
    assert said in errors
    assert other.wait(60) == 0
    assert daemon.stop() == 0
