"""The floor: bench/floor/floor.c, compiled on the spot."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .base import Peer, installed

SOURCE = Path(__file__).parent.parent / "floor" / "floor.c"


class Floor(Peer):
    key = "floor"
    title = "C floor"
    note = "minimal epoll responder"

    def command(self) -> list[str]:
        program = self.folder / "floor"
        subprocess.run([installed("gcc", "cc", "gcc"), "-O2", "-o", program, SOURCE], check=True)
        return [str(program), str(self.socket), str(self.processes)]
