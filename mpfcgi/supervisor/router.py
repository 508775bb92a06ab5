"""The router: a process that accepts connections for several pools, and hands each to the pool it is for.

It reads a request's head, no more: the host and the path tell the pool, and the pool's queue gets the connection with
what was read. Workers give back a kept connection whose next request is for another pool. It never runs user code.
"""

from __future__ import annotations

import errno
import select
import socket
from collections import deque
from dataclasses import dataclass
from time import monotonic

from mpfcgi.config import Config, Resolver, parse_uri, pool_for
from mpfcgi.fastcgi import Limits, ParamsReceived, ParamsRejected, ProtocolError, ServerConnection
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.scoreboard import BUSY, Scoreboard
from mpfcgi.supervisor.log import Log

READ_SIZE = 16 * 1024
HEAD_TIME = 60.0
# How long a connection that was refused is kept for its peer to read why.
LINGER = 2.0
TICK = 0.005
# Out of descriptors or memory: connections stay in the backlog, and we look again a little later.
ACCEPT_CAPACITY = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
ACCEPT_AGAIN = 0.1
VALUES = {"FCGI_MAX_CONNS": "1000000", "FCGI_MAX_REQS": "1000000", "FCGI_MPXS_CONNS": "0"}
UNAVAILABLE = (
    b"Status: 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain\r\n\r\n"
    b"All workers are busy and their queue is full. Please try again.\n"
)
TOO_LARGE = (
    b"Status: 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\n\r\nThe request's head is too large.\n"
)
BAD = b"Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThe request's head is malformed.\n"


@dataclass
class RouterSetup:
    """What the supervisor gives the router at the fork.

    `hand_backs` is the receiving end of the queue of connections that workers give back; a router that leaves puts its
    own into the sending end, `successor`.
    """

    config: Config
    listeners: list[socket.socket]
    successor: socket.socket
    hand_backs: socket.socket
    questions: socket.socket
    control: socket.socket
    log: Log
    scoreboard: Scoreboard


class Arrival:
    """A connection whose request is not known yet, or is `refused`; `raw` is all that was read of it."""

    __slots__ = ("deadline", "raw", "refused", "sock", "wire")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.raw = b""
        self.refused = False
        self.wire = ServerConnection(limits=Limits(params_bytes=handoff.MAX_EARLY), values=VALUES)
        self.deadline = monotonic() + HEAD_TIME


class Destination:
    """A pool as the router sees it: the sending end of its queue, and what waits because that is full."""

    __slots__ = ("bound", "complained", "pending", "queue")

    def __init__(self, queue: socket.socket, bound: int) -> None:
        self.queue, self.bound = queue, bound
        self.pending: deque[Arrival] = deque()
        self.complained = 0.0


