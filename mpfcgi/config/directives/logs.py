"""The error log, and logs of requests."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpfcgi.config.directives.arguments import BadValue, flag, one, words
from mpfcgi.config.directives.merging import append, update
from mpfcgi.config.directives.registry import declare


class LogTarget(NamedTuple):
    """CustomLog and TransferLog: `format` is a nickname or a format, `condition` an environment variable."""

    file: str
    format: str
    condition: str | None
    negated: bool


LOG_LEVELS = ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug")

# syslog(3)
SYSLOG_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    *(f"local{number}" for number in range(8)),
)  # fmt: skip


def log_level(args: tuple[str, ...]) -> dict[str, int]:
    """Levels as numbers (APLOG_*) by module; "" is the level of all others."""
    levels: dict[str, int] = {}
    for arg in words(args):
        module, colon, level = arg.rpartition(":")
        name = level.lower()
        if re.fullmatch(r"trace[1-8]", name):
            name = "debug"
        if name not in LOG_LEVELS:
            raise BadValue(f"takes {', '.join(LOG_LEVELS)}, not {arg!r}")
        levels[module.removesuffix("_module").removesuffix(".c") if colon else ""] = LOG_LEVELS.index(name)
    return levels


def log_format(args: tuple[str, ...]) -> dict[str, str]:
    """`format [nickname]`: the format by its nickname, "" for the one that TransferLog takes."""
    if len(args) not in (1, 2):
        raise BadValue("takes a format and its nickname")
    return {args[1] if len(args) == 2 else "": args[0]}


def custom_log(args: tuple[str, ...]) -> tuple[LogTarget, ...]:
    """`file format|nickname [env=[!]name]`"""
    if len(args) not in (2, 3):
        raise BadValue("takes a file, a format or nickname, and perhaps env=[!]NAME")
    condition, negated = None, False
    if len(args) == 3:
        if not args[2].startswith("env="):
            raise BadValue(f"knows env=NAME and env=!NAME as a condition, not {args[2]!r}")
        negated = args[2].startswith("env=!")
        condition = args[2][5 if negated else 4 :]
    return (LogTarget(log_file(args[:1]), args[1], condition, negated),)


def transfer_log(args: tuple[str, ...]) -> tuple[LogTarget, ...]:
    """`file`, in the format without a nickname."""
    return (LogTarget(log_file(args), "", None, False),)


def log_file(args: tuple[str, ...]) -> str:
    """The name of a file, or stderr. BadValue for a pipe, and for syslog where only errors can go there."""
    name = one(args)
    if name.startswith("|") or name.lower().split(":")[0] == "syslog":
        raise BadValue(f"does not support {name.split(':')[0].split()[0]!r} yet: name a file or stderr")
    return name


def error_log(args: tuple[str, ...]) -> str:
    """A file, stderr, or `syslog[:facility[:tag]]`."""
    name = one(args)
    facility = name.lower().split(":")[1:2]
    if name.lower().split(":")[0] != "syslog":
        return log_file(args)
    if facility and facility[0] not in ("", *SYSLOG_FACILITIES):
        raise BadValue(f"does not know the facility {facility[0]!r} of syslog: one of {', '.join(SYSLOG_FACILITIES)}")
    return name


# fmt: off
declare("ErrorLog", "SV", error_log, syntax="file|stderr|syslog[:facility[:tag]]",
        help="The file of errors, stderr, or the system's log. Default stderr.")
declare("ErrorLogToFrontEnd", "SVD", flag,
        help="Whether the front-end gets the error lines of its requests too, for its own log (FCGI_STDERR). Default "
             "Off.")
declare("LogLevel", "SVD", log_level, combine=update, merge=update, syntax="[module:]level ...",
        help="The least severe of the errors that ErrorLog gets, for all or for some modules. Default warn.")
declare("ErrorLogFormat", "SV", one, syntax="format|json",
        help="The format of lines in the error log, as of httpd; json for objects. Default: mod_python's.")
declare("LogFormat", "SV", log_format, combine=update, merge=update, syntax="format [nickname]",
        help="A format of CustomLog, by nickname; common, combined and vhost_combined are there already.")
declare("CustomLog", "SV", custom_log, combine=append, syntax="file format|nickname [env=[!]name]",
        help="A log of requests. A host with one of its own does not write to the main server's.")
declare("TransferLog", "SV", transfer_log, combine=append, key="CustomLog", syntax="file",
        help="A log of requests in the last LogFormat.")
