"""The screen of `mpfcgi top`, made of a report."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mpfcgi.cli.figures import age, amount, pool_line, printable, size

STYLES = {"busy": "yellow", "idle": "green", "starting": "cyan", "leaving": "dim"}
# Seconds after which a request is shown as one that takes long.
LONG = 5.0


class View:
    """Remembers the processor times of the last report, so that it can say how busy each worker was since."""

    def __init__(self) -> None:
        self._before: tuple[float, dict[int, float]] | None = None

    def render(self, report: dict[str, Any]) -> RenderableType:
        """The screen for a report."""
        shares = self._shares(report)
        head = Text(
            f"mpfcgi {report['version']}  process {report['pid']}  {report['state']} for "
            f"{age(report['now'] - report['started'])}  {printable(report['config'])}"
        )
        parts: list[RenderableType] = [head]
        for pool in report["pools"]:
            parts += [Text(), Text(printable(pool_line(pool)), style="bold"), _table(pool, shares)]
        if report["endings"]:
            parts += [Text(), Text("Ended", style="bold")]
        for ending in report["endings"][:5]:
            when = age(report["now"] - ending["at"])
            parts.append(Text(f"{when} ago  {ending['pool']}  {ending['pid']}  {ending['why']}"))
        return Group(*parts)

    def _shares(self, report: dict[str, Any]) -> dict[int, float]:
        """Percent of one processor for each worker, since the last report or else over its life."""
        workers = [worker for pool in report["pools"] for worker in pool["workers"] if worker["cpu"] is not None]
        before, self._before = self._before, (report["now"], {worker["pid"]: worker["cpu"] for worker in workers})
        shares = {}
        for worker in workers:
            spent, passed = worker["cpu"], max(worker["age"], 0.1)
            if before is not None and worker["pid"] in before[1]:
                spent, passed = spent - before[1][worker["pid"]], max(report["now"] - before[0], 0.1)
            shares[worker["pid"]] = 100 * spent / passed
        return shares


def _table(pool: dict[str, Any], shares: dict[int, float]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("PID", "STATE", "AGE", "REQUESTS", "CPU %", "PSS"):
        table.add_column(name, justify="left" if name == "STATE" else "right", no_wrap=True)
    table.add_column("REQUEST", overflow="ellipsis", no_wrap=True)
    workers = sorted(pool["workers"], key=lambda worker: -(worker["request_age"] or 0.0))
    for worker in workers:
        since = worker["request_age"]
        doing = "" if since is None else f"{age(since)}  {printable(worker['request'] or '')}"
        share = shares.get(worker["pid"])
        table.add_row(
            str(worker["pid"]),
            Text(worker["state"], style=STYLES.get(worker["state"], "")),
            age(worker["age"]),
            str(worker["requests"]),
            "?" if share is None else f"{share:.0f}",
            size(worker["pss"]),
            Text(doing, style="red" if since is not None and since > LONG else ""),
        )
    if not workers:
        table.add_row("", amount(0, "worker"))
    return table
