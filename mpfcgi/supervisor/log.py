"""The supervisor's own lines in the error log, in Apache's form (manual of httpd, ErrorLogFormat's default)."""

from __future__ import annotations

import os
from datetime import datetime

from mpfcgi.config import Config, ConfigError, Resolver

LEVELS = ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug")
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
STDERR = 2


class Log:
    """Lines to a file, or to standard error when `path` is None.

    Lines of level NOTICE and above are always written, as in Apache, since they say that the daemon started or
    stopped; `level` decides about the others.
    """

    def __init__(self, path: str | None = None, level: int = WARNING) -> None:
        self.path, self.level = path, level
        self._fd = STDERR if path is None else _open(path)

    @property
    def fd(self) -> int:
        """The descriptor, for a child that keeps it."""
        return self._fd

    def write(self, level: int, text: str) -> None:
        """Write one line. A log that can't be written to stops nothing."""
        if level > max(self.level, NOTICE):
            return
        when = datetime.now().strftime("%a %b %d %H:%M:%S.%f %Y")
        line = f"[{when}] [mpfcgi:{LEVELS[level]}] [pid {os.getpid()}] {text}\n"
        try:
            os.write(self._fd, line.encode("utf-8", "surrogateescape"))
        except OSError:
            pass

    def error(self, text: str) -> None:
        self.write(ERROR, text)

    def warning(self, text: str) -> None:
        self.write(WARNING, text)

    def notice(self, text: str) -> None:
        self.write(NOTICE, text)

    def info(self, text: str) -> None:
        self.write(INFO, text)

    def reopen(self) -> None:
        """Open the file anew, after a rotation. The old one stays in use when that fails."""
        if self.path is None:
            return
        try:
            fresh = _open(self.path)
        except OSError as error:
            self.error(f"can't reopen {self.path}: {error.strerror}")
            return
        os.close(self._fd)
        self._fd = fresh

    def become(self, other: Log) -> None:
        """Write where `other` would, which is used up by this."""
        if self._fd != STDERR:
            os.close(self._fd)
        self.path, self.level, self._fd = other.path, other.level, other._fd

    def close(self) -> None:
        if self._fd != STDERR:
            os.close(self._fd)
            self._fd = STDERR


def open_log(config: Config) -> Log:
    """The log of the main server's ErrorLog and LogLevel. ConfigError when the file can't be opened."""
    settings = Resolver(config).server_settings(config.main)
    name: str | None = settings.get("ErrorLog")
    level: int = settings.get("LogLevel", {}).get("", WARNING)
    if name is None or name.lower() == "stderr":
        return Log(None, level)
    path = os.path.join(config.server_root, name)
    try:
        return Log(path, level)
    except OSError as error:
        raise ConfigError(f"can't open the ErrorLog {path}: {error.strerror}")


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
