"""`mpfcgi serve`: a folder over HTTP at once, through the real supervisor and its workers."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from dataclasses import replace

import click

from mpfcgi.cli.common import clear_errors, fail, optimize_as_configured
from mpfcgi.config import Config, Listen, load, load_text
from mpfcgi.config.syntax import quote

# What a bare folder gets: its files, its publisher modules and PSP pages, lists of its folders.
EMBEDDED = """\
ServerName localhost
DocumentRoot {folder}
ErrorLog stderr
<PythonPool "*">
    MaxProcesses {workers}
</PythonPool>
<Directory {folder}>
    Options Indexes FollowSymLinks
    AllowOverride All
    Require all granted
    AddHandler mod_python .py .psp .psp_
    PythonHandler mod_python.publisher | .py
    <FilesMatch "\\.psp_?$">
        PythonHandler mod_python.psp
    </FilesMatch>
    PythonFixupHandler mpfcgi.cli.short_names
    PythonDebug On
    DirectoryIndex index.html index.py index.psp
</Directory>
<Files ".ht*">
    Require all denied
</Files>
"""


@click.command()
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to serve it.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 100), help="Worker processes of a bare folder."
)
@clear_errors
def serve(folder: str, bind: str, workers: int) -> None:
    """Serve DIR (this folder by default) over HTTP.

    A folder with an mpfcgi.conf is served as that says. In any other, .py files are publisher modules: a function is a
    page, and `index` the page of the module itself; .psp files are pages with Python in them, and an underscore behind
    the name shows what is made of one. Changed files are seen at the next request.

    \b
    Examples:
      mpfcgi serve
      mpfcgi serve ~/site --bind 0.0.0.0:8080
    """
    from mpfcgi.gateway import http
    from mpfcgi.supervisor import Supervisor, conditions

    folder = os.path.abspath(folder)
    if not os.path.isdir(folder):
        fail(f"{folder} is no folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        fail(f"{folder} can't be read: permission denied")
    config = _config(folder, workers)
    optimize_as_configured(config)
    listener = _bind(bind)
    if conditions.pools_of_root(config):
        click.echo("mpfcgi: warning: its code runs as root; start it as another user", err=True)
    private = tempfile.mkdtemp(prefix="mpfcgi-")
    listen = Listen("unix", os.path.join(private, "socket"), mode=0o600)

    def read() -> Config:
        config = _config(folder, workers)
        # Whoever knows the folder of a run can't know this one's: its status page asks there.
        return replace(
            config, listens=(listen, *config.connection_listens), pid_file="",
            control_socket=os.path.join(private, "control"), control_configured=True,
            allow_root=config.allow_root is not False,
        )  # fmt: skip

    try:
        host, port = listener.getsockname()[:2]
        gateway = ("http gateway", lambda: http.run(listener, listen.address), [listener.fileno()])
        supervisor = Supervisor(
            read(),
            reload=read,
            ready=lambda: click.echo(f"mpfcgi serves {folder} on http://{host}:{port}/ (Ctrl-C stops it)"),
            beside=[gateway],
        )
        status = supervisor.run()
    finally:
        shutil.rmtree(private, ignore_errors=True)
    sys.exit(status)


def _config(folder: str, workers: int) -> Config:
    own = os.path.join(folder, "mpfcgi.conf")
    if os.path.exists(own):
        return load(own)
    return load_text(EMBEDDED.format(folder=quote(folder), workers=workers), "(mpfcgi serve)", server_root=folder)


def _bind(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"--bind takes HOST:PORT, not {address!r}")
    host = host.strip("[]") or "127.0.0.1"
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, int(port)))
        sock.listen(128)
    except OSError as error:
        fail(f"can't serve on {address}: {error.strerror}; choose another with --bind")
    return sock
