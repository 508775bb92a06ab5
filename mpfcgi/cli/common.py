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


def optimize_as_configured(config: Config) -> Callable[[Config], Config]:
    """Start this command anew under -O where PythonOptimize says so; what a reload passes its configuration through.

    Python decides on asserts when it starts, so that a reload can't change it: ConfigError.
    """
    wanted = _optimized(config)
    if wanted and not sys.flags.optimize:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-O", *sys.orig_argv[1:]])

    def unchanged(new: Config) -> Config:
        if _optimized(new) != wanted:
            raise ConfigError(
                "PythonOptimize has changed, which a reload can't bring about", None, "restart the daemon"
            )
        return new

    return unchanged


def _optimized(config: Config) -> bool:
    return any(
        directive.value for directive in [item for item in config.main.directives if item.name == "PythonOptimize"][-1:]
    )


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
