"""`mpfcgi cgi`: a CGI program that passes its request on to the daemon."""

from __future__ import annotations

import sys

import click

from mpfcgi.cli.common import address_in, connect_option, start_option, user_config_option


@click.command()
@user_config_option
@connect_option
@start_option
def cgi(config_file: str | None, address: str | None, start: bool) -> None:
    """Answer the CGI request that this process was started for, through the daemon.

    For hosts with nothing but CGI. Write a script into the web server's CGI folder and make it executable:

    \b
      #!/bin/sh
      exec /home/alice/.mpfcgi/venv/bin/mpfcgi cgi --start

    Without a daemon, and without leave to start one, the answer is 503.
    """
    # Here is where --help and mistakes come; a request takes the short way in mpfcgi/__main__.py.
    from mpfcgi.gateway import cgi as gateway

    sys.exit(gateway.run(config_file, address, start, address_in))
