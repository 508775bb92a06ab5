"""`mpfcgi stop`, `reload`, `restart`: what is said to the running daemon."""

from __future__ import annotations

import os
import signal

import click

from mpfcgi.cli import daemon
from mpfcgi.cli.common import clear_errors, config_option, define_option, fail

LATE = ": the old workers go on until the new ones can start; the error log says why they can't"
wait_option = click.option(
    "--wait", default=60.0, show_default=True, metavar="SECONDS", help="How long to wait for its end."
)


@click.command()
@config_option
@define_option
@click.option("--quick", is_flag=True, help="Do not wait for the requests in progress.")
@wait_option
@clear_errors
def stop(config_file: str | None, defines: tuple[str, ...], quick: bool, wait: float) -> None:
    """Stop the daemon after the requests in progress."""
    found = daemon.find(config_file, defines)
    if found.control_socket:
        pid: int | None = found.ask("stop", quick=quick)["pid"]
    else:
        pid = found.pid
        if pid is None:
            fail(found.not_running())
        for _ in range(1 + quick):
            os.kill(pid, signal.SIGTERM)
    assert pid is not None
    if not daemon.wait_for(lambda: _is_gone(pid), wait):
        fail(
            f"process {pid} still finishes requests after {wait:g} s; mpfcgi status shows them, stop --quick ends them"
        )
    click.echo(f"mpfcgi has stopped: process {pid}")


@click.command()
@config_option
@define_option
@click.argument("pool", required=False)
@wait_option
@clear_errors
def reload(config_file: str | None, defines: tuple[str, ...], pool: str | None, wait: float) -> None:
    """Read the configuration again, and replace all workers; with POOL, replace the workers of that pool only.

    Requests in progress are finished, and none fails. A configuration with a mistake changes nothing, and neither do
    workers that can't start: then the old ones go on.
    """
    found = daemon.find(config_file, defines)
    if pool is None:
        found.ask("reload", wait, LATE)
        click.echo("mpfcgi has reloaded: the new workers serve")
        return
    replaced = found.ask("reload", wait, LATE, pool=pool)["replaced"]
    click.echo(f"mpfcgi has replaced {replaced} workers of {pool}")


@click.command()
@config_option
@define_option
@wait_option
@clear_errors
def restart(config_file: str | None, defines: tuple[str, ...], wait: float) -> None:
    """Put a new daemon in the place of the old, for a new version of mpfcgi or Python; no request fails.

    The process stays the same and keeps its sockets; the old workers serve until the new ones are there.
    """
    found = daemon.find(config_file, defines)
    before = found.ask("ping")["upgrades"]
    found.ask("restart", wait)

    def is_there() -> bool:
        said = found.is_running()
        return bool(said and said["upgrades"] > before and said["ready"])

    if not daemon.wait_for(is_there, wait):
        fail(f"the new workers are not there after {wait:g} s; see the error log")
    click.echo("mpfcgi has restarted: the new workers serve")


def _is_gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # A zombie has ended, whatever its parent does about it. proc(5)
            return file.read().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return True
