"""The router: a process that accepts connections for several pools, and hands each to the pool it is for.

It reads a request's head, no more: the host and the path tell the pool, and the pool's queue gets the connection with
what was read. Workers give back a kept connection whose next request is for another pool. It never runs user code.
"""

from __future__ import annotations

import errno
import select
import socket
from dataclasses import dataclass
from time import monotonic

from mpfcgi.config import Config, Resolver, pool_for
from mpfcgi.fastcgi import ParamsReceived, ParamsRejected, ProtocolError, RequestAborted
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.scoreboard import BUSY, IDLE, Scoreboard, SlotReading, name_in_slot
from mpfcgi.supervisor import refusals
from mpfcgi.supervisor.destination import HEAD_TIME, Arrival, Destination
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.signpost import interpreter_of
from mpfcgi.supervisor.spare import Spare

READ_SIZE = 16 * 1024
# How long a connection that was refused is kept for its peer to read why.
LINGER = 2.0
TICK = 0.005
# Seconds for a request's head where there is no room for more connections: front-ends send it at once.
SLOW = 1.0
# Seconds at most between two looks at requests that wait.
LOOK = 0.5
# Out of descriptors or memory: connections stay in the backlog, and we look again a little later.
ACCEPT_CAPACITY = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
ACCEPT_AGAIN = 0.1


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


