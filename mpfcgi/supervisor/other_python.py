"""Workers under another Python than the supervisor's: one of another version (PythonHome), or one with -O (PythonOptimize).

A fork can't change that. So such a pool has a template process (see `template`) that becomes, by exec, a program of its
own: the environment's Python, in which mpfcgi is installed too, in the same version. All that it needs it has from the
supervisor: the configuration as it was read, sockets, mutexes, scoreboard and log files by their descriptors. They are
written into a file in memory. Its workers are forked from it, and are the supervisor's children like all others.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections.abc import Callable
from pathlib import PurePath
from typing import IO, Any

from mpfcgi import __version__, program
from mpfcgi.config import Config, PoolSettings, python_home
from mpfcgi.ipc import mutex
from mpfcgi.ipc.inherited import Inherited
from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard, Slot
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import process, stacks
from mpfcgi.supervisor.log import Log
from mpfcgi.worker import logs, startup

# In the other Python: its arguments are the descriptors of what we have written, and of the error log.
RUN = """
try:
    from mpfcgi.supervisor import other_python
except Exception as error:
    import os
    text = "[mpfcgi:error] [pid %d] PythonHome %s: mpfcgi can't be loaded: %s: %s\\n"
    os.write(int(sys.argv[2]), (text % (os.getpid(), sys.prefix, type(error).__name__, error)).encode())
    sys.exit(70)
sys.exit(other_python.main(int(sys.argv[1]), int(sys.argv[2])))
"""
# The highest pickle protocol that the oldest Python knows.
PROTOCOL = 5


def is_optimized(config: Config, pool: PoolSettings | None = None) -> bool:
    """Whether PythonOptimize is On for a pool, or for the main server; without a line, whether this Python was started so."""
    if pool is not None and pool.optimize is not None:
        return pool.optimize
    said = config.of_main("PythonOptimize")
    if said is not None:
        return bool(said)
    return bool(sys.flags.optimize) and not program.is_optimized_by_configuration()


def command_for(config: Config, pool: PoolSettings) -> list[str] | None:
    """The Python of a pool's workers, with its options; None where it is this one."""
    home = os.path.join(config.server_root, pool.python_home) if pool.python_home is not None else None
    other = home is not None and python_home.is_other(home)
    optimized = is_optimized(config, pool)
    if not other and optimized == bool(sys.flags.optimize):
        return None
    python = python_home.interpreter(home) if other and home is not None else sys.executable
    return program.command_line(run=RUN, python=python, flags=["-O"] if optimized else [])


def described(config: Config, pool: PoolSettings) -> str:
    """The Python of a pool's workers, for people: `3.9`, or `3.9 -O`."""
    home = pool.python_home
    version = python_home.VERSION if home is None else python_home.version_of(os.path.join(config.server_root, home))
    return f"{version} -O" if is_optimized(config, pool) else version


def become(command: list[str], setup: WorkerSetup, title: str) -> None:
    """In a child of the supervisor: go on as a template of that program. OSError.

    Log files are opened, and the process is brought under the pool's conditions, before: it may have fewer rights then.
    """
    files = logs.LogFiles(setup.config.server_root)
    logs.open_all(setup.config, setup.pool.slow_log, files)
    setup.log_files = files.descriptors()
    if setup.settle is not None:
        setup.settle()
        setup.settle = None
    memory = os.memfd_create("mpfcgi-setup", 0)
    with open(memory, "wb", closefd=False) as file:
        pickle.dump(__version__, file, PROTOCOL)
        writer = _Writer(file)
        writer.dump((setup, title))
    error_log = setup.daemon_log.fd
    keep = {memory, error_log, *setup.log_files.values(), *writer.descriptors}
    environment = _environment(setup.pool, command[0] == sys.executable)
    process.execute([*command, str(memory), str(error_log)], environment, keep)


def main(memory: int, error_log: int) -> int:
    """The new program; its exit code."""
    with open(memory, "rb") as file:
        file.seek(0)
        version = pickle.load(file)
        if version != __version__:
            python = PurePath(sys.executable)
            _say(error_log, f"PythonHome {sys.prefix}: mpfcgi {__version__} is installed in it, and the daemon is {version}; "
                            f"install the same: {python} -m pip install mpfcgi=={version}")  # fmt: skip
            return process.CRASHED
        setup, title = _Reader(file).load()
    process.leave_signals()
    if setup.scoreboard is not None and setup.scoreboard.stacks is not None:
        stacks.answer(setup.scoreboard.stacks)
    process.entitle(f"pool {title} (template)")
    setup.slot.occupy(os.getpid(), setup.generation, title)
    try:
        return startup.run(setup)
    except Exception as error:
        why = " ".join(str(error).split())
        setup.daemon_log.error(f"[pool {title}] template {os.getpid()} has crashed: {type(error).__name__}: {why}")
        raise


def _environment(pool: PoolSettings, same: bool) -> dict[str, str]:
    """Variables for a Python, the `same` or another: without those that only this one was meant by."""
    ours = {"PYTHONOPTIMIZE"} if same else {"PYTHONOPTIMIZE", "PYTHONHOME", "PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in ours or name in pool.environment}


def _say(fd: int, text: str) -> None:
    os.write(fd, f"[mpfcgi:error] [pid {os.getpid()}] {text}\n".encode("utf-8", "surrogateescape"))


class _Writer(pickle.Pickler):
    """Writes a setup; what belongs to this process it writes as descriptors, which it collects."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, PROTOCOL)
        self.descriptors: set[int] = set()

    def persistent_id(self, obj: Any) -> tuple[Any, ...] | None:
        if isinstance(obj, socket.socket):
            self.descriptors.add(obj.fileno())
            return "socket", obj.fileno(), obj.peers if isinstance(obj, Inherited) else None
        if isinstance(obj, Mutexes):
            self.descriptors.update(obj.fds)
            return "mutexes", obj.settings, obj.pass_on()
        if isinstance(obj, Scoreboard):
            assert obj.file is not None
            self.descriptors.update((obj.file, *obj.fds))
            return "scoreboard", len(obj.slots), obj.file, obj.stacks
        if isinstance(obj, Slot):
            # The template's own, which nobody reads.
            return ("slot",)
        if isinstance(obj, Log):
            return "log", *obj.pass_on()
        return None


class _Reader(pickle.Unpickler):
    """Makes them anew, in the program that has the descriptors."""

    def persistent_load(self, pid: Any) -> Any:
        kind, *values = pid
        return _MAKERS[kind](*values)


def _socket(fd: int, peers: frozenset[str] | None) -> socket.socket:
    os.set_inheritable(fd, False)
    made = socket.socket(fileno=fd) if peers is None else Inherited(fileno=fd)
    if isinstance(made, Inherited):
        made.peers = peers
    return made


def _mutexes(settings: Any, passed: dict[str, Any]) -> Mutexes:
    found = mutex.inherited(settings, passed)
    assert found is not None
    for fd in found.fds:
        os.set_inheritable(fd, False)
    return found


def _scoreboard(size: int, file: int, stacks: int | None) -> Scoreboard:
    made = Scoreboard(size, file)
    made.stacks = stacks
    for fd in (file, *made.fds):
        os.set_inheritable(fd, False)
    return made


def _log(fd: int, *values: Any) -> Log:
    if fd > logs.STANDARD:
        os.set_inheritable(fd, False)
    return Log.inherited(fd, *values)


_MAKERS: dict[str, Callable[..., Any]] = {
    "socket": _socket,
    "mutexes": _mutexes,
    "scoreboard": _scoreboard,
    "slot": lambda: Scoreboard(1).take(),
    "log": _log,
}
