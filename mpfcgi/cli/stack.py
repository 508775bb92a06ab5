"""`mpfcgi stack`: where a worker is right now, in Python."""

from __future__ import annotations

import linecache
import re

import click

from mpfcgi.cli import daemon
from mpfcgi.cli.common import clear_errors, config_option, define_option
from mpfcgi.cli.figures import printable

_FRAME = re.compile(r'  File "(.*)", line (\d+) in ')


@click.command()
@config_option
@define_option
@click.argument("pid", type=int)
@clear_errors
def stack(config_file: str | None, defines: tuple[str, ...], pid: int) -> None:
    """Show the Python stack of the worker PID, the innermost call first: also of one that computes, sleeps or waits.

    `mpfcgi status` lists the workers. The handler is in the main thread.
    """
    answer = daemon.find(config_file, defines).ask("stack", pid=pid)
    for line in str(answer["stack"]).splitlines():
        click.echo(printable(line))
        frame = _FRAME.match(line)
        source = linecache.getline(frame[1], int(frame[2])).strip() if frame else ""
        if source:
            click.echo(f"    {printable(source)}")
