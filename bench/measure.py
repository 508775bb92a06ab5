"""One measurement: wrk against a URL, and the processor time that a process tree used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

WRK_SCRIPT = Path(__file__).parent / "wrk.lua"
TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Sample:
    """One run of wrk on one row. Times in the units of their names; `failures` counts answers that were not
    2xx, broken connections and time-outs; `p50_ms` and `p99_ms` are wrk's latencies.
    """

    requests_per_second: float
    cpu_us_per_request: float
    failures: int
    p50_ms: float
    p99_ms: float


def measure(
    wrk: str, url: str, roots: Iterable[int], *, seconds: float, threads: int, clients: int, cookies: Sequence[str] = ()
) -> Sample:
    """Let wrk ask `url` for `seconds` and account the processor time of the trees under `roots`.

    The body is checked once beforehand by the caller; here only the status and the connections count. Requests bring
    `cookies` (values of the header), one after the other.
    """
    roots = list(roots)
    before = cpu_microseconds(roots)
    done = subprocess.run(
        [wrk, f"-t{threads}", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", WRK_SCRIPT, url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COOKIES": "\n".join(cookies)},
    )
    used = cpu_microseconds(roots) - before
    told = json.loads(done.stdout.strip().splitlines()[-1])
    count = max(1, told["requests"])
    return Sample(
        requests_per_second=told["requests"] / told["seconds"],
        cpu_us_per_request=used / count,
        failures=sum(told[kind] for kind in ("connect", "read", "write", "status", "timeout")),
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
    )


def cpu_microseconds(roots: Iterable[int]) -> float:
    """User and system time so far of every process in the trees and of their children that have ended."""
    return sum(_ticks(pid) for pid in tree(roots)) * TICK


def tree(roots: Iterable[int]) -> set[int]:
    """The pids of the roots and of all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[1]), []).append(int(entry))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def _ticks(pid: int) -> int:
    # After the command's name: state, ppid, ...; utime, stime, cutime, cstime are proc(5)'s fields 14 to 17.
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) if fields else 0


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []  # it ended between the listing and the reading
    # The name is in parentheses and may itself hold spaces and parentheses.
    return text[text.rindex(")") + 2 :].split()