class Router:
    """The loop of the router process."""

    def __init__(self, setup: RouterSetup) -> None:
        self.setup = setup
        self._resolver = Resolver(setup.config)
        self._destinations: dict[str, Destination] = {}
        # Those in which a request may wait, with the time at which to look; and those that have no room.
        self._waiting: dict[Destination, float] = {}
        self._stuck: set[Destination] = set()
        self._complained: dict[str, float] = {}
        self._arrivals: dict[int, Arrival] = {}
        self._epoll = select.epoll()
        self._listening = True
        self._accept_again = 0.0
        self._next_look = 0.0
        # For the ends of a queue, and for a connection that is handed over: the kernel closes what finds no room.
        self._spare = Spare(2)

    def run(self) -> int:
        """Route until told to stop."""
        entrances = {sock.fileno(): sock for sock in self.setup.listeners}
        for sock in (*self.setup.listeners, self.setup.hand_backs, self.setup.control):
            sock.setblocking(False)
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        control.tell(self.setup.control, control.READY)
        while self._listening or self._arrivals or self._stuck:
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
            if self._waiting:
                self._look_after(monotonic())
        return 0

    def _timeout(self) -> float:
        if self._stuck:
            return TICK
        if self._waiting:
            return max(min(self._waiting.values()) - monotonic(), 0.001)
        return ACCEPT_AGAIN if self._accept_again else 1.0

    # -- in

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError as error:
            if error.errno in ACCEPT_CAPACITY:
                self._make_room(error)
            return
        self._arrive(Arrival(sock))

    def _make_room(self, error: OSError) -> None:
        """Close connections that say nothing, or too little, those that came first; without any, accept none for a while."""
        now = monotonic()
        closable, why = [arrival for arrival in self._arrivals.values() if arrival.silent], "that say nothing"
        if not closable:
            closable = [arrival for arrival in self._arrivals.values() if arrival.age(now) > SLOW]
            why = f"that have not sent a request's head within {SLOW:g} s"
        closed = closable[: max(len(closable) // 8, 1)]
        for arrival in closed:
            self._drop(arrival)
        self._spare.take()
        # The name of no pool, and one line a second of each kind.
        kind = f"\0{why if closed else ''}"
        if now - self._complained.get(kind, 0.0) > 1:
            self._complained[kind] = now
            what = f"closed {len(closed)} {why}" if closed else "trying again"
            self.setup.log.error(f"can't accept connections: {error.strerror} (ulimit -n); {what}")
        if closed:
            return
        self._accept_again = monotonic() + ACCEPT_AGAIN
        for listener in self.setup.listeners:
            self._epoll.modify(listener.fileno(), 0)

    def _take_back(self) -> None:
        self._spare.give()
        try:
            handed = handoff.receive(self.setup.hand_backs)
        except EOFError:
            self._epoll.unregister(self.setup.hand_backs.fileno())
            return
        except OSError as error:
            self._make_room(error)
            return
        finally:
            self._spare.take()
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
        data = control.hear(arrival.sock, READ_SIZE)
        if data is None:
            return
        if not data:
            self._drop(arrival)
        elif not arrival.refused:
            self._take(arrival, data)

    def _take(self, arrival: Arrival, data: bytes) -> None:
        if not arrival.raw:
            arrival.begin()
        arrival.raw += data
        wire = arrival.wire
        try:
            wire.receive_data(data)
            while (event := wire.next_event()) is not None:
                if isinstance(event, ParamsReceived):
                    self._route(arrival, event.params)
                    return
                if isinstance(event, ParamsRejected):
                    self._refuse(arrival, refusals.TOO_LARGE if event.status == 431 else refusals.BAD)
                    return
                if isinstance(event, RequestAborted) and not self._abort(arrival):
                    return
            answer = wire.data_to_send()
            if not wire.active:
                # Within a request the worker answers, who reads it all again.
                self._answer(arrival, answer)
        except ProtocolError as error:
            self.setup.log.warning(f"connection closed: {error}")
            self._drop(arrival)
            return
        if not wire.active and not wire.buffered:
            arrival.raw = b""
        elif len(arrival.raw) > handoff.MAX_EARLY:
            self._refuse(arrival, refusals.TOO_LARGE)

    def _abort(self, arrival: Arrival) -> bool:
        """FCGI_ABORT_REQUEST within the head: answer its end (FastCGI 5.4). False when the connection has ended, too."""
        wire = arrival.wire
        self._answer(arrival, wire.end_request())
        arrival.raw = wire.buffered
        if not wire.keep_conn:
            self._drop(arrival)
        return arrival.sock.fileno() >= 0

    # -- out

    def _route(self, arrival: Arrival, params: dict[str, str]) -> None:
        if len(arrival.raw) > handoff.MAX_EARLY:
            self._refuse(arrival, refusals.TOO_LARGE)
            return
        name = interpreter_of(self._resolver, params, self.setup.log)
        destination = self._destinations.get(name) or self._ask(name)
        arrival.arrived = monotonic()
        if destination is None:
            self._refuse(arrival, refusals.UNAVAILABLE)
        elif destination.is_full() and not self._readings(name, IDLE):
            self._complain(destination, f"{destination.bound} requests wait already (QueueLength): the next get 503")
            self._refuse(arrival, refusals.UNAVAILABLE)
        elif destination.pass_on(arrival):
            self._drop(arrival)
            self._waits(destination)
        else:
            self._forget(arrival)
            destination.pending.append(arrival)
            self._waits(destination)
            self._stuck.add(destination)

    def _ask(self, name: str) -> Destination | None:
        """Ask the supervisor for a pool's queue; it starts the pool if need be."""
        questions = self.setup.questions
        self._spare.give()
        try:
            questions.send(name.encode("utf-8", "surrogateescape"))
            _, descriptors = handoff.receive_descriptors(questions, 4096, 2)
            ends = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        except OSError:
            return None
        finally:
            self._spare.take()
        if len(ends) < 2:
            for end in ends:
                end.close()
            return None
        pool = pool_for(self.setup.config.pools, name)
        send, receive = ends
        for end in ends:
            end.setblocking(False)
        found = self._destinations[name] = Destination(name, send, receive, pool.queue_length, pool.queue_timeout)
        return found

    def _ask_again(self) -> None:
        """Pools have ended: give up all queues, and say so. What waits for one asks for it anew, and so starts it."""
        old, self._destinations = self._destinations, {}
        self._waiting.clear()
        self._stuck.clear()
        for name, destination in old.items():
            fresh = self._ask(name) if destination.holds() else None
            for arrival in destination.pending:
                if fresh is None:
                    self._refuse(arrival, refusals.UNAVAILABLE)
                else:
                    fresh.pending.append(arrival)
                    self._stuck.add(fresh)
            if fresh is not None:
                self._waits(fresh)
            destination.close()
        control.tell(self.setup.control, control.FORGET)

    def _waits(self, destination: Destination) -> None:
        """Something waits there now: look after it from time to time."""
        if destination.patience and destination not in self._waiting:
            self._waiting[destination] = monotonic() + min(destination.patience / 4, LOOK)

    def _look_after(self, now: float) -> None:
        """Refuse what has waited for too long."""
        for destination, time in list(self._waiting.items()):
            if now < time:
                continue
            for arrival in destination.late(now):
                self._complain(
                    destination, f"requests have waited for {destination.patience:g} s (QueueTimeout): they get 503"
                )
                self._refuse(arrival, refusals.LATE)
            del self._waiting[destination]
            if destination.holds():
                self._waits(destination)

    def _complain(self, destination: Destination, what: str) -> None:
        """Say who holds the workers; once a second at most."""
        name, now = destination.name, monotonic()
        if now - self._complained.get(name, 0.0) < 1:
            return
        self._complained[name] = now
        busy = [f"{reading.pid}: {reading.line}" for reading in self._readings(name, BUSY)]
        self.setup.log.error(f"[pool {name}] {what}. Its workers: " + ("; ".join(busy) or "none is there"))

    def _readings(self, name: str, state: int) -> list[SlotReading]:
        """The workers of a pool that are in a state."""
        readings = (slot.read() for slot in self.setup.scoreboard.slots if slot.state == state)
        shown = name_in_slot(name)
        return [reading for reading in readings if reading.pool == shown]

    def _retry(self) -> None:
        for destination in list(self._stuck):
            for arrival in destination.retry():
                arrival.sock.close()
            if not destination.pending:
                self._stuck.discard(destination)

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
        if now < self._next_look:
            return
        self._next_look = now + LOOK
        for arrival in [arrival for arrival in self._arrivals.values() if arrival.deadline < now]:
            if not arrival.silent:
                if not arrival.refused:
                    self.setup.log.warning(f"connection closed: its request's head was not there after {HEAD_TIME:g} s")
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
        commands = control.hear(self.setup.control)
        if commands is None:
            return
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
        control.leave()
        self._epoll.unregister(self.setup.control.fileno())
        for sock in (*self.setup.listeners, self.setup.hand_backs):
            try:
                self._epoll.unregister(sock.fileno())
            except OSError:
                pass
        for arrival in [arrival for arrival in self._arrivals.values() if arrival.silent]:
            # Without a successor it waits there for the end of the supervisor. One that finds no room is closed.
            handoff.send(self.setup.successor, arrival.sock)
            self._drop(arrival)


def run(setup: RouterSetup) -> int:
    """Be the router process."""
    return Router(setup).run()
