"""`mpfcgi genconfig`: the configuration that a file of `mod_python.httpdconf` describes."""

from __future__ import annotations

import runpy
import sys

import click

from mpfcgi.api import alias
from mpfcgi.cli.common import clear_errors


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@clear_errors
def genconfig(file: str, arguments: tuple[str, ...]) -> None:
    """Run FILE, a Python file that prints a configuration with mod_python.httpdconf, with its ARGUMENTS in sys.argv.

    \b
    mpfcgi genconfig conf/httpd_conf.py > conf/mpfcgi.conf
    """
    alias.install()
    sys.argv = [file, *arguments]
    runpy.run_path(file, run_name="__main__")
