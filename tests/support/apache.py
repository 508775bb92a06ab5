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
    "access_compat", "alias", "dir", "mime", "env", "setenvif", "filter", "python",
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
PythonOption mod_python.mutex_directory {folder}
Listen 127.0.0.1:{port}
TypesConfig /etc/mime.types
ErrorLog {folder}/httpd.log
"""


def need_mod_python() -> None:
    """Skip the test without the real module; where everything must be there, fail."""
    program("apache2")
    if (MODULES / "mod_python.so").exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("libapache2-mod-python is not installed")
    pytest.skip("libapache2-mod-python is not installed")


@contextlib.contextmanager
def apache(folder: Path, config: str, defines: tuple[str, ...] = ()) -> Iterator[int]:
    """Apache with `config`, one child process; gives its port. Its error log is `folder`/httpd.log."""
    need_mod_python()
    port = free_port()
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NAMES)
    path = folder / "httpd.conf"
    path.write_text(CONFIG.format(folder=folder, modules=modules, port=port) + config)
    command = [program("apache2"), "-f", str(path), "-DFOREGROUND", *(f"-D{name}" for name in defines)]
    with (folder / "httpd.out").open("w") as output:
        # PATH and the locale as a service has them; no byte code beside the handlers, which both servers read.
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            # Apache ends by a signal to its whole process group.
            start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"},
        )
    try:
        wait_until(lambda: connects(("127.0.0.1", port)), "Apache listens", process)
        yield port
    except AssertionError as error:
        if process.poll() is None:
            raise
        raise AssertionError(f"{error}\n{(folder / 'httpd.out').read_text()}") from None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
