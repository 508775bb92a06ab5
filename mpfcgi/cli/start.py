"""`mpfcgi start`: the daemon in the background."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mpfcgi.cli import daemon
from mpfcgi.cli.common import clear_errors, config_option, define_option, fail, read_config
from mpfcgi.cli.layout import make_layout
from mpfcgi.config.runtime import make_folder

if TYPE_CHECKING:
    import subprocess


@click.command()
@config_option
@define_option
@click.option("--wait", default=60.0, show_default=True, metavar="SECONDS", help="How long its start may take.")
@clear_errors
def start(config_file: str | None, defines: tuple[str, ...], wait: float) -> None:
    """Start the daemon in the background, and wait until its workers are there.

    Where there is no configuration at all, a first one is made in ~/.mpfcgi, with a folder for pages. What the daemon
    prints, and its error log where that is stderr, goes into a file beside its PID file.
    """
    found = daemon.find(config_file, defines, make_layout)
    running = found.is_running()
    if running is not None:
        fail(f"the daemon of {found.config_file} is running already: process {running['pid']}")
    if found.pid is not None:
        fail(found.not_running())
    if os.path.exists(found.pid_file):
        click.echo(f"mpfcgi: {found.pid_file} is stale: that process is gone", err=True)
    # Its mistakes are shown here, before anything is started.
    read_config(found.config_file, defines)
    output = os.path.splitext(found.pid_file)[0] + ".out"
    before = os.path.getsize(output) if os.path.exists(output) else 0
    process = _spawn(found.config_file, defines, output)

    def is_there() -> bool:
        if process.poll() is not None:
            return True
        if not found.control_socket:
            return found.pid == process.pid
        said = found.is_running()
        # It may be another's, that somebody else has started in the same moment: then ours is about to say so and end.
        return bool(said and said["ready"] and said["pid"] == process.pid)

    there = daemon.wait_for(is_there, wait)
    _show(output, before)
    if process.poll() is not None:
        fail(f"the daemon has ended with status {process.returncode}; it was started with -c {found.config_file}")
    if not there:
        fail(
            f"the daemon (process {process.pid}) runs, but its workers are not there after {wait:g} s; see its error log"
        )
    click.echo(f"mpfcgi runs: process {process.pid}, {found.config_file}")


def _spawn(config_file: str, defines: tuple[str, ...], output: str) -> subprocess.Popen[bytes]:
    import subprocess  # not for the daemon's processes

    command = [sys.executable, "-m", "mpfcgi", "run", "-c", config_file]
    for define in defines:
        command += ["-D", define]
    try:
        make_folder(output)
        fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        fail(f"can't write {output}: {error.strerror}; name another place with a PidFile line")
    try:
        # A session of its own: the terminal's signals and its end are not the daemon's.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=fd, stderr=fd, start_new_session=True)
    finally:
        os.close(fd)


def _show(output: str, since: int) -> None:
    """What the daemon has said at its start."""
    with open(output, "rb") as file:
        file.seek(since)
        text = file.read(8192).decode(errors="replace")
    if text:
        click.echo(text, err=True, nl=False)
