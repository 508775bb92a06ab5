"""gunicorn with threads, which is its way to keep connections to WSGI applications."""

from __future__ import annotations

from .base import Peer, in_venv


class Gunicorn(Peer):
    key = "gunicorn"
    title = "gunicorn (HTTP, gthread)"
    protocol = "http"

    def command(self) -> list[str]:
        return [
            in_venv("gunicorn", "gunicorn"),
            "--bind", f"unix:{self.socket}", "--umask", "0", "--worker-class", "gthread",
            "--workers", str(self.processes), "--threads", "8", "--keep-alive", "30", "--log-level", "error",
            "--no-control-socket", "--chdir", str(self.shop.apps / "wsgi"), "hello_wsgi:application",
        ]  # fmt: skip
