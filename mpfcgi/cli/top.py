"""`mpfcgi top`: the status, refreshed, until q is pressed."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from typing import Any

import click

from mpfcgi.cli import daemon
from mpfcgi.cli.common import clear_errors, config_option, define_option
from mpfcgi.ipc.figures import add_figures


@click.command()
@config_option
@define_option
@click.option("--interval", default=1.0, show_default=True, type=click.FloatRange(0.1), metavar="SECONDS")
@click.option("--once", is_flag=True, help="Show it once and end.")
@clear_errors
def top(config_file: str | None, defines: tuple[str, ...], interval: float, once: bool) -> None:
    """Show what the daemon does, the busiest workers first, refreshed until q is pressed."""
    # Here, so that the daemon's processes do not have it.
    from rich.console import Console
    from rich.live import Live

    from mpfcgi.cli.screen import View

    found = daemon.find(config_file, defines)
    view = View()
    if once or not sys.stdin.isatty():
        Console().print(view.render(_report(found)))
        return
    with _keys(), Live(view.render(_report(found)), screen=True, auto_refresh=False) as live:
        while not _pressed_q(interval):
            live.update(view.render(_report(found)), refresh=True)


def _report(found: daemon.Daemon) -> dict[str, Any]:
    report = found.ask("status")
    add_figures(report)
    return report


@contextlib.contextmanager
def _keys() -> Iterator[None]:
    """Keys are read one by one, without Enter."""
    before = termios.tcgetattr(sys.stdin)
    # What was typed before counts, too.
    tty.setcbreak(sys.stdin, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _pressed_q(seconds: float) -> bool:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and os.read(sys.stdin.fileno(), 1) in (b"q", b"Q", b"")
