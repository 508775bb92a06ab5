"""`mpfcgi run`: the supervisor in the foreground."""

from __future__ import annotations

import sys

import click

from mpfcgi.cli.common import clear_errors, config_option, define_option, fail, read_config


@click.command()
@config_option
@define_option
@clear_errors
def run(config_file: str | None, defines: tuple[str, ...]) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    \b
    Signals: TERM, INT  finish the requests and stop; a second one stops at once
             HUP        read the configuration again; a wrong one changes nothing
             USR1       open the log files again
    """
    from mpfcgi.supervisor import Supervisor
    from mpfcgi.worker import logs

    config = read_config(config_file, defines)
    logs.check(config)
    if not config.listens:
        fail(f"{config.file}: there is no Listen line; write one such as: Listen unix:mpfcgi.sock mode=0666")
    for warning in config.warnings:
        click.echo(f"mpfcgi: warning: {warning}", err=True)
    sys.exit(Supervisor(config, reload=lambda: read_config(config_file, defines)).run())
