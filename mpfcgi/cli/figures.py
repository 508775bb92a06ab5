"""Figures of a report in words, for people at a terminal."""

from __future__ import annotations

from typing import Any


def age(seconds: float) -> str:
    """`0.3 s`, `12 s`, `5 min`, `3 h`, `2 days`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def size(count: int | None) -> str:
    """Bytes as megabytes."""
    return "?" if count is None else f"{count / 1048576:.1f} MB"


def amount(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def pool_line(pool: dict[str, Any]) -> str:
    """A pool in one line."""
    parts = [
        f"{pool['name']}: {amount(len(pool['workers']), 'worker')} ({pool['busy']} busy) of {pool['most']}, {pool['manager']}",
        f"Python {pool['python']}",
        f"queue {'?' if pool['queue'] is None else pool['queue']} of {pool['queue_length']}",
        amount(pool["requests"], "request"),
    ]
    if pool["rate"] is not None:
        parts.append(f"{pool['rate']:g}/s")
    parts += [f"{why}: {count}" for why, count in pool["ended"].items()]
    if pool["backing_off"]:
        parts.append(f"its workers do not start; waiting {pool['backing_off']:g} s between attempts")
    return ", ".join(parts)


def worker_cells(worker: dict[str, Any]) -> list[str]:
    """A worker's line: process, state, age, requests, CPU, memory, and what it does."""
    request = ""
    if worker["request_age"] is not None:
        request = f"{age(worker['request_age'])}: {worker['request'] or '(a moment)'}"
    cpu = "?" if worker["cpu"] is None else f"{worker['cpu']:.1f} s CPU"
    return [
        str(worker["pid"]), worker["state"], age(worker["age"]), amount(worker["requests"], "request"), cpu,
        size(worker["pss"]), request,
    ]  # fmt: skip


def printable(text: str) -> str:
    """Text of a client, without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)
