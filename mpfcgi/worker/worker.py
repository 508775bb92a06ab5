"""A worker process: one loop over the pool's listeners, its handoff queue, its control socket and its connections.

It reads, routes, runs the handler in the same thread, writes, and keeps each connection open as long as its
front-end wants. Signals from the supervisor arrive as bytes on the control socket, between requests, so that they
never interrupt a handler.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from errno import EMFILE
from functools import partial
from time import monotonic

# What nearly every handler imports: loaded once, before the fork.
import mpfcgi.api.apache
import mpfcgi.api.version  # noqa: F401
from mpfcgi.api.constants import APLOG_ERR, APLOG_INFO
from mpfcgi.config import PoolSettings
from mpfcgi.fastcgi import Limits, Pairs, ParamsReceived, ParamsRejected, Seen
from mpfcgi.fastcgi.amend import with_params
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.worker import early, errorpages
from mpfcgi.worker.body import EMPTY
from mpfcgi.worker.channel import Channel
from mpfcgi.worker.connections import Connections, Lingering
from mpfcgi.worker.descriptors import ACCEPT_CAPACITY, Descriptors
from mpfcgi.worker.exchange import Exchange
from mpfcgi.worker.overtime import Overtime
from mpfcgi.worker.phases import Cycle
from mpfcgi.worker.relief import Relief
from mpfcgi.worker.services import WorkerServices
from mpfcgi.worker.watchdog import Watchdog
from mpfcgi.worker.wear import wear_of

ACCEPT_AGAIN = 0.1
SWEEP = 0.5
# The name of no interpreter.
ALL = "\0"


class Worker:
    """The loop of one worker, made from what the supervisor hands over at the fork."""

    def __init__(self, setup: WorkerSetup, services: WorkerServices) -> None:
        self.setup = setup
        self.slot = setup.slot
        self.services = services
        self.cycle = Cycle(self.services)
        self.services.cycle = self.cycle
        server_settings = self.services.resolver.server_settings(setup.config.main)
        self.timeout: float = server_settings.get("Timeout", 60.0)
        buffering = server_settings.get("RequestBuffering")
        self.body_in_memory: int = buffering.in_memory if buffering is not None else 256 * 1024
        self.limits = Limits()
        self.seen: Seen = {}
        self.values = {
            "FCGI_MAX_CONNS": "1000000",
            "FCGI_MAX_REQS": str(setup.pool.max_processes),
            "FCGI_MPXS_CONNS": "0",
        }
        # Whether a request may be for another pool.
        self.routed = setup.alone or setup.router is not None
        # The interpreter whose requests need no second look; none when it answers those of all.
        self._own = setup.name if not setup.alone else ALL
        self.waiting: set[Channel | Lingering] = set()
        # In the order of their arrival.
        self._channels: dict[Channel, None] = {}
        self._files = Descriptors(self.log_connection)
        services.out_of_files = self._run_short
        self.relief = Relief(setup, self._channels, lambda: self.watchdog.current)
        grows = setup.pool.process_manager != "static" and not setup.alone
        self._wear = None if setup.alone else wear_of(setup.max_requests, setup.pool.memory_limit)
        self._overtime = None if setup.alone else self._overtime_of(setup.pool)
        self.watchdog = Watchdog(
            setup.slot,
            setup.control if grows else None,
            self._is_worn if self._wear is not None else None,
            self._overtime,
            self.relief if setup.siblings is not None else None,
            self._log_mistake,
        )
        self._epoll = select.epoll()
        self._ready: dict[int, Callable[[int], None]] = {}
        self._stopping = False
        self._connections = Connections(self, self.cycle, self._asked_to_stop)
        self._accept_again = 0.0

    def _overtime_of(self, pool: PoolSettings) -> Overtime | None:
        """The limits of a request's time; None when there are none."""
        if not (pool.request_timeout or pool.slow_log or pool.interrupt_aborted):
            return None
        return Overtime(pool, self.setup.name, self.services, self._ask_replacement, self._since, self.relief.give)

    def run(self) -> int:
        """Serve until told to stop; the exit code."""
        self._watch_entrances()
        if self._overtime is not None:
            self._overtime.install()
        self.watchdog.start()
        self.slot.ready()
        control.tell(self.setup.control, control.READY)
        ready = self._ready
        poll = self._epoll.poll
        while not self._finished():
            for fd, events in poll(SWEEP if self.waiting or self._accept_again or self._stopping else -1):
                act = ready.get(fd)
                if act is not None:
                    act(events)
            if self.waiting or self._accept_again:
                self._sweep()
        self.services.shut_down()
        return 0

    # -- called by channels

    def serve(self, exchange: Exchange) -> None:
        """Run one request; log, cleanup and all."""
        slot = self.slot
        watchdog = self.watchdog
        slot.begin()
        watchdog.current = exchange
        if watchdog.asleep:
            watchdog.wake()
        try:
            self.cycle.serve(exchange)
        finally:
            if self.cycle.forks.in_child:
                self.cycle.forks.leave("what ran beside the handlers")
            watchdog.current = None
            slot.idle()
            if self.relief.giving:
                self.relief.wait()

    def keeps(self, channel: Channel, request: ParamsReceived, head: bytes) -> Pairs | None:
        """The parameters of a request for this pool; None when the router has the connection now, with `head`."""
        params = request.params
        if (params.derived or self.cycle.sites.head(params)).site.interpreter == self._own:
            return params
        router = self.setup.router
        if router is None and not self.setup.alone:
            return params
        sites = self.cycle.sites
        interpreter = sites.interpreter(params)
        if self.setup.alone:
            self.services.name = interpreter
        if interpreter == self.services.name:
            if sites.head(params).site.early_interpreter is None or handoff.STATE in params:
                return params
            begun = self._begin(params, request.role)
            carried = {handoff.INTERPRETER: begun.interpreter, handoff.STATE: begun.state}
            params = Pairs({**params, **carried})
            if self.setup.alone:
                self.services.name = begun.interpreter
            if begun.interpreter == self.services.name:
                return params
            head = with_params(head, carried)
        if router is None or not handoff.send(router, channel.sock, head):
            self.log_connection(f"request served by pool {self.setup.name}: it can't be handed on to its own")
            return params
        channel.release().close()
        return None

    def _begin(self, params: Pairs, role: int) -> early.Outcome:
        """The phases that run here before the request goes to its own pool."""
        self.slot.begin()
        try:
            return early.begin(self.cycle, params, role)
        finally:
            self.slot.idle()

    def body_rules(self, params: Pairs) -> tuple[int, bool]:
        """LimitRequestBody (bytes, 0 for none) and whether the body is collected before the handler starts."""
        return self.cycle.sites.body_rules(params)

    def refuse(self, channel: Channel, request: ParamsReceived, status: int, why: str) -> None:
        """Answer a request that no handler will see."""
        self.log_connection(f"request refused: {why}")
        self.cycle.refuse(Exchange(channel, request.role, request.params, EMPTY), status)

    def reject(self, channel: Channel, event: ParamsRejected) -> None:
        """Answer a request whose parameters went past a limit or are malformed."""
        self.log_connection(f"request refused: {event.reason}")
        self.cycle.refuse(Exchange(channel, event.role, Pairs(), EMPTY), event.status)

    def failed(self, channel: Channel, error: Exception) -> None:
        """A mistake of ours, or of a user's code where nobody expects any: it costs this connection, and no more."""
        self._log_mistake(error)
        channel.close()

    def _log_mistake(self, error: Exception) -> None:
        for line in errorpages.format_exception(error):
            self.services.log(APLOG_ERR, f"mpfcgi: {line.removesuffix(chr(10))}")

    def watch(self, channel: Channel, events: int) -> None:
        self._epoll.modify(channel.fd, events)

    def forget(self, channel: Channel) -> None:
        """The channel is closed or given away."""
        self.waiting.discard(channel)
        if channel in self._channels:
            del self._channels[channel]
            del self._ready[channel.fd]
            self._epoll.unregister(channel.fd)
            self.slot.set_connections(len(self._channels))

    def linger(self, lingering: Lingering) -> None:
        """Watch a connection that is to be closed soon."""
        self._register(lingering.sock, lingering.ready)
        self.waiting.add(lingering)

    def part_with(self, lingering: Lingering) -> None:
        """It is closed now."""
        self.waiting.discard(lingering)
        del self._ready[lingering.sock.fileno()]
        self._epoll.unregister(lingering.sock.fileno())

    def log_connection(self, text: str) -> None:
        self.services.log_connection(text)

    # -- entrances

    def _watch_entrances(self) -> None:
        setup = self.setup
        for listener in setup.listeners:
            self._register(listener, self._acceptor(listener, self._adopt))
        for listener, listen in setup.connection_listeners:
            self._register(listener, self._acceptor(listener, partial(self._connections.serve, listen=listen)))
        if setup.queue is not None:
            self._register(setup.queue, self._take_handed)
        self._register(setup.control, self._take_command)

    def _register(self, sock: socket.socket, act: Callable[[int], None]) -> None:
        sock.setblocking(False)
        self._ready[sock.fileno()] = act
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _acceptor(self, listener: socket.socket, adopt: Callable[[socket.socket], None]) -> Callable[[int], None]:
        def accept(events: int) -> None:
            try:
                sock, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._not_accepted(error)
                return
            sock.setblocking(False)
            adopt(sock)

        return accept

    def _not_accepted(self, error: OSError) -> None:
        if error.errno not in ACCEPT_CAPACITY:
            return
        if error.errno == EMFILE and not self.setup.alone:
            return self._run_short()
        self.log_connection(f"can't accept connections: {error.strerror}; trying again")
        self._listen(0)
        self._accept_again = monotonic() + ACCEPT_AGAIN

    def _run_short(self) -> None:
        """No file can be opened any more: ask for a worker in the place of this one, and leave connections to others."""
        if self._files.short or self._stopping or self.setup.alone:
            return
        self._files.short = True
        self.services.log(APLOG_ERR, self._files.shortage(len(self._channels)), self.services.main_server)
        self._ask_replacement()
        self._listen(0)
        if self.setup.siblings is not None:
            self.relief.part_with_idle()

    def _listen(self, events: int) -> None:
        for listener in self._entrances():
            self._epoll.modify(listener.fileno(), events)

    def _entrances(self) -> list[socket.socket]:
        queue = [self.setup.queue] if self.setup.queue is not None else []
        return [*self.setup.listeners, *(listener for listener, _ in self.setup.connection_listeners), *queue]

    def _adopt(self, sock: socket.socket, early: bytes = b"") -> None:
        if len(self._channels) >= self._files.most:
            self._files.make_room(self._channels)
        channel = Channel(sock, self)
        self._channels[channel] = None
        self._ready[channel.fd] = channel.ready
        self._epoll.register(channel.fd, select.EPOLLIN)
        self.slot.set_connections(len(self._channels))
        if early:
            channel.feed(early)
        else:
            channel.ready(select.EPOLLIN)

    def _take_handed(self, events: int) -> None:
        assert self.setup.queue is not None
        handed = self._files.receive(self.setup.queue)
        if self._files.gone:
            self._run_short()
        if handed is None:
            return
        sock, early = handed
        if self._files.short and self.setup.siblings is not None and handoff.send(self.setup.siblings, sock, early):
            # Its handler could open nothing here.
            sock.close()
            return
        sock.setblocking(False)
        self._adopt(sock, early)

    def _is_worn(self, served: int) -> bool:
        """Whether this worker is to be replaced: then the supervisor knows. Called by the watchdog."""
        assert self._wear is not None
        why = self._wear.why(served)
        if why is not None:
            self.services.log(APLOG_INFO, f"worker {os.getpid()} is to be replaced: {why}", self.services.main_server)
            self._ask_replacement()
        return why is not None

    def _ask_replacement(self) -> None:
        control.tell(self.setup.control, control.WORN)

    def _since(self) -> float:
        """When the request that runs began."""
        return self.slot.since

    # -- commands and the end

    def _take_command(self, events: int) -> None:
        commands = control.hear(self.setup.control)
        if commands is None:
            return
        if not commands or control.QUIT in commands:
            self._stop()
        if control.END in commands:
            control.die_by_sigterm()
        if control.REOPEN in commands:
            self.services.reopen_logs()
            if self.setup.daemon_log is not None:
                self.setup.daemon_log.reopen()
            if self._overtime is not None:
                self._overtime.reopened()

    def _asked_to_stop(self) -> bool:
        """Whether this worker is to leave, by what has come on the control socket while a connection is served."""
        self._take_command(select.EPOLLIN)
        return self._stopping

    def _stop(self) -> None:
        """Take no more connections; give the idle ones to the pool's other workers, or close them."""
        if self._stopping:
            return
        self._stopping = True
        control.leave()
        self.slot.leave()
        for sock in self._entrances():
            self._epoll.unregister(sock.fileno())
            del self._ready[sock.fileno()]
        self.relief.part_with_idle()

    def _finished(self) -> bool:
        if not self._stopping:
            return False
        self.relief.part_with_idle()
        return not self._channels

    def _sweep(self) -> None:
        """Close what has waited too long; listen again after a shortage."""
        now = monotonic()
        for channel in list(self.waiting):
            if channel.deadline is None:
                self.waiting.discard(channel)
            elif channel.deadline < now:
                channel.expire()
        if self._accept_again and now >= self._accept_again:
            self._accept_again = 0.0
            if not self._stopping and not self._files.short:
                self._listen(select.EPOLLIN)
