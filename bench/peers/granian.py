"""granian, the fastest Python server on PyPI, over HTTP with kept connections; the WSGI interface."""

from __future__ import annotations

from .base import Peer, in_venv


class Granian(Peer):
    key = "granian"
    title = "granian (HTTP, WSGI)"
    protocol = "http"

    def command(self) -> list[str]:
        return [
            in_venv("granian", "granian"),
            "--uds", str(self.socket), "--uds-permissions", "666", "--interface", "wsgi", "--http", "1",
            "--workers", str(self.processes), "--blocking-threads", "1", "--no-ws", "--log-level", "error",
            "--working-dir", str(self.shop.apps / "wsgi"), "hello_wsgi:application",
        ]  # fmt: skip
