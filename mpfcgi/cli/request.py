"""`mpfcgi request`: one request to the running daemon, with no web server in between."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import click

from mpfcgi.cli.common import address_of, clear_errors, config_option, define_option, fail, read_config
from mpfcgi.fastcgi import (
    ClientConnection,
    Event,
    ProtocolError,
    RequestEnded,
    StderrReceived,
    StdoutReceived,
    cgi_head,
)
from mpfcgi.gateway.upstream import connect

if TYPE_CHECKING:
    import _socket


@click.command()
@config_option
@define_option
@click.argument("path")
@click.option("-X", "--method", help="The method. Default: GET, or POST with --data.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; may be repeated.")
@click.option("-d", "--data", help="The request body; a form's, unless a Content-Type header says otherwise.")
@click.option("--host", default="localhost", show_default=True, help="The virtual host.")
@click.option("-i", "--include", is_flag=True, help="Show status and headers too.")
@clear_errors
def request(
    config_file: str | None, defines: tuple[str, ...], path: str, method: str | None, headers: tuple[str, ...],
    data: str | None, host: str, include: bool,
) -> None:  # fmt: skip
    """Send a request for PATH to the daemon and print its answer. Exit status 1 when it is an error (400 and above).

    \b
    Examples:
      mpfcgi request -c mpfcgi.conf /hello.py
      mpfcgi request -c mpfcgi.conf '/search?q=x' -i --host www.example.com
      mpfcgi request -c mpfcgi.conf /form.py -d 'name=Ada&lang=en'
    """
    if not path.startswith("/"):
        raise click.UsageError(f"PATH begins with a slash, {path!r} does not")
    config = read_config(config_file, defines)
    address = address_of(config)
    if address is None:
        fail(f"{config.file} has no Listen line with an address to connect to")
    body = os.fsencode(data or "")
    params = _params(path, method or ("POST" if data is not None else "GET"), host, headers, body)
    try:
        response, errors = _exchange(address, params, body)
        parsed = cgi_head.parse_head(response)
    except OSError as error:
        fail(f"no answer from {address}: {error.strerror or error}; is the daemon running?")
    except ProtocolError as error:
        fail(f"the answer makes no sense: {error}")
    if errors:
        click.echo(errors.decode(errors="replace"), err=True)
    if parsed is None:
        fail("the answer ended within its head")
    head, content = parsed
    if include:
        click.echo(f"{head.status} {head.reason}")
        for name, value in head.headers:
            click.echo(f"{name.decode('latin-1')}: {value.decode('latin-1')}")
        click.echo()
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.exit(1 if head.status >= 400 else 0)


def _params(path: str, method: str, host: str, headers: tuple[str, ...], body: bytes) -> dict[str, str]:
    params = {
        "REQUEST_METHOD": method, "REQUEST_URI": path, "QUERY_STRING": path.partition("?")[2],
        "SERVER_NAME": host.partition(":")[0], "SERVER_PORT": host.partition(":")[2] or "80", "HTTP_HOST": host,
        "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
    }  # fmt: skip
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.UsageError(f"a header is written 'NAME: VALUE', not {header!r}")
        key = name.strip().upper().replace("-", "_")
        params[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key] = value.strip()
    # What was typed goes over the wire byte by byte, as from a browser that does not encode it.
    return {name: os.fsencode(value).decode("latin-1") for name, value in params.items()}


def _exchange(address: str, params: dict[str, str], body: bytes) -> tuple[bytes, bytes]:
    """Everything that came on the two output streams."""
    client = ClientConnection()
    stdout, stderr = bytearray(), bytearray()
    with closing(connect(address)) as sock:
        sock.sendall(client.begin_request(params) + client.stdin(body) + client.stdin_end())
        while not isinstance(event := _next_event(sock, client), RequestEnded):
            if isinstance(event, StdoutReceived):
                stdout += event.data
            elif isinstance(event, StderrReceived):
                stderr += event.data
    return bytes(stdout), bytes(stderr)


def _next_event(sock: _socket.socket, client: ClientConnection) -> Event:
    while (event := client.next_event()) is None:
        received = sock.recv(65536)
        if not received:
            raise ConnectionError("it closed the connection")
        client.receive_data(received)
    return event
