"""The `mpfcgi` command: one module for each subcommand. The only room that writes for people."""

from __future__ import annotations

import click

from mpfcgi import __version__
from mpfcgi.cli.cgi import cgi
from mpfcgi.cli.check import check
from mpfcgi.cli.fcgi import fcgi
from mpfcgi.cli.frontend import frontend
from mpfcgi.cli.genconfig import genconfig
from mpfcgi.cli.request import request
from mpfcgi.cli.run import run
from mpfcgi.cli.serve import serve
from mpfcgi.cli.stack import stack
from mpfcgi.cli.start import start
from mpfcgi.cli.status import status
from mpfcgi.cli.stop import reload, restart, stop
from mpfcgi.cli.top import top


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mpfcgi")
def main() -> None:
    """mod_python applications outside the web server, in pools of workers that speak FastCGI.

    \b
    Examples:
      mpfcgi serve                      serve this folder on http://127.0.0.1:8000
      mpfcgi run -c mpfcgi.conf         the daemon, in the foreground
      mpfcgi start -c mpfcgi.conf       the daemon, in the background; stop, reload, restart
      mpfcgi status                     what it does; top refreshes it, stack PID shows where a worker is
      mpfcgi check -c mpfcgi.conf       is the configuration right?
      mpfcgi check old-site             what in these handlers needs porting?
      mpfcgi request -c mpfcgi.conf /   one request to the running daemon
      mpfcgi frontend nginx             the web server's side of the configuration
      mpfcgi genconfig conf.py          the configuration that a file of mod_python.httpdconf describes
      mpfcgi fcgi, mpfcgi cgi           as a program of a web server, where there is no daemon of root's
    """


for _command in (
    serve, run, start, stop, reload, restart, status, top, stack, check, request, frontend, genconfig, fcgi, cgi,
):  # fmt: skip
    main.add_command(_command)
