"""Pools of workers: how many, how long, as whom, within which limits."""

from __future__ import annotations

import re

from mpfcgi.config.directives.arguments import BadValue, choice, flag, integer, non_empty, one, seconds, size
from mpfcgi.config.directives.logs import log_file
from mpfcgi.config.directives.merging import update
from mpfcgi.config.directives.registry import declare

LIMITS = ("as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "stack")


def resource_limit(args: tuple[str, ...]) -> dict[str, tuple[int | None, int | None]]:
    """`name soft [hard]`: None for unlimited."""
    if len(args) not in (2, 3) or args[0].lower() not in LIMITS:
        raise BadValue(f"takes one of {', '.join(LIMITS)} and one or two limits")
    limits = [None if arg.lower() in ("unlimited", "max") else size((arg,)) for arg in args[1:]]
    if limits[-1] is not None and (limits[0] is None or limits[0] > limits[-1]):
        raise BadValue(f"takes a soft limit that is not above the hard one, not {args[1]} and {args[2]}")
    return {args[0].lower(): (limits[0], limits[-1])}


def umask(args: tuple[str, ...]) -> int:
    """Three octal digits, as a number."""
    text = one(args)
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadValue(f"takes three octal digits such as 027, not {text!r}")
    return int(text, 8)


def nice(args: tuple[str, ...]) -> int:
    """A number from -20 to 19."""
    text = one(args)
    if not re.fullmatch(r"-?\d{1,2}", text) or not -20 <= int(text) <= 19:
        raise BadValue(f"takes a number from -20 to 19, not {text!r}")
    return int(text)


def one_thread(args: tuple[str, ...]) -> int:
    """`1`"""
    text = one(args)
    if text != "1":
        raise BadValue(f"takes 1, not {text!r}: a worker answers one request at a time; write MaxProcesses {text}")
    return 1


def slow_log(args: tuple[str, ...]) -> tuple[str, float]:
    """`file time`"""
    if len(args) != 2:
        raise BadValue("takes a file and a time")
    return log_file(args[:1]), seconds(args[1:])


# fmt: off
declare("ReloadFile", "P", non_empty, syntax="file",
        help="A file, such as tmp/restart.txt: when it is touched, the pool's workers are replaced. A relative one is "
             "in the folder that is the interpreter's name, or else in the DocumentRoot of the host of that name.")
declare("ProcessManager", "P", choice("static", "dynamic", "ondemand"),
        help="How many workers run: static, always MaxProcesses; dynamic, some more than are busy; ondemand, as many "
             "as requests need. Default static.")
declare("MaxProcesses", "P", integer(1, 1000), help="The number of workers, or the most. Default 4.")
declare("StartProcesses", "P", integer(1, 1000),
        help="With dynamic, the workers at the start. Default: between MinSpareProcesses and MaxSpareProcesses.")
declare("MinSpareProcesses", "P", integer(1, 1000),
        help="With dynamic, the fewest workers that wait for work. Default 1.")
declare("MaxSpareProcesses", "P", integer(1, 1000),
        help="With dynamic, the most workers that wait for work. Default 3.")
declare("Threads", "P", one_thread, syntax="1",
        help="How many requests a worker answers at a time: one. For more at once, MaxProcesses. Default 1.")
declare("IdleTimeout", "P", seconds,
        help="With ondemand, how long a worker without a request stays, and then a pool without workers. Default 10s.")
declare("MaxSpawnRate", "P", integer(1, 1000),
        help="The most workers started in a second once the first are there. Default 32.")
declare("MaxPools", "P", integer(1, 10000),
        help="How many pools of this pattern requests may start; past it the longest idle one ends. Default 1000.")
declare("MaxRequests", "P", integer(0, 10**9), help="After how many requests a worker is replaced. Default 0, never.")
declare("MaxLifetime", "P", seconds, help="After what time a worker is replaced. Default 0, never.")
declare("MemoryLimit", "P", size,
        help="A worker with more resident memory than this after a request is replaced. Default 0, no limit.")
declare("RequestTimeout", "P", seconds,
        help="After what time a handler is interrupted by an exception, and the client gets 504. Default 0, never.")
declare("InterruptTimeout", "P", seconds,
        help="How long an interrupted handler may take to clean up before its worker is ended. Default 5s.")
declare("InterruptAborted", "P", flag,
        help="Whether a handler whose client has gone is interrupted by an exception. Default Off: it goes on to its end.")
declare("SlowLog", "P", slow_log, syntax="file time",
        help="A file for the tracebacks of handlers that still run after a time.")
declare("User", "SP", one, syntax="name|number",
        help="As whom the workers run, by name or number, where the daemon is started as root. "
             "Outside of a pool: those of pools without one.")
declare("Group", "SP", one, syntax="name|number",
        help="The group of the workers, as User. Default: that of the user.")
declare("WorkingDirectory", "P", one, syntax="folder", help="The folder in which the workers are.")
declare("Umask", "P", umask, syntax="octal",
        help="Which rights files that the workers make do not get. Default: as the daemon's.")
declare("Nice", "P", nice, syntax="number",
        help="What is added to the workers' nice value: a high one gives way to others. Default 0.")
declare("ResourceLimit", "P", resource_limit, combine=update, syntax="name soft [hard]",
        help="A limit of setrlimit(2) for each worker: as, core, cpu, data, fsize, memlock, nofile, nproc or stack.")
declare("PythonHome", "P", one, syntax="folder", help="A virtual environment whose packages the workers use.")
declare("Preload", "P", flag,
        help="Whether a template process does the PythonImport lines once, and workers are forked from it. Default "
             "Off.")
declare("AllowRoot", "S", flag,
        help="Whether a daemon that root starts runs the code of pools without a User, as root. Default Off: it does "
             "not start.")
declare("GracefulShutdownTimeout", "S", seconds, syntax="time",
        help="How long a process that leaves, at a stop, a reload or for its replacement, may go on with requests that it "
             "has begun. Default 30s; 0 for as long as they take.")
declare("MaxTotalProcesses", "S", integer(1, 2000), help="The most workers of all pools together. Default 1000.")
declare("ConnectionProcesses", "P", integer(1, 1000),
        help="The number of processes for raw connections, each with one at a time. Default MaxProcesses.")
declare("QueueLength", "P", integer(1, 65536),
        help="How many requests may wait for a worker; the next get 503. Default 128.")
declare("QueueTimeout", "P", seconds,
        help="How long a request may wait for a worker before it gets 503. Default 30s; 0 for as long as it takes.")