class Router:
    """The loop of the router process."""

    def __init__(self, setup: RouterSetup) -> None:
        self.setup = setup
        self._resolver = Resolver(setup.config)
        self._destinations: dict[str, Destination] = {}
        self._arrivals: dict[int, Arrival] = {}
        self._epoll = select.epoll()
        self._listening = True
        self._accept_again = 0.0

    def run(self) -> int:
        """Route until told to stop."""
        entrances = {sock.fileno(): sock for sock in self.setup.listeners}
        for sock in (*self.setup.listeners, self.setup.hand_backs, self.setup.control):
            sock.setblocking(False)
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        control.tell(self.setup.control, control.READY)
        while self._listening or self._arrivals or self._waiting():
            for fd, _ in self._epoll.poll(self._timeout()):
                if fd in self._arrivals:
                    self._read(self._arrivals[fd])
                elif fd in entrances:
                    self._accept(entrances[fd])
                elif fd == self.setup.hand_backs.fileno():
                    self._take_back()
                else:
                    self._command()
            self._retry()
            self._expire()
        return 0

    def _timeout(self) -> float:
        if self._waiting():
            return TICK
        return ACCEPT_AGAIN if self._accept_again else 1.0

    # -- in

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError as error:
            if error.errno in ACCEPT_CAPACITY:
                self._pause(error)
            return
        self._arrive(Arrival(sock))

    def _pause(self, error: OSError) -> None:
        """Accept nothing for a while."""
        self.setup.log.error(f"can't accept connections: {error.strerror}; trying again")
        self._accept_again = monotonic() + ACCEPT_AGAIN
        for listener in self.setup.listeners:
            self._epoll.modify(listener.fileno(), 0)

    def _take_back(self) -> None:
        try:
            handed = handoff.receive(self.setup.hand_backs)
        except EOFError:
            self._epoll.unregister(self.setup.hand_backs.fileno())
            return
        if handed is None:
            return
        sock, early = handed
        arrival = Arrival(sock)
        self._arrive(arrival)
        if early:
            self._take(arrival, early)

    def _arrive(self, arrival: Arrival) -> None:
        arrival.sock.setblocking(False)
        self._arrivals[arrival.sock.fileno()] = arrival
        self._epoll.register(arrival.sock.fileno(), select.EPOLLIN)

    def _read(self, arrival: Arrival) -> None:
        try:
            data = arrival.sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(arrival)
        elif not arrival.refused:
            self._take(arrival, data)

    def _take(self, arrival: Arrival, data: bytes) -> None:
        arrival.raw += data
        wire = arrival.wire
        try:
            wire.receive_data(data)
            while (event := wire.next_event()) is not None:
                if isinstance(event, ParamsReceived):
                    self._route(arrival, event.params)
                    return
                if isinstance(event, ParamsRejected):
                    self._refuse(arrival, TOO_LARGE if event.status == 431 else BAD)
                    return
            self._answer(arrival, wire.data_to_send())
        except ProtocolError as error:
            self.setup.log.warning(f"connection closed: {error}")
            self._drop(arrival)
            return
        if not wire.active and not wire.buffered:
            arrival.raw = b""
        elif len(arrival.raw) > handoff.MAX_EARLY:
            self._refuse(arrival, TOO_LARGE)

    # -- out

    def _route(self, arrival: Arrival, params: dict[str, str]) -> None:
        if len(arrival.raw) > handoff.MAX_EARLY:
            self._refuse(arrival, TOO_LARGE)
            return
        name = self._interpreter(params)
        destination = self._destinations.get(name) or self._ask(name)
        if destination is None:
            self._refuse(arrival, UNAVAILABLE)
        elif destination.pending or not handoff.send(destination.queue, arrival.sock, arrival.raw):
            self._wait(name, destination, arrival)
        else:
            self._drop(arrival)

    def _interpreter(self, params: dict[str, str]) -> str:
        get = params.get
        server = self._resolver.server_for(
            get("HTTP_HOST", ""), get("SERVER_NAME", ""), get("SERVER_PORT", ""), get("SERVER_ADDR", ""),
            get("REQUEST_URI", ""),
        )  # fmt: skip
        early = self._resolver.early_interpreter(server)
        if early is not None:
            # Its worker runs the first phases, and hands the request back with the interpreter that goes on.
            return get(handoff.INTERPRETER) or early
        path, _, status = parse_uri(get("REQUEST_URI") or get("SCRIPT_NAME", "/") + get("PATH_INFO", ""))
        if status:
            return self._resolver.server_interpreter(server)
        try:
            resource, _ = self._resolver.resolve(server, path, get("DOCUMENT_ROOT", ""), get("SCRIPT_FILENAME", ""))
        except Exception as error:
            # One odd request must not end the way of all others; its worker will say what is wrong with it.
            self.setup.log.error(f"can't tell the interpreter of {path!r}: {type(error).__name__}: {error}")
            return self._resolver.server_interpreter(server)
        return resource.interpreter

    def _ask(self, name: str) -> Destination | None:
        """Ask the supervisor for a pool's queue; it starts the pool if need be."""
        questions = self.setup.questions
        try:
            questions.send(name.encode("utf-8", "surrogateescape"))
            _, descriptor = handoff.receive_descriptor(questions, 4096)
        except OSError:
            return None
        if descriptor is None:
            return None
        bound = pool_for(self.setup.config.pools, name).queue_length
        queue = socket.socket(fileno=descriptor)
        queue.setblocking(False)
        self._destinations[name] = Destination(queue, bound)
        return self._destinations[name]

    def _ask_again(self) -> None:
        """Pools have ended: give up all queues, and say so. What waits for one asks for it anew, and so starts it."""
        old, self._destinations = self._destinations, {}
        for name, destination in old.items():
            if destination.pending and (fresh := self._ask(name)) is not None:
                fresh.pending = destination.pending
            elif destination.pending:
                for arrival in destination.pending:
                    self._refuse(arrival, UNAVAILABLE)
            destination.queue.close()
        control.tell(self.setup.control, control.FORGET)

    def _wait(self, name: str, destination: Destination, arrival: Arrival) -> None:
        if len(destination.pending) >= destination.bound:
            self._complain(name, destination)
            self._refuse(arrival, UNAVAILABLE)
            return
        self._forget(arrival)
        destination.pending.append(arrival)

    def _complain(self, name: str, destination: Destination) -> None:
        """Say who holds the workers; once a second at most."""
        if monotonic() - destination.complained < 1:
            return
        destination.complained = monotonic()
        readings = [slot.read() for slot in self.setup.scoreboard.slots]
        busy = [
            f"{reading.pid}: {reading.line}" for reading in readings if reading.pool == name and reading.state == BUSY
        ]
        self.setup.log.error(
            f"[pool {name}] {destination.bound} requests wait already (QueueLength): the next get 503. Its workers: "
            + ("; ".join(busy) or "none is there")
        )

    def _waiting(self) -> bool:
        return any(destination.pending for destination in self._destinations.values())

    def _retry(self) -> None:
        for destination in self._destinations.values():
            pending = destination.pending
            while pending and handoff.send(destination.queue, pending[0].sock, pending[0].raw):
                pending.popleft().sock.close()

    def _answer(self, arrival: Arrival, data: bytes) -> None:
        if data:
            try:
                arrival.sock.send(data)
            except OSError:
                self._drop(arrival)

    def _refuse(self, arrival: Arrival, response: bytes) -> None:
        """Answer, and end the connection, but not before the peer has read it: unread bytes of its own would reset it."""
        try:
            arrival.sock.send(arrival.wire.stdout_end_request(response))
            arrival.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(arrival)
            return
        if arrival.sock.fileno() not in self._arrivals:
            self._arrive(arrival)
        arrival.refused = True
        arrival.deadline = monotonic() + LINGER

    # -- the end of arrivals, and of all

    def _expire(self) -> None:
        now = monotonic()
        if self._accept_again and now >= self._accept_again:
            self._accept_again = 0.0
            for listener in self.setup.listeners if self._listening else ():
                self._epoll.modify(listener.fileno(), select.EPOLLIN)
        for arrival in [arrival for arrival in self._arrivals.values() if arrival.deadline < now]:
            if arrival.raw or arrival.refused:
                self._drop(arrival)
            else:
                # A kept connection that says nothing yet: nobody waits for it.
                arrival.deadline = now + HEAD_TIME

    def _drop(self, arrival: Arrival) -> None:
        self._forget(arrival)
        arrival.sock.close()

    def _forget(self, arrival: Arrival) -> None:
        if self._arrivals.pop(arrival.sock.fileno(), None) is not None:
            self._epoll.unregister(arrival.sock.fileno())

    def _command(self) -> None:
        try:
            commands = self.setup.control.recv(16)
        except BlockingIOError:
            return
        except OSError:
            commands = b""
        if control.REOPEN in commands:
            self.setup.log.reopen()
        for _ in range(commands.count(control.FORGET)):
            self._ask_again()
        if not commands or control.QUIT in commands:
            self._stop()

    def _stop(self) -> None:
        """Accept no more. Connections that say nothing go to the successor; what has begun is still routed."""
        if not self._listening:
            return
        self._listening = False
        self._epoll.unregister(self.setup.control.fileno())
        for sock in (*self.setup.listeners, self.setup.hand_backs):
            try:
                self._epoll.unregister(sock.fileno())
            except OSError:
                pass
        for arrival in [arrival for arrival in self._arrivals.values() if not (arrival.raw or arrival.refused)]:
            # Without a successor it waits there for the end of the supervisor. One that finds no room is closed.
            handoff.send(self.setup.successor, arrival.sock)
            self._drop(arrival)


def run(setup: RouterSetup) -> int:
    """Be the router process."""
    return Router(setup).run()
