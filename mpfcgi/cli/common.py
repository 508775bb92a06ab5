"""What the subcommands share: finding and reading the configuration, and failing with one clear line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

import click

from mpfcgi import places, program
from mpfcgi.config import Config, ConfigError, load

# So many mistakes of a configuration are shown at once.
MISTAKES = 20
config_option = click.option(
    "-c",
    "--config",
    "config_file",
    metavar="FILE",
    help="The configuration. Default: mpfcgi.conf here, in ~/.config/mpfcgi, in ~/.mpfcgi, then in /etc/mpfcgi.",
)
define_option = click.option(
    "-D", "--define", "defines", multiple=True, metavar="NAME", help="Define NAME for <IfDefine>."
)
user_config_option = click.option(
    "-c",
    "--config",
    "config_file",
    metavar="FILE",
    help="The configuration. Default: ~/.config/mpfcgi/mpfcgi.conf, then ~/.mpfcgi/mpfcgi.conf, then that in /etc/mpfcgi/.",
)
connect_option = click.option(
    "--connect",
    "address",
    metavar="ADDRESS",
    help="Where the daemon listens, unix:PATH or HOST:PORT. Default: mpfcgi.sock beside the configuration, or its first Listen.",
)
start_option = click.option(
    "--start",
    is_flag=True,
    help="Start the daemon if it does not run, as `mpfcgi start` does.",
)


def find_config(named: str | None, or_make: Callable[[], str] | None = None) -> str:
    """The configuration file: the one that is named, or the first of the usual places that exists.

    Where there is none, what `or_make` makes and gives back: then the system's does not count for who isn't root, and
    could not start its daemon.
    """
    if named is not None:
        return named
    usual = ["mpfcgi.conf", *places.of_the_user()]
    if or_make is not None and os.geteuid() != 0:
        usual.remove(places.SYSTEM)
    found = places.first(usual)
    if found is None and or_make is not None:
        return or_make()
    if found is None:
        fail(f"{places.none_of(usual)}, or let `mpfcgi start` make a first one")
    return found


def address_in(config: str) -> str:
    """Where the daemon of a configuration file can be connected to: `unix:PATH` or `HOST:PORT`. OSError."""
    try:
        address = address_of(load(config))
    except ConfigError as error:
        raise OSError(str(error)) from None
    if address is None:
        raise OSError(f"{config} has no Listen line with an address to connect to")
    return address


def address_of(config: Config) -> str | None:
    """The address of the first Listen line that has one."""
    for listen in config.fastcgi_listens:
        if listen.family == "unix":
            return f"unix:{listen.address}"
        if listen.family == "tcp":
            return listen.address
    return None


def read_config(named: str | None, defines: Sequence[str]) -> Config:
    """Load the configuration. ConfigError."""
    return load(find_config(named), defines=defines)


def optimize_as_configured(config: Config) -> None:
    """Start this command anew where the main server's PythonOptimize wants it under -O, or no longer so.

    Its workers need only be forked then.
    """
    from mpfcgi.supervisor import other_python

    wanted = other_python.is_optimized(config)
    if wanted != bool(sys.flags.optimize) and (wanted or program.is_optimized_by_configuration()):
        sys.stdout.flush()
        command = program.anew(wanted)
        os.execv(command[0], command)


def fail(message: object, status: int = 1) -> NoReturn:
    """End the command with one line on stderr."""
    click.echo(f"mpfcgi: {message}", err=True)
    sys.exit(status)


def clear_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose ConfigErrors become a line each and exit status 1."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ConfigError as error:
            show_mistakes(error)
            sys.exit(1)

    return command


def show_mistakes(error: ConfigError) -> None:
    """A line on stderr for each thing that is wrong with a configuration."""
    found = (error, *error.others)
    shown = found if len(found) <= MISTAKES else found[: MISTAKES - 1]
    for mistake in shown:
        click.echo(f"mpfcgi: {mistake}", err=True)
    if len(shown) < len(found):
        click.echo(f"mpfcgi: and {len(found) - len(shown)} more", err=True)
