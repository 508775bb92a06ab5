"""Start real web servers in front of the daemon, each on a free port and in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.support.apache import MODULES
from tests.support.servers import connects, free_port, program, wait_until

APACHE = """\
ServerRoot {folder}
ServerName localhost
{modules}
User www-data
Group www-data
PidFile {folder}/httpd.pid
Mutex file:{folder} default
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MaxRequestWorkers 32
TypesConfig /etc/mime.types
ErrorLog {folder}/frontend.log
DefaultRuntimeDir {folder}
"""
APACHE_MODULES = (
    "mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "alias", "dir", "mime", "env",
    "setenvif", "rewrite", "proxy", "proxy_fcgi", "ssl", "socache_shmcb", "headers", "fcgid", "xsendfile", "remoteip",
)  # fmt: skip
NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/frontend.log warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include /etc/nginx/mime.types;
    include {folder}/site.conf;
}}
"""
CADDY = """\
{{
    admin off
    auto_https off
    storage file_system {folder}/caddy
    log {{
        output file {folder}/frontend.log
    }}
}}
"""
HAPROXY = "global\n    maxconn 200\n\n"


@contextlib.contextmanager
def frontend(kind: str, folder: Path, config: Callable[[int, int], str]) -> Iterator[tuple[int, int]]:
    """A server of `kind` with the site that `config` writes for two free ports; gives them, the first being open.

    What it says goes to `folder`/frontend.log and frontend.out.
    """
    for last in (False, False, True):
        ports = free_port(), free_port()
        process = _start(kind, folder, config(*ports))
        try:
            wait_until(lambda: process.poll() is not None or connects(("127.0.0.1", ports[0])), f"{kind} listens")  # noqa: B023
            if process.poll() is None:
                yield ports
                return
        finally:
            _stop(process)
        said = (folder / "frontend.out").read_text()
        # Another test may have taken a port in the meantime.
        if last or not any(word in said.lower() for word in ("in use", "could not bind", "cannot bind")):
            raise AssertionError(f"{kind} does not start: {said}")


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(kind: str, folder: Path, site: str) -> subprocess.Popen:
    with (folder / "frontend.out").open("w") as output:
        return subprocess.Popen(
            _COMMANDS[kind](folder, site),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Apache ends by a signal to its whole process group.
            start_new_session=True,
            env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        )


def _nginx(folder: Path, site: str) -> Sequence[str]:
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    return [program("nginx"), "-e", f"{folder}/frontend.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]


def _apache(folder: Path, site: str) -> Sequence[str]:
    found = [name for name in APACHE_MODULES if (MODULES / f"mod_{name}.so").exists()]
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in found)
    (folder / "httpd.conf").write_text(APACHE.format(folder=folder, modules=modules) + site)
    return [program("apache2"), "-f", f"{folder}/httpd.conf", "-DFOREGROUND"]


def _lighttpd(folder: Path, site: str) -> Sequence[str]:
    log = f'server.errorlog = "{folder}/frontend.log"\nserver.upload-dirs = ("{folder}")\n'
    (folder / "lighttpd.conf").write_text(site + log)
    return [program("lighttpd"), "-D", "-f", f"{folder}/lighttpd.conf"]


def _caddy(folder: Path, site: str) -> Sequence[str]:
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder) + site)
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile"]


def _haproxy(folder: Path, site: str) -> Sequence[str]:
    (folder / "haproxy.cfg").write_text(HAPROXY + site)
    return [program("haproxy"), "-db", "-f", f"{folder}/haproxy.cfg"]


_COMMANDS: dict[str, Callable[[Path, str], Sequence[str]]] = {
    "nginx": _nginx,
    "apache": _apache,
    "lighttpd": _lighttpd,
    "caddy": _caddy,
    "haproxy": _haproxy,
}
