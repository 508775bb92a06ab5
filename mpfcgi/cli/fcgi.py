"""`mpfcgi fcgi`: a FastCGI program that a web server starts, with its listening socket as descriptor 0 (FastCGI 2.2)."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import sys
from dataclasses import replace
from typing import NoReturn

import click

from mpfcgi import places
from mpfcgi.cli.common import (
    address_in,
    clear_errors,
    connect_option,
    define_option,
    fail,
    optimize_as_configured,
    read_config,
    show_mistakes,
    start_option,
    user_config_option,
)
from mpfcgi.config import ConfigError, Listen
from mpfcgi.ipc import control, inherited

LISTENER = 0
# Seconds for which one that can't answer says so: what is mended is seen by who is started next.
SORRY = 5.0


@click.command()
@user_config_option
@define_option
@connect_option
@start_option
@click.option("--alone", is_flag=True, help="Don't look for a daemon: answer all requests in this process.")
@clear_errors
def fcgi(config_file: str | None, defines: tuple[str, ...], address: str | None, start: bool, alone: bool) -> None:
    """Serve the connections of the socket that the web server has opened as standard input.

    For mod_fcgid, lighttpd's bin-path and spawn-fcgi. Where the user's own daemon runs, or may be started, connections
    are passed on to it; else this process answers them itself, one request at a time. SIGTERM and SIGUSR1 let it finish
    and leave. Where the configuration is wrong, or not there, it says why on stderr, and visitors get 503 for a while.

    \b
    Examples:
      #!/bin/sh
      exec /home/alice/.mpfcgi/venv/bin/mpfcgi fcgi --start      a script for FcgidWrapper
      spawn-fcgi -s /tmp/site.sock -- mpfcgi fcgi --alone -c site.conf
    """
    if alone and (start or address):
        raise click.UsageError("--alone looks for no daemon: it goes without --start and --connect")
    _check_listener()
    config_file = config_file or places.first(places.of_the_user())
    if config_file is None and not address:
        _apologise(places.none_of(places.of_the_user()))
    if not alone and _pass_on(config_file, address, start):
        return
    if config_file is None:
        _apologise(f"no daemon answers at {address}, and there is no configuration to answer by; name one with -c")
    try:
        status = _answer_alone(config_file, defines)
    except ConfigError as error:
        _apologise(error)
    sys.exit(status)


def _pass_on(config_file: str | None, address: str | None, start: bool) -> bool:
    """Pass connections on to the daemon until told to stop; False when there is none, or no more."""
    from mpfcgi.gateway.relay import Relay
    from mpfcgi.gateway.upstream import Upstream

    upstream = Upstream(config_file, address, start, address_in)

    def connect() -> socket.socket:
        return socket.socket(fileno=upstream.connect().detach())

    try:
        connect().close()
        with inherited.adopt(LISTENER) as listener:
            reason = Relay(listener, connect).run()
    except OSError as error:
        reason = error
    if reason is not None and start:
        click.echo(f"mpfcgi fcgi: {reason.strerror or reason}; answering the requests itself", err=True)
    return reason is None


def _answer_alone(config_file: str, defines: tuple[str, ...]) -> int:
    from mpfcgi.supervisor import alone as one_process
    from mpfcgi.worker import expanding, logs, startup

    config = replace(read_config(config_file, defines), listens=(Listen("fd", str(LISTENER)),))
    optimize_as_configured(config)
    logs.check(config)
    expanding.check(config)
    # libfcgi's programs finish at SIGUSR1, and lighttpd sends them that.
    commands = {**one_process.COMMANDS, signal.SIGUSR1: control.QUIT}
    return one_process.run(config, startup.run, commands, shared=config_file)


def _apologise(why: str | ConfigError) -> NoReturn:
    """Say why nothing can be answered, answer what is asked all the same, and end."""
    from mpfcgi.gateway import apology

    if isinstance(why, ConfigError):
        show_mistakes(why)
    else:
        click.echo(f"mpfcgi: {why}", err=True)
    with inherited.adopt(LISTENER) as listener:
        apology.serve(listener, SORRY)
    sys.exit(1)


def _check_listener() -> None:
    """FastCGI 2.2: getpeername(2) of a listening socket fails with ENOTCONN."""
    how = "a web server starts this with a listening socket as standard input; see mpfcgi fcgi --help"
    if not stat.S_ISSOCK(os.fstat(LISTENER).st_mode):
        if os.environ.get("GATEWAY_INTERFACE", "").startswith("CGI/"):
            fail("this is a CGI request, and no FastCGI program was asked for: use mpfcgi cgi", 2)
        fail(f"standard input is no socket: {how}", 2)
    with socket.socket(fileno=os.dup(LISTENER)) as sock:
        try:
            sock.getpeername()
        except OSError as error:
            if error.errno == errno.ENOTCONN and inherited.is_listening(sock):
                return
    fail(f"standard input is a socket that does not listen: {how}", 2)
