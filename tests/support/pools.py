"""The real daemon with one kind of pool, and requests that hold its workers."""

import contextlib

import psutil

from tests.support.client import Client
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

HANDLER = """\
import os, time
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    what = req.args or ""
    if what.startswith("hold="):
        path = what[5:]
        open(path + ".held", "w").close()
        while not os.path.exists(path):
            time.sleep(0.002)
    elif what == "grow":
        apache.kept = b"x" * (200 << 20)
    req.write("%d %s" % (os.getpid(), req.interpreter))
    return apache.OK
"""


class Pools:
    """A daemon with one kind of pool: what its <PythonPool>, the `top` and the `directory` of its site say."""

    def __init__(self, folder, pool, top="", directory="", handler=HANDLER):
        self.folder = folder
        config = one_handler(folder, handler, pool=pool) + f"LogLevel info\n{top}\n"
        if directory:
            config += f"<Directory {folder}/htdocs>\n{directory}\n</Directory>\n"
        for name in ("one", "two", "three"):
            (folder / "htdocs" / name).mkdir(exist_ok=True)
        self.daemon = Daemon(folder, config)

    def workers(self):
        """The process ids of workers; those that are ending are none any more."""
        found = []
        for child in psutil.Process(self.daemon.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "mpfcgi: pool " in " ".join(child.cmdline()):
                    found.append(child.pid)
        return found

    def until(self, number):
        wait_until(lambda: len(self.workers()) == number, f"{number} workers", self.daemon.process)

    def get(self, uri="/x.py", client=None):
        status, body = (client or Client(self.daemon.socket, keep_conn=False)).get(uri)
        assert status == 200, self.daemon.log()
        pid, name = body.decode().split()
        return int(pid), name

    def until_answered(self, uri):
        """The same, as soon as there is place: an answer is here before the scoreboard has its end."""
        found = []

        def answered():
            status, body = Client(self.daemon.socket, keep_conn=False).get(uri)
            found.append(body.decode().split())
            return status == 200

        wait_until(answered, "an answer", self.daemon.process)
        return found[-1]

    def hold(self, name, uri="/x.py"):
        """A request that lasts until `go`."""
        client = self.ask(f"{uri}?hold={self.folder / name}")
        wait_until((self.folder / f"{name}.held").exists, "a worker has it", self.daemon.process)
        return client

    def ask(self, uri):
        """A request whose answer is not waited for; its client."""
        client = Client(self.daemon.socket, keep_conn=False)
        client.send(uri)
        client.sock.sendall(client.wire.stdin_end())
        return client

    def go(self, name):
        (self.folder / name).touch()
