"""A supervisor over workers that only echo: run as a program with a configuration file.

A worker answers with its process id, its interpreter and what the configuration's EchoMark says; /hold keeps it until
the file `go` is in the folder. While the file `crash` is there, or `crash.MARK` for workers of that mark, they leave a
letter in it and die as soon as they start. A connection that has no request goes to the siblings of a leaving worker.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from pathlib import Path

from mpfcgi.config import load
from mpfcgi.fastcgi import ConnectionClosed, ParamsReceived, ServerConnection, StdinEnded
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.supervisor import Supervisor


class Echo:
    def __init__(self, setup: WorkerSetup) -> None:
        self.setup = setup
        self.connections: dict[socket.socket, tuple[ServerConnection, dict[str, str]]] = {}
        self.leaving = False

    def run(self) -> int:
        for crash in (Path("crash"), Path(f"crash.{self.setup.config.main.name}")):
            if crash.exists():
                with crash.open("a") as file:
                    file.write("x")
                os._exit(3)
        self.setup.slot.ready()
        control.tell(self.setup.control, control.READY)
        while not (self.leaving and not self.connections):
            entrances = [] if self.leaving else [*self.setup.listeners, self.setup.queue, self.setup.control]
            for ready in select.select([*entrances, *self.connections], [], [])[0]:
                self.act(ready)
        return 0

    def act(self, ready: socket.socket) -> None:
        if ready is self.setup.control:
            commands = ready.recv(8)
            if not commands or control.QUIT in commands:
                self.leaving = True
                self.part_with_idle()
        elif ready is self.setup.queue:
            handed = handoff.receive(ready)
            if handed:
                self.adopt(handed[0])
                self.feed(handed[0], handed[1])
        elif ready in self.setup.listeners:
            try:
                self.adopt(ready.accept()[0])
            except BlockingIOError:
                pass
        else:
            data = ready.recv(65536)
            self.feed(ready, data)
            if not data:
                self.drop(ready)

    def part_with_idle(self) -> None:
        for sock, (wire, _) in list(self.connections.items()):
            if not wire.active and not wire.buffered:
                handoff.send(self.setup.siblings, sock)
                self.drop(sock)

    def adopt(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self.connections[sock] = (ServerConnection(), {})

    def drop(self, sock: socket.socket) -> None:
        del self.connections[sock]
        sock.close()

    def feed(self, sock: socket.socket, data: bytes) -> None:
        wire, params = self.connections[sock]
        wire.receive_data(data)
        while (event := wire.next_event()) is not None:
            if isinstance(event, ParamsReceived):
                params.update(event.params)
            elif isinstance(event, StdinEnded):
                self.answer(sock, wire, params)
                return
            elif isinstance(event, ConnectionClosed):
                return
        sock.sendall(wire.data_to_send())

    def answer(self, sock: socket.socket, wire: ServerConnection, params: dict[str, str]) -> None:
        self.setup.slot.begin()
        self.setup.slot.describe(params["REQUEST_URI"].encode())
        if params["REQUEST_URI"] == "/hold":
            Path("held").touch()
            while not Path("go").exists():
                time.sleep(0.005)
        mark = self.setup.config.main.name
        body = f"Content-Type: text/plain\r\n\r\n{os.getpid()} {self.setup.name} {mark}".encode()
        sock.sendall(wire.stdout_end_request(body))
        self.setup.slot.idle()
        self.drop(sock)


if __name__ == "__main__":
    path = sys.argv[1]
    code = Supervisor(
        load(path),
        reload=lambda: load(path),
        worker_main=lambda setup: Echo(setup).run(),
        ready=lambda: print("ready", flush=True),
    ).run()
    sys.exit(code)
