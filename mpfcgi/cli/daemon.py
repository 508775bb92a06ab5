"""The running daemon of a configuration, for the commands that talk with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mpfcgi.cli.common import fail, find_config
from mpfcgi.config import ConfigError, load, runtime
from mpfcgi.files import regular
from mpfcgi.ipc import console

# Seconds between two looks at something that gives no sign of itself.
AGAIN = 0.02


class Daemon(NamedTuple):
    """Where a configuration's daemon is found."""

    config_file: str
    pid_file: str
    control_socket: str

    @property
    def pid(self) -> int | None:
        """The process of the PID file, if that is there and the process is one of ours."""
        try:
            with open(self.pid_file, opener=regular) as file:
                pid = int(file.read(32))
        except (OSError, ValueError):
            return None
        return pid if _is_daemon(pid, self.config_file) else None

    def ask(self, command: str, timeout: float = 10.0, late: str = "", **arguments: Any) -> dict[str, Any]:
        """The daemon's answer to a command; the process ends with a clear line when there is none.

        `late` goes on with what it means that there is no answer in time.
        """
        try:
            answer = self.asked(command, timeout, **arguments)
        except console.NotRunning:
            fail(self.not_running())
        except console.NoAnswer as error:
            fail(f"the daemon of {self.config_file}: {error}{late if isinstance(error, console.NotInTime) else ''}")
        except PermissionError:
            fail(f"the daemon of {self.config_file} is another user's: its commands are for that user only")
        except OSError as error:
            fail(f"can't ask the daemon of {self.config_file} on {self.control_socket}: {error.strerror or error}")
        if not answer.get("ok"):
            fail(answer.get("error", "the daemon refuses"))
        return answer

    def asked(self, command: str, timeout: float = 10.0, **arguments: Any) -> dict[str, Any]:
        """The same, with the exceptions of `ipc.console`."""
        if not self.control_socket:
            raise console.NotRunning("ControlSocket Off")
        return console.ask(self.control_socket, command, timeout, **arguments)

    def is_running(self) -> dict[str, Any] | None:
        """What it says of itself; None when it does not run."""
        try:
            return self.asked("ping")
        except (console.NotRunning, console.NoAnswer):
            return None

    def not_running(self) -> str:
        """Why nobody answers."""
        pid = self.pid
        if pid is not None and not self.control_socket:
            return (
                f"the daemon of {self.config_file} runs (process {pid}), but without a control socket: use signals, or name "
                f"one with a ControlSocket line of at most {runtime.MAX_SOCKET_PATH} bytes"
            )
        if pid is not None:
            return (
                f"process {pid} of {self.pid_file} is there, but nobody listens on {self.control_socket}; "
                f"signals reach it: kill -TERM {pid}"
            )
        stale = " (its PID file is stale: that process is gone)" if os.path.exists(self.pid_file) else ""
        return (
            f"the daemon of {self.config_file} is not running{stale}; start it with: mpfcgi start -c {self.config_file}"
        )


def find(named: str | None, defines: Sequence[str] = (), or_make: Callable[[], str] | None = None) -> Daemon:
    """The daemon of a configuration file: one that has become wrong does not keep its daemon from being asked."""
    file = os.path.abspath(find_config(named, or_make))
    try:
        config = load(file, defines=defines)
    except ConfigError:
        base = os.path.join(runtime.folder(), runtime.name_of(file))
        if not os.path.exists(base + ".ctl"):
            raise
        return Daemon(file, base + ".pid", base + ".ctl")
    return Daemon(file, config.pid_file, config.control_socket)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(AGAIN)
    return True


def _is_daemon(pid: int, config_file: str) -> bool:
    """Whether a process is this configuration's daemon, or starts to be it: another may have its number by now."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read(8192)
    except OSError:
        return False
    name = os.fsencode(config_file)
    # Its title (supervisor.process), which has the room of its arguments; or those, before it has one.
    begun = b"mpfcgi: supervisor ("
    title = command.rstrip(b"\0 ")
    return (title.startswith(begun) and (begun + name + b")").startswith(title)) or (
        b"mpfcgi" in command and b"\0run\0" in command and name in command
    )
