"""A supervisor whose workers say who they are (echo_daemon.py), its folder, and a client for it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from mpfcgi.fastcgi import ClientConnection, RequestEnded, StdoutReceived, ValuesReceived
from mpfcgi.fastcgi.cgi_head import parse_head
from tests.support.servers import PATIENCE

PROGRAM = Path(__file__).with_name("echo_daemon.py")
ONE_POOL = """
ServerName {mark}
Listen unix:echo.sock
ErrorLog error.log
<PythonPool "*">
    MaxProcesses {workers}
</PythonPool>
"""


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.005)
    return found


class Echoes:
    """The program, its folder, and a client for it."""

    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def configure(self, text="", mark="one", workers=1):
        config = ONE_POOL.format(mark=mark, workers=workers) + text.format(folder=self.folder)
        (self.folder / "mpfcgi.conf").write_text(config)

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, "mpfcgi.conf"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        return self

    def ready(self):
        line = self.process.stdout.readline()
        assert line == "ready\n", line + self.log
        return self

    @property
    def log(self):
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    def logs(self, text):
        until(lambda: text in self.log, f"{text!r} in {self.log}")

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        # Without a timeout yet: with one, connect() would not wait for room in the backlog.
        sock.connect(str(self.folder / "echo.sock"))
        sock.settimeout(20)
        return sock, ClientConnection()

    def silent(self):
        """A connection that a process has taken, for it has answered a question, and that brings no request yet."""
        sock, client = self.connect()
        sock.sendall(client.get_values(["FCGI_MAX_CONNS"]))
        while not isinstance(client.next_event(), ValuesReceived):
            client.receive_data(sock.recv(4096))
        return sock, client

    def send(self, uri="/", host="one", over=None):
        sock, client = over or self.connect()
        params = {"REQUEST_URI": uri, "HTTP_HOST": host, "REQUEST_METHOD": "GET", "SERVER_PORT": "80"}
        sock.sendall(client.begin_request(params) + client.stdin_end())
        return sock, client

    def receive(self, sock, client):
        """Status, and the words of the answer: process id, interpreter, mark."""
        output = b""
        while True:
            event = client.next_event()
            if isinstance(event, StdoutReceived):
                output += event.data
            elif isinstance(event, RequestEnded):
                break
            elif event is None:
                data = sock.recv(65536)
                assert data, "closed"
                client.receive_data(data)
        sock.close()
        head, body = parse_head(output)
        return head.status, body.decode().split()

    def get(self, uri="/", host="one", over=None):
        return self.receive(*self.send(uri, host, over))

    def hold(self):
        """A worker that stays busy until `go`."""
        (self.folder / "go").unlink(missing_ok=True)
        (self.folder / "held").unlink(missing_ok=True)
        held = self.send("/hold")
        until((self.folder / "held").exists, "a worker has the request")
        return held

    def go(self):
        (self.folder / "go").touch()

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        return self.process.wait(PATIENCE)

    def children(self):
        return psutil.Process(self.process.pid).children()

    def router(self):
        return next(child for child in self.children() if "router" in " ".join(child.cmdline()))
