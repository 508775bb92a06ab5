"""uWSGI from PyPI (pyuwsgi), speaking FastCGI. It closes the connection after each request."""

from __future__ import annotations

from .base import Peer, in_venv


class Uwsgi(Peer):
    key = "uwsgi"
    title = "uWSGI (FastCGI)"
    keeps = False
    note = "connection per request"

    def command(self) -> list[str]:
        return [
            in_venv("pyuwsgi", "pyuwsgi"),
            "--fastcgi-socket", str(self.socket), "--chmod-socket=666", "--listen", "100",
            "--master", "--die-on-term", "--processes", str(self.processes),
            "--chdir", str(self.shop.apps / "wsgi"), "--module", "hello_wsgi", "--disable-logging",
        ]  # fmt: skip
