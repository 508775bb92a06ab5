"""flup, the FastCGI library most Python sites on shared hosts have used."""

from __future__ import annotations

import importlib.util
import sys

from .base import Missing, Peer


class Flup(Peer):
    key = "flup"
    title = "flup (FastCGI, threads)"

    def command(self) -> list[str]:
        if importlib.util.find_spec("flup") is None:
            raise Missing("pip install flup")
        return [
            sys.executable,
            str(self.shop.apps / "wsgi" / "flup_server.py"),
            str(self.socket),
            str(self.processes),
        ]
