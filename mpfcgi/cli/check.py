"""`mpfcgi check`: is the configuration right?"""

from __future__ import annotations

import click

from mpfcgi.cli.common import clear_errors, config_option, define_option, read_config
from mpfcgi.config import connection_interpreters, static_interpreters


@click.command()
@config_option
@define_option
@clear_errors
def check(config_file: str | None, defines: tuple[str, ...]) -> None:
    """Read the configuration and say what is wrong with it, with file and line.

    Exit status 1 when something is. Directives that only the front-end can carry out are reported, and are no error.
    """
    from mpfcgi.supervisor import locks
    from mpfcgi.worker import logs

    config = read_config(config_file, defines)
    logs.check(config)
    locks.settings(config)
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    if not config.listens:
        click.echo(f"warning: {config.file}: no Listen line: no front-end can connect", err=True)
    names = dict.fromkeys([*static_interpreters(config), *connection_interpreters(config)])
    click.echo(f"{config.file}: right. Interpreters: {', '.join(names)}")
