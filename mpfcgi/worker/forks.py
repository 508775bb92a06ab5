"""Processes that a handler forks: none of them may come back from it as a second worker.

Such a child has the worker's connections, its queue and its place in the scoreboard, and would answer the same request
once more, then take others. So it ends where the handler ends, without a response, log line of its own or cleanups;
mod_python's went on as an Apache process that nobody knew of.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

from mpfcgi.ipc import control


class Forks:
    """Knows, in the worker and in what is forked from it, which of the two it is."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.in_child = False
        self._log = log
        # The signals that the thread which forks has held back before.
        self._held = threading.local()

    def watch(self) -> None:
        """From now on; to be called in the worker's own process."""
        os.register_at_fork(before=self._hold, after_in_parent=self._let, after_in_child=self._mark)

    def born(self) -> None:
        """This process is a worker, too: forked from a template."""
        self.in_child = False

    def leave(self, where: str) -> None:
        """End this process, a child that has come back from `where`."""
        self._log(
            f"{where} has forked process {os.getpid()}, which came back from it and ends: use os._exit() in a child"
        )
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass
        os._exit(0)

    # What is said to a child by SIGTERM, as `multiprocessing` does, is for the child, and ends it: at any moment, and
    # Python forgets what comes before it has noticed the fork.

    def _hold(self) -> None:
        self._held.signals = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

    def _let(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._held.signals)

    def _mark(self) -> None:
        self.in_child = True
        control.die_by_sigterm()
        self._let()
