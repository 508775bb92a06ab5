"""The site of the front-ends' tests, behind one daemon, and a certificate for it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.frontends.cases import FILES, SITE
from tests.frontends.variants import Place
from tests.support.frontends import frontend
from tests.support.servers import Daemon, free_port, program

HEAD = """\
Listen unix:mpfcgi.sock mode=0666
Listen 127.0.0.1:{port}
ErrorLog error.log
LogFormat "%m %U %>s" short
CustomLog access.log short
# One, so that its log tells in which order requests were answered.
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
"""
# 2020-01-01
CHANGED = 1577836800


@contextlib.contextmanager
def open_folder(name):
    """A folder that servers of another user may look into. Other runs of pytest close those of tmp_path to them."""
    folder = Path(tempfile.mkdtemp(prefix=f"mpfcgi-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_site(folder):
    """The site's files, and its certificate."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        # A file that has just changed has a weak ETag for a second.
        os.utime(path, (CHANGED, CHANGED))
    command = [
        program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
        "2", "-subj", "/CN=site.test", "-keyout", "site.pem.key", "-out", "site.pem",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def start_daemon(folder, head=""):
    port = free_port()
    text = head + HEAD.format(port=port) + SITE.format(address="*", folder=folder, more="")
    daemon = Daemon(folder, text)
    return daemon, Place(folder, daemon.socket, port)


@pytest.fixture(scope="module")
def daemon():
    with open_folder("site") as folder:
        write_site(folder)
        daemon, daemon.place = start_daemon(folder)
        yield daemon
        daemon.stop()


@pytest.fixture(scope="module")
def servers(daemon):
    """Start a variant's server when it is first asked for; gives its ports. All run until the module ends."""
    with_ports = {}
    with contextlib.ExitStack() as running:

        def ports(variant):
            if variant.name not in with_ports:
                folder = running.enter_context(open_folder(variant.name))
                server = frontend(variant.kind, folder, lambda *ports: variant.write(daemon.place, *ports))
                with_ports[variant.name] = running.enter_context(server)
            return with_ports[variant.name]

        yield ports
