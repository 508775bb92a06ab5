"""Where a daemon keeps its process id and its control socket, so that the commands find it by its configuration alone.

PidFile and ControlSocket name them. Without these lines they are in the `run` folder of the user's own layout,
~/.mpfcgi (MPFCGI_HOME names another place), or in /run/mpfcgi for root, under a name made of the configuration's.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import NamedTuple

from mpfcgi.config.model import ConfigError, Server

HOME = "MPFCGI_HOME"
# sun_path of a unix address, with its final NUL (unix(7)).
MAX_SOCKET_PATH = 107


class Runtime(NamedTuple):
    """The two paths. `configured` says that a line names the control socket; an empty path stands for none."""

    pid_file: str
    control_socket: str
    configured: bool


def home() -> str:
    """The folder of the layout that needs no rights: configuration, logs and run folder of one user."""
    return os.environ.get(HOME) or os.path.expanduser("~/.mpfcgi")


def folder() -> str:
    """Where process ids and control sockets are by default."""
    if os.geteuid() == 0 and not os.environ.get(HOME):
        return "/run/mpfcgi"
    return os.path.join(home(), "run")


def make_folder(path: str) -> None:
    """Make the folder of the file `path` if there is none. OSError.

    Others may pass through it, whatever the umask, for a front-end's socket often is in the same; what is ours has its
    own rights.
    """
    folder = os.path.dirname(path)
    if os.path.isdir(folder):
        return
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o711)


def runtime_of(file: str, server_root: str, main: Server) -> Runtime:
    """The paths for the configuration `file`. ConfigError for a socket's path that is too long."""
    lines = {line.name: line for line in main.directives if line.name in ("PidFile", "ControlSocket")}
    base = os.path.join(folder(), name_of(file))
    pid_file = lines["PidFile"].value if "PidFile" in lines else base + ".pid"
    line = lines.get("ControlSocket")
    wanted: str | None = line.value if line is not None else base + ".ctl"
    path = "" if wanted is None else os.path.join(server_root, wanted)
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        if line is not None:
            raise ConfigError(
                f"the path of a unix socket has at most {MAX_SOCKET_PATH} bytes: {path}",
                line.place,
                "name a shorter one",
            )
        path = ""
    pid_path = os.path.join(server_root, pid_file)
    if "PidFile" in lines and os.path.exists(pid_path) and not os.path.isfile(pid_path):
        # Who starts as root would have put a file in the place of /dev/null.
        raise ConfigError(
            f"PidFile: {pid_path} is there and is no file",
            lines["PidFile"].place,
            "name another, or leave the line out",
        )
    if line is not None and os.path.exists(path) and not stat.S_ISSOCK(os.stat(path).st_mode):
        raise ConfigError(f"ControlSocket: {path} is there and is no socket", line.place, "name another, or write Off")
    return Runtime(pid_path, path, line is not None)


def name_of(file: str) -> str:
    """`mpfcgi` for the one of the user's layout; others are told apart by their path."""
    path = os.path.realpath(file)
    if os.path.dirname(path) == os.path.realpath(home()):
        return os.path.splitext(os.path.basename(path))[0]
    stem = os.path.splitext(os.path.basename(path))[0][:32] or "mpfcgi"
    return f"{stem}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:10]}"
