"""The supervisor's own lines in the error log, in Apache's form (manual of httpd, ErrorLogFormat's default)."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import datetime, timezone

from mpfcgi.config import Config, ConfigError, Resolver
from mpfcgi.files import appendable
from mpfcgi.ipc.syslog import Syslog, is_syslog

LEVELS = ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug")
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6
STDERR = 2


class Log:
    """Lines to a file, to standard error when `path` is None, or to the system's log by its name; objects with `as_json`.

    Lines of level NOTICE and above are always written, as in Apache, since they say that the daemon started or
    stopped; `level` decides about the others.
    """

    def __init__(self, path: str | None = None, level: int = WARNING, as_json: bool = False) -> None:
        self.path, self.level, self._as_json = path, level, as_json
        self._syslog = Syslog(path) if path is not None and is_syslog(path) else None
        self._complained = False
        self._fd = STDERR if path is None or self._syslog is not None else appendable(path)

    def pass_on(self) -> tuple[int, str | None, int, bool]:
        """What `inherited` makes it of again, in a program that has its descriptor."""
        return self._fd, self.path, self.level, self._as_json

    @classmethod
    def inherited(cls, fd: int, path: str | None, level: int, as_json: bool) -> Log:
        """The log of the program before an exec."""
        made = cls(path if path is not None and is_syslog(path) else None, level, as_json)
        made.path, made._fd = path, fd
        return made

    @property
    def fd(self) -> int:
        """The descriptor, for a child that keeps it."""
        return self._fd

    def write(self, level: int, text: str) -> None:
        """Write one line. A log that can't be written to stops nothing."""
        if level > max(self.level, NOTICE):
            return
        if self._syslog is not None:
            self._to_system(level, self._line(level, text, stamp=""))
            return
        when = datetime.now().strftime("%a %b %d %H:%M:%S.%f %Y")
        try:
            os.write(self._fd, self._line(level, text, f"[{when}] "))
        except OSError:
            pass

    def _line(self, level: int, text: str, stamp: str) -> bytes:
        if self._as_json:
            time = datetime.now(timezone.utc).isoformat(timespec="microseconds")
            said = {"time": time, "level": LEVELS[level], "pid": os.getpid(), "message": text}
            return (json.dumps(said, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
        return f"{stamp}[mpfcgi:{LEVELS[level]}] [pid {os.getpid()}] {text}\n".encode("utf-8", "surrogateescape")

    def _to_system(self, level: int, line: bytes) -> None:
        assert self._syslog is not None
        try:
            self._syslog.write(level, line)
            self._complained = False
        except OSError as error:
            if not self._complained:
                self._complained = True
                with contextlib.suppress(OSError):
                    os.write(STDERR, f"mpfcgi: can't write to the system's log: {error.strerror}\n".encode())

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
        if self.path is None or self._syslog is not None:
            return
        try:
            fresh = appendable(self.path)
        except OSError as error:
            why = f"can't reopen {self.path}: {error.strerror}; what is written goes on into the old file"
            self.error(why)
            # Which may have been removed.
            with contextlib.suppress(OSError):
                os.write(STDERR, f"mpfcgi: {why}\n".encode("utf-8", "surrogateescape"))
            return
        os.close(self._fd)
        self._fd = fresh

    def become(self, other: Log) -> None:
        """Write where `other` would, which is used up by this."""
        if self._fd != STDERR:
            os.close(self._fd)
        self.path, self.level, self._fd = other.path, other.level, other._fd
        self._syslog, self._as_json = other._syslog, other._as_json

    def close(self) -> None:
        if self._fd != STDERR:
            os.close(self._fd)
            self._fd = STDERR


def open_log(config: Config) -> Log:
    """The log of the main server's ErrorLog and LogLevel. ConfigError when the file can't be opened."""
    settings = Resolver(config).server_settings(config.main)
    name: str | None = settings.get("ErrorLog")
    level: int = settings.get("LogLevel", {}).get("", WARNING)
    as_json = (settings.get("ErrorLogFormat") or "").lower() == "json"
    if name is None or name.lower() == "stderr":
        return Log(None, level, as_json)
    if is_syslog(name):
        return Log(name, level, as_json)
    path = os.path.join(config.server_root, name)
    try:
        return Log(path, level, as_json)
    except OSError as error:
        place = next((line.place for line in reversed(config.main.directives) if line.name == "ErrorLog"), None)
        raise ConfigError(f"can't open the ErrorLog {path}: {error.strerror}", place)
