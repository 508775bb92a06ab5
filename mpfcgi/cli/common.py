"""What the subcommands share: finding and reading the configuration, and failing with one clear line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

import click

from mpfcgi.config import Config, ConfigError, load

config_option = click.option(
    "-c",
    "--config",
    "config_file",
    metavar="FILE",
    help="The configuration. Default: mpfcgi.conf here, then the user's, then /etc/mpfcgi/.",
)
define_option = click.option(
    "-D", "--define", "defines", multiple=True, metavar="NAME", help="Define NAME for <IfDefine>."
)


def find_config(named: str | None) -> str:
    """The configuration file: the one that is named, or the first of the usual places that exists."""
    if named is not None:
        return named
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    places = ("mpfcgi.conf", os.path.join(home, "mpfcgi", "mpfcgi.conf"), "/etc/mpfcgi/mpfcgi.conf")
    for place in places:
        if os.path.exists(place):
            return place
    fail(f"no configuration: there is no {', no '.join(places)}; name one with -c")


def read_config(named: str | None, defines: Sequence[str]) -> Config:
    """Load the configuration. ConfigError."""
    return load(find_config(named), defines=defines)


def fail(message: object, status: int = 1) -> NoReturn:
    """End the command with one line on stderr."""
    click.echo(f"mpfcgi: {message}", err=True)
    sys.exit(status)


def clear_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose ConfigErrors become one line and exit status 1."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            fail(error)

    return command
