"""`mpfcgi frontend`: the web server's configuration for this one."""

from __future__ import annotations

import click

from mpfcgi.cli.common import clear_errors, config_option, define_option, fail, read_config

NAMES = ("nginx", "apache", "lighttpd", "caddy", "haproxy")


@click.command()
@click.argument("server", type=click.Choice(NAMES), metavar="|".join(NAMES))
@config_option
@define_option
@click.option("--check", "checked", is_flag=True, help="Ask the server's own checker what it says of it, too.")
@clear_errors
def frontend(server: str, config_file: str | None, defines: tuple[str, ...], checked: bool) -> None:
    """Print the web server's complete configuration for this one of ours.

    Its hosts with their names and ports, the sockets, limits and times that agree, and the folders that need no Python,
    whose files the web server sends itself. Exit status 1 when its checker, asked with --check, refuses it.

    \b
    Examples:
      mpfcgi frontend nginx -c mpfcgi.conf > /etc/nginx/conf.d/mpfcgi.conf
      mpfcgi frontend apache -c mpfcgi.conf --check
    """
    from mpfcgi.frontend import GENERATORS, CheckFailed, NotInstalled, check, deployment

    text = GENERATORS[server](deployment(read_config(config_file, defines)))
    click.echo(text, nl=False)
    if not checked:
        return
    try:
        said = check(server, text)
    except NotInstalled as error:
        fail(error)
    except CheckFailed as error:
        fail(f"{server} refuses this configuration:\n{error}")
    click.echo(said or f"{server} accepts this configuration", err=True)
