"""A real Valkey or Redis on a unix socket of its own, which tests may kill and start again."""

from __future__ import annotations

import shutil
import subprocess

from tests.support.servers import connects, program, wait_until


class RedisServer:
    """Without persistence unless `keep`: then each write is on disk before it is answered."""

    def __init__(self, folder, keep=False):
        self.socket = str(folder / "redis.sock")
        self.url = f"unix://{self.socket}"
        name = next((name for name in ("valkey-server", "redis-server") if shutil.which(name)), "redis-server")
        self._command = [
            program(name), "--port", "0", "--unixsocket", self.socket, "--dir", str(folder), "--save", "",
            "--appendonly", "yes" if keep else "no", "--appendfsync", "always", "--logfile", str(folder / "redis.log"),
        ]  # fmt: skip
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_until(lambda: connects(self.socket), "redis listens", self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
