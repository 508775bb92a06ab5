"""The error log, in Apache's format, and the access logs (LogFormat, CustomLog).

A line is one write(2) to a file opened for appending, so lines of several processes never mix. A log that can't be
written (a full disk) is reported once on stderr; no request fails of it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mpfcgi.config import Config, ConfigError, Settings
from mpfcgi.config.directives.logs import LOG_LEVELS, LogTarget
from mpfcgi.config.model import Directive, SlowLog
from mpfcgi.files import appendable
from mpfcgi.ipc import syslog
from mpfcgi.worker import errorformat, logformat
from mpfcgi.worker.errorformat import escape

if TYPE_CHECKING:
    from mpfcgi.api import Request

WARN, INFO = 4, 6
STDERR = "stderr"
# The highest of the standard descriptors, which every program has.
STANDARD = 2
LOGS = ("ErrorLog", "CustomLog", "TransferLog")


class LogFile:
    """A file for appending, shared by all that name it."""

    # Whether its lines begin with their time.
    stamped = True

    def __init__(self, path: str, fd: int = -1) -> None:
        """With `fd`, it is open already."""
        self.path = path
        self._fd = fd
        self._failed = False
        if fd < 0:
            self.reopen()

    def fileno(self) -> int:
        """The descriptor that lines go to now."""
        return self._fd if self._fd >= 0 else 2

    def reopen(self) -> None:
        """Open the file anew, after it was moved away; an error keeps the old one."""
        if self.path == STDERR:
            self._fd = 2
            return
        try:
            fd = appendable(self.path)
        except OSError as error:
            self._complain(error)
            return
        if self._fd > 2:
            os.close(self._fd)
        self._fd = fd

    def write(self, line: bytes) -> None:
        """Append a line."""
        try:
            os.write(self.fileno(), line)
            self._failed = False
        except OSError as error:
            self._complain(error)

    def write_at(self, level: int, line: bytes) -> None:
        """Append a line of a severity, which a file does not care for."""
        self.write(line)

    def _complain(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            # Standard error may be on the same full disk.
            with contextlib.suppress(OSError):
                os.write(STANDARD, f"mpfcgi: can't write {self.path}: {error.strerror}\n".encode("utf-8", "replace"))


class SystemLog(LogFile):
    """The system's log, which stamps its lines itself."""

    stamped = False

    def __init__(self, name: str) -> None:
        self._syslog = syslog.Syslog(name)
        super().__init__(name)

    def reopen(self) -> None:
        """There is no file."""

    def write(self, line: bytes) -> None:
        self.write_at(INFO, line)

    def write_at(self, level: int, line: bytes) -> None:
        try:
            self._syslog.write(level, line)
            self._failed = False
        except OSError as error:
            self._complain(error)


class LogFiles:
    """The open log files of a process, by path; some may be open `already`, by their descriptors."""

    def __init__(self, server_root: str, already: Mapping[str, int] | None = None) -> None:
        self._server_root = server_root
        self._already = already or {}
        self._files: dict[str, LogFile] = {}

    def open(self, name: str | None) -> LogFile:
        """The log of an ErrorLog or CustomLog line; None is standard error."""
        if syslog.is_syslog(name):
            assert name is not None
            if name not in self._files:
                self._files[name] = SystemLog(name)
            return self._files[name]
        path = STDERR if name in (None, STDERR, "/dev/stderr") else os.path.join(self._server_root, str(name))
        if path not in self._files:
            self._files[path] = LogFile(path, self._already.get(path, -1))
        return self._files[path]

    def reopen(self) -> None:
        """Open all anew, after they were moved away."""
        for file in self._files.values():
            file.reopen()

    def descriptors(self) -> dict[str, int]:
        """Those of the files, by path."""
        return {path: file.fileno() for path, file in self._files.items() if file.fileno() > STANDARD}


class AccessLog:
    """One CustomLog line: a compiled format, its file, its condition."""

    def __init__(self, target: LogTarget, formats: dict[str, str], file: LogFile) -> None:
        self._file = file
        self._condition, self._negated = target.condition, target.negated
        self._write = logformat.compile_format(formats.get(target.format, target.format or formats[""]))

    def log(self, req: Request, first: Request) -> None:
        """Write the line of a request; `first` is the one the client sent, before internal redirects."""
        if self._condition is not None and (self._condition in req.subprocess_env) == self._negated:
            return
        self._file.write(self._write(req, first).encode("utf-8", "surrogateescape") + b"\n")


def access_logs(settings: Settings, files: LogFiles) -> tuple[AccessLog, ...]:
    """The access logs of a server. ConfigError for a format with an unknown %."""
    formats = {**logformat.NICKNAMES, **(settings.get("LogFormat") or {})}
    return tuple(AccessLog(target, formats, files.open(target.file)) for target in settings.get("CustomLog") or ())


def open_all(config: Config, slow_log: SlowLog | None, files: LogFiles) -> None:
    """Open all logs that a worker of a pool with this `slow_log` may write to, as long as this process has the right."""
    if slow_log is not None:
        files.open(slow_log.file)
    for directive in _lines(config):
        if directive.name in LOGS:
            files.open(directive.args[0])


def check(config: Config) -> None:
    """ConfigError for a log that can't be written to, or a format that isn't one."""
    for directive in _lines(config):
        try:
            _compile_formats(directive)
        except ConfigError as error:
            raise ConfigError(error.message, directive.place, error.hint)
        if directive.name in LOGS:
            name = directive.args[0]
            path = os.path.join(config.server_root, name)
            folder = os.path.dirname(path)
            if name == STDERR or syslog.is_syslog(name):
                continue
            if not os.path.isdir(folder):
                raise ConfigError(f"{directive.name}: there is no folder {folder}", directive.place, "make it first")
            if os.path.isdir(path):
                raise ConfigError(f"{directive.name}: {path} is a folder", directive.place, "name a file in it")


def _compile_formats(directive: Directive) -> None:
    """ConfigError for a format of this line that isn't one. A nickname is one: it has no %."""
    if directive.name == "ErrorLogFormat":
        errorformat.compile_format(directive.value)
    elif directive.name == "LogFormat":
        for format in directive.value.values():
            logformat.compile_format(format)
    elif directive.name == "CustomLog":
        logformat.compile_format(directive.value[0].format)


def _lines(config: Config) -> Iterator[Directive]:
    """The lines of all servers, outside of sections."""
    return (directive for server in config.servers for directive in server.directives)


def error_line(
    level: int, message: str, client: str | None, pid: int, now: float, clock: Callable[[float], time.struct_time],
    stamped: bool = True,
) -> bytes:  # fmt: skip
    """`[Fri Nov 21 02:00:00.123456 2026] [:error] [pid 1:tid 1] [client 127.0.0.1:1234] message`, escaped."""
    stamp = ""
    if stamped:
        whole = int(now)
        local = clock(whole)
        stamp = time.strftime("[%a %b %d %H:%M:%S", local) + f".{int((now - whole) * 1_000_000):06d} {local.tm_year}] "
    where = f" [client {client}]" if client else ""
    # NOERRNO is EMERG in the low bits, which mod_python's callers never mean.
    name = LOG_LEVELS[level] if level else "error"
    return f"{stamp}[:{name}] [pid {pid}:tid {pid}]{where} {escape(message)}\n".encode("ascii")
