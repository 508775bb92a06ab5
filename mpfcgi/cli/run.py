"""`mpfcgi run`: the supervisor in the foreground."""

from __future__ import annotations

import os
import sys

import click

from mpfcgi import program
from mpfcgi.cli.common import clear_errors, config_option, define_option, fail, optimize_as_configured, read_config
from mpfcgi.config import Config


@click.command()
@config_option
@define_option
@click.option("-X", "alone", is_flag=True, help="One process without workers, so that pdb and breakpoint() work.")
@clear_errors
def run(config_file: str | None, defines: tuple[str, ...], alone: bool) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    With -X this process answers all requests itself, one after the other: handlers under PythonEnablePdb On, and those
    that call breakpoint(), have the terminal.

    \b
    Signals: TERM, INT  finish the requests and stop; a second one stops at once
             HUP        read the configuration again; a wrong one changes nothing
             USR1       open the log files again
             USR2       put a new program in the place of this one, for a new version
    """
    from mpfcgi.supervisor import Supervisor, surroundings, upgrade
    from mpfcgi.supervisor import alone as one_process
    from mpfcgi.supervisor.upgrade import Programs
    from mpfcgi.worker import expanding, logs, startup

    def read() -> Config:
        config = read_config(config_file, defines)
        logs.check(config)
        expanding.check(config)
        return config

    config = read()
    optimize_as_configured(config)
    if not config.listens:
        fail(f"{config.file}: there is no Listen line; write one such as: Listen unix:mpfcgi.sock mode=0666")
    surroundings.check(config)
    for warning in (*config.warnings, *surroundings.warnings(config)):
        click.echo(f"mpfcgi: warning: {warning}", err=True)
    if alone:
        sys.exit(one_process.run(config, startup.run))
    try:
        inherited = upgrade.inheritance(os.environ)
    except ValueError as error:
        fail(error)
    programs = Programs(_check(config.file, defines), program.anew())
    supervisor = Supervisor(
        config,
        reload=read,
        programs=programs,
        inherited=inherited,
    )
    sys.exit(supervisor.run())


def _check(config_file: str, defines: tuple[str, ...]) -> list[str]:
    """The command that says whether another run could start."""
    options = [option for define in defines for option in ("-D", define)]
    return [sys.executable, "-m", "mpfcgi", "check", "-c", config_file, *options]
