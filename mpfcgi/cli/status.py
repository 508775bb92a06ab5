"""`mpfcgi status`: pools, workers, what they do, and why some have ended."""

from __future__ import annotations

import json
from typing import Any

import click

from mpfcgi.cli import daemon
from mpfcgi.cli.common import clear_errors, config_option, define_option
from mpfcgi.cli.figures import age, amount, pool_line, printable, worker_cells
from mpfcgi.ipc.figures import add_figures


@click.command()
@config_option
@define_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@clear_errors
def status(config_file: str | None, defines: tuple[str, ...], as_json: bool) -> None:
    """Show what the daemon does: its pools, their workers, the requests in progress, and why workers have ended."""
    report = daemon.find(config_file, defines).ask("status")
    add_figures(report)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for line in _lines(report):
        click.echo(printable(line))


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [
        f"mpfcgi {report['version']}, process {report['pid']}, {report['config']}",
        f"{report['state']} since {age(report['now'] - report['started'])}, configuration {report['generation']}, "
        f"{report['upgrades']} upgrades",
    ]
    for pool in report["pools"]:
        lines += ["", pool_line(pool)]
        lines += ["  " + "  ".join(cells) for cells in _aligned([worker_cells(worker) for worker in pool["workers"]])]
    if report["endings"]:
        lines += ["", "The last workers that have ended:"]
        rows = [
            [age(report["now"] - ending["at"]) + " ago", ending["pool"], str(ending["pid"]), ending["why"],
             amount(ending["requests"], "request")]
            for ending in report["endings"][:10]
        ]  # fmt: skip
        lines += ["  " + "  ".join(cells) for cells in _aligned(rows)]
    return lines


def _aligned(rows: list[list[str]]) -> list[list[str]]:
    """Cells of the same width; the last one as it is."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return [[cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1])] + row[-1:] for row in rows]
