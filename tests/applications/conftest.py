import contextlib

import pytest
import requests

from tests.support.servers import Daemon, nginx

CONFIG = """\
ServerRoot {folder}
ServerName localhost
AllowRoot On
Listen unix:{folder}/mpfcgi.sock mode=0666
ErrorLog {folder}/error.log
DocumentRoot {folder}
<PythonPool "*">
    ProcessManager static
    MaxProcesses 2
</PythonPool>
{more}
"""


@pytest.fixture
def site(tmp_path):
    """Starts a daemon with some lines more in its configuration, behind nginx; gives the URL and the daemon."""
    # nginx runs as another user.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    with contextlib.ExitStack() as stack:

        def start(more):
            daemon = Daemon(tmp_path, CONFIG.format(folder=tmp_path, more=more))
            stack.callback(daemon.stop)
            return f"http://127.0.0.1:{stack.enter_context(nginx(tmp_path, daemon.socket))}", daemon

        yield start


@pytest.fixture
def browser():
    with requests.Session() as session:
        yield session
