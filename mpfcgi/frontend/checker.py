"""Ask a web server's own checker what it says of a configuration.

The text is put into a folder of its own, with as much around it as the server needs to read it (`http { ... }` for nginx,
modules for Apache). Nothing is started, and the server's own configuration is not looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from mpfcgi.frontend.apache import MODULES

_MODULE_FOLDERS = ("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules")
_SECONDS = 60


class NotInstalled(Exception):
    """There is no such server on this machine."""


class CheckFailed(Exception):
    """The checker does not accept the configuration; what it said."""


def check(name: str, text: str) -> str:
    """What the checker says of a configuration that it accepts. NotInstalled, CheckFailed."""
    with tempfile.TemporaryDirectory(prefix="mpfcgi-check-") as folder:
        command = _COMMANDS[name](Path(folder), text)
        environment = {**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", cwd=folder, timeout=_SECONDS, env=environment,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise CheckFailed(f"{command[0]} did not end within {_SECONDS} s")
        said = (done.stdout + done.stderr).strip()
        if done.returncode != 0:
            raise CheckFailed(said or f"{command[0]} ended with status {done.returncode}")
        return said


def _program(*names: str) -> str:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise NotInstalled(f"{names[0]} is not installed here, so it can't be asked")


def _nginx(folder: Path, text: str) -> list[str]:
    program = _program("nginx")
    # The checker opens the addresses, which takes root for those below 1024, and fails where another server has them.
    sockets: dict[str, str] = {}

    def elsewhere(found: re.Match[str]) -> str:
        return "listen " + sockets.setdefault(found[1], f"unix:{folder}/{len(sockets)}.sock")

    (folder / "site.conf").write_text(re.sub(r"(?m)(?<=^    )listen ([^ ;]+)", elsewhere, text))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    main = folder / "nginx.conf"
    main.write_text(f"pid {folder}/pid; events {{}}\nhttp {{ access_log off; {folders}include {folder}/site.conf; }}\n")
    return [program, "-t", "-q", "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(main)]


def _apache(folder: Path, text: str) -> list[str]:
    program = _program("apache2", "httpd")
    modules = next((path for path in _MODULE_FOLDERS if os.path.isdir(path)), None)
    if modules is None:
        raise NotInstalled(f"the modules of Apache are in none of {', '.join(_MODULE_FOLDERS)}")
    names: tuple[str, ...] = ("mpm_event", "authz_core", *MODULES)
    if re.search(r"(?m)^ *XSendFile ", text):
        if not os.path.exists(f"{modules}/mod_xsendfile.so"):
            raise NotInstalled(f"Apache's mod_xsendfile is not in {modules}, so Apache can't be asked")
        names += ("xsendfile",)
    loads = "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in names)
    main = folder / "httpd.conf"
    main.write_text(
        f"ServerRoot {folder}\nServerName localhost\nPidFile {folder}/pid\n{loads}ErrorLog {folder}/error.log\n{text}"
    )
    return [program, "-t", "-f", str(main)]


def _file(program: str, *options: str) -> Callable[[Path, str], list[str]]:
    """The command for a server that takes the text as it is."""

    def command(folder: Path, text: str) -> list[str]:
        path = folder / "site.conf"
        path.write_text(text)
        return [_program(program), *options, str(path)]

    return command


_COMMANDS: dict[str, Callable[[Path, str], list[str]]] = {
    "nginx": _nginx,
    "apache": _apache,
    "lighttpd": _file("lighttpd", "-tt", "-f"),
    "caddy": _file("caddy", "validate", "--adapter", "caddyfile", "--config"),
    "haproxy": _file("haproxy", "-c", "-f"),
}
