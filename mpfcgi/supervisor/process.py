"""Child processes: a fork that inherits only what it is given, has default signals, and never returns.

A child dies with its parent (prctl(2), PR_SET_PDEATHSIG), so that a killed supervisor leaves no workers behind.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from setproctitle import setproctitle

from mpfcgi.ipc import control

PR_SET_PDEATHSIG = 1
STANDARD = (0, 1, 2)
CRASHED = 70  # EX_SOFTWARE of sysexits.h
# A terminal sends these to its whole foreground group; only the supervisor acts on them.
FOR_THE_SUPERVISOR = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)

# sd_listen_fds(3), sd_notify(3): said to the supervisor; a program started by a handler must not take it for itself.
FROM_SYSTEMD = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET")


def entitle(title: str) -> None:
    """What `ps` shows for this process."""
    # A name that is no UTF-8 would be refused.
    setproctitle(f"mpfcgi: {title}".encode("utf-8", "backslashreplace").decode())


def fork(title: str, main: Callable[[], int], keep: Iterable[int]) -> int:
    """Run `main` in a child that `ps` shows by `title` and that has only the descriptors `keep` and 0 to 2; its process id.

    The child ends with what `main` returns as its exit code, or CRASHED after an exception, which goes to standard
    error. OSError when there can be no more processes.
    """
    parent = os.getpid()
    kept = set(keep)
    # What is there now is not looked through by the child's collector, so its pages stay shared. The supervisor's own
    # is thawed again: its garbage would stay for ever.
    gc.freeze()
    try:
        pid = os.fork()
    except OSError:
        gc.unfreeze()
        raise
    if pid:
        gc.unfreeze()
        return pid
    code = CRASHED
    try:
        _settle(title, parent, kept)
        code = main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code & 0xFF)


def _settle(title: str, parent: int, keep: set[int]) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    leave_signals()
    die_with_parent(parent)
    close_others(keep)
    for name in FROM_SYSTEMD:
        os.environ.pop(name, None)
    entitle(title)


def leave_signals() -> None:
    """Leave it to the supervisor to act on what a terminal sends to all."""
    for number in FOR_THE_SUPERVISOR:
        # A handler and not SIG_IGN: programs that the child starts get the default back.
        signal.signal(number, _ignore)


def _ignore(number: int, frame: object) -> None:
    pass


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill us when the process `parent` ends; leave at once when it has already."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def execute(command: list[str], environment: Mapping[str, str], keep: Iterable[int]) -> NoReturn:
    """Become another program that has the descriptors `keep`, too. OSError.

    Signals do nothing until it says what they are to do.
    """
    for number in (*FOR_THE_SUPERVISOR, control.STACK, control.DUMP):
        signal.signal(number, signal.SIG_IGN)
    for fd in keep:
        os.set_inheritable(fd, True)
    _flush()
    os.execve(command[0], command, environment)


def close_others(keep: Iterable[int]) -> None:
    """Close every descriptor but `keep` and the standard ones.

    The objects that own them stay referenced by the frames of the supervisor below the child, which never returns to
    them, so none of them closes a number that means something else by then.
    """
    low = 0
    for fd in sorted({*keep, *STANDARD}):
        # Not for an empty range, which some Python versions take for an endless one.
        if low < fd:
            os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass


def how_it_ended(status: int) -> str:
    """A wait status in words: `exited with status 3`, `was killed by SIGSEGV`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exited with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def is_stopped(pid: int) -> bool:
    """Whether a process does nothing because of a SIGSTOP or a debugger."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # proc(5): the state comes after the name, which may have brackets itself.
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except OSError:
        return False
