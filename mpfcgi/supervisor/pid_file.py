"""The file that says which process the daemon is."""

from __future__ import annotations

import contextlib
import errno
import os

from mpfcgi.config.runtime import make_folder
from mpfcgi.files import regular
from mpfcgi.supervisor.log import Log


class PidFile:
    """At `path`, which is empty for none."""

    def __init__(self, path: str, log: Log) -> None:
        self._path, self._log = path, log

    def write(self) -> None:
        """Have this process's number in it."""
        if not self._path:
            return
        beside = f"{self._path}.{os.getpid()}"
        try:
            make_folder(self._path)
            if os.path.exists(self._path) and not os.path.isfile(self._path):
                raise OSError(errno.EEXIST, "it is there and is no file")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
            # Whole or not at all: who reads it while it is written must not see half a number.
            with open(beside, "x") as file:
                file.write(f"{os.getpid()}\n")
            os.replace(beside, self._path)
        except OSError as error:
            self._log.warning(f"can't write {self._path} (PidFile): {error.strerror}")
            self._path = ""
            with contextlib.suppress(OSError):
                os.unlink(beside)

    def write_again(self) -> None:
        """The same, where somebody has removed it."""
        if not os.path.lexists(self._path):
            self.write()

    def remove(self) -> None:
        """Unless it is another daemon's by now."""
        with contextlib.suppress(OSError, ValueError):
            with open(self._path, opener=regular) as file:
                said = int(file.read(32))
            if said == os.getpid():
                os.unlink(self._path)
