"""Start a real Apache with the real mod_python (Debian's libapache2-mod-python) in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import connects, free_port, program, wait_until

MODULES = Path("/usr/lib/apache2/modules")
# As many as the configurations of the tests name; prefork, because handlers keep state in their modules.
NAMES = (
    "mpm_prefork", "authn_core", "authz_core", "authz_user", "authz_host", "authz_groupfile", "auth_basic", "authn_file",
    "access_compat", "alias", "dir", "mime", "env", "setenvif", "filter", "include", "python",
)  # fmt: skip
CONFIG = """\
ServerRoot {folder}
{modules}
User www-data
Group www-data
PidFile {folder}/httpd.pid
Mutex file:{folder} default
StartServers 1
MinSpareServers 1
MaxSpareServers 1
ServerLimit 1
MaxRequestWorkers 1
<IfModule python_module>
    PythonOption mod_python.mutex_directory {folder}
</IfModule>
Listen 127.0.0.1:{port}
TypesConfig /etc/mime.types
ErrorLog {folder}/httpd.log
"""


def need_mod_python() -> None:
    """Skip the test without the real module; where everything must be there, fail."""
    need_module("python")


def need_module(name: str) -> None:
    """The same for another module of a package of its own."""
    program("apache2")
    if (MODULES / f"mod_{name}.so").exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"libapache2-mod-{name} is not installed")
    pytest.skip(f"libapache2-mod-{name} is not installed")


@contextlib.contextmanager
def apache(
    folder: Path, config: str, defines: tuple[str, ...] = (), modules: tuple[str, ...] = NAMES, **more
) -> Iterator[int]:
    """Apache with `config` and `modules`, one child process; gives its port. Its error log is `folder`/httpd.log.

    `more` goes to Popen.
    """
    if "python" in modules:
        need_mod_python()
    process, port = start(folder, config, defines, modules, **more)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def start(
    folder: Path, config: str, defines: tuple[str, ...], names: tuple[str, ...], **more
) -> tuple[subprocess.Popen, int]:
    """The process, and the port it listens on."""
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names)
    path = folder / "httpd.conf"
    pid = folder / "httpd.pid"
    for last in (False, False, True):
        port = free_port()
        path.write_text(CONFIG.format(folder=folder, modules=modules, port=port) + config)
        command = [program("apache2"), "-f", str(path), "-DFOREGROUND", *(f"-D{name}" for name in defines)]
        with (folder / "httpd.out").open("w") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                # Apache ends by a signal to its whole process group.
                start_new_session=True,
                # PATH and the locale as a service has them; no byte code beside the handlers, which both servers read.
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
                **more,
            )
        wait_until(lambda: process.poll() is not None or pid.exists(), "Apache starts")  # noqa: B023
        if process.poll() is None:
            wait_until(lambda: connects(("127.0.0.1", port)), "Apache listens", process)  # noqa: B023
            return process, port
        # Another test may have taken the port in the meantime.
        said = (folder / "httpd.out").read_text()
        if last or "could not bind" not in said:
            raise AssertionError(f"Apache does not start: {said}")
    raise AssertionError("not reached")
