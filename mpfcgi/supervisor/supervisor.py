"""The supervisor's loop, and nothing else: signals and deaths in, starts and stops out.

It owns the listening sockets, the pools, the router and the scoreboard. It never runs user code, and never parses
what a client sent.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Sequence
from time import monotonic

from mpfcgi.config import Config, ConfigError, names_vary, pool_for, static_interpreters
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor import log as logs
from mpfcgi.supervisor import staffing
from mpfcgi.supervisor.commands import Command, Commands
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.pool import Beside, Crew, Pool, WorkerMain, new_queue
from mpfcgi.supervisor.router_handle import RouterCrew

# The one call. Imported before any fork: what all workers need is loaded once, and a new one starts at once.
from mpfcgi.worker import worker

SLOTS = 2048
# Seconds that workers get to leave when a second signal asks them to.
QUICK = 0.5
# Seconds between two looks at queues that are to run empty at the end.
LOOK_AGAIN = 0.02


class Supervisor:
    """Keeps every pool of a configuration staffed until told to stop.

    `reload` reads the configuration again (it may raise ConfigError); `ready` is called once, when all workers have
    started; `beside` are more processes to keep alive, each with the descriptors that it needs.
    """

    def __init__(
        self, config: Config, *, reload: Callable[[], Config], worker_main: WorkerMain = worker.run,
        ready: Callable[[], None] | None = None,
        beside: Sequence[tuple[str, Callable[[], int], list[int]]] = (),
    ) -> None:  # fmt: skip
        self.config = config
        self.log = logs.open_log(config)
        self._reload, self._worker_main, self._ready = reload, worker_main, ready
        self.listeners = Listeners()
        self.listeners.adopt(config.listens)
        self.scoreboard = Scoreboard(SLOTS)
        self.pools: dict[str, Pool] = {}
        self.router: RouterCrew | None = None
        self._hand_backs = new_queue()
        self._queues: dict[str, tuple[socket.socket, socket.socket]] = {}
        self._leaving: list[Crew] = []
        self._beside: list[Crew] = [Beside(name, main, keep, self.log) for name, main, keep in beside]
        self._generation = 0
        self._stopping: float | None = None
        # The crews that serve until those of a reload are ready.
        self._predecessors: list[Crew] = []

    def run(self) -> int:
        """Serve until told to stop; 0."""
        commands = Commands()
        try:
            self._make_crews()
            self.log.notice(f"mpfcgi started: {', '.join(self._addresses())}")
            while self._stopping is None or any(crew.members for crew in self._crews()):
                self._turn(commands)
        finally:
            self.listeners.close()
            commands.close()
        self.log.notice("mpfcgi stopped")
        return 0

    # -- one turn

    def _turn(self, commands: Commands) -> None:
        now = monotonic()
        if self._stopping is not None:
            self._leave_in_order(now)
        for crew in self._crews():
            crew.act(now)
        self._wait(commands, now)
        for command in commands.take():
            self._obey(command)
        self._reap()
        self._leaving = [crew for crew in self._leaving if crew.members]

    def _wait(self, commands: Commands, now: float) -> None:
        poll = select.poll()
        poll.register(commands.fileno(), select.POLLIN)
        lines = {}
        for crew in self._crews():
            for member in crew.members.values():
                for line in (member.control, member.channel):
                    if line is not None:
                        lines[line.fileno()] = (crew, member)
                        poll.register(line.fileno(), select.POLLIN)
        wakes = [time for crew in self._crews() if (time := staffing.wake(crew.snapshot())) is not None]
        if self._stopping is not None:
            wakes.append(now + LOOK_AGAIN)
        timeout = max(min(wakes) - now, 0) * 1000 + 1 if wakes else None
        for fd, _ in poll.poll(timeout):
            if fd not in lines:
                continue
            crew, member = lines[fd]
            if member.control is not None and member.control.fileno() == fd:
                member.read_control()
            elif isinstance(crew, RouterCrew):
                crew.answer(member, self._queue_for)
        self._check_ready()

    def _obey(self, command: Command) -> None:
        if command is Command.STOP:
            self._stop()
        elif command is Command.RELOAD and self._stopping is None:
            self._reload_now()
        elif command is Command.REOPEN:
            self.log.reopen()
            for crew in self._crews():
                for member in crew.members.values():
                    member.reopen_logs()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for crew in self._crews():
                if pid in crew.members:
                    crew.buried(pid, status, monotonic())
                    break

    # -- starting, reloading, stopping

    def _make_crews(self, on_demand: Sequence[str] = ()) -> None:
        """The pools that the configuration knows of, and those of the names `on_demand` where there is a router."""
        config = self.config
        names = static_interpreters(config)
        self.router = None
        if names_vary(config):
            # A pool that starts with its first request does not listen yet: somebody must see that request.
            started = {pool_for(config.pools, name).pattern for name in names}
            listens = [
                *(listen for listen in config.listens if not self._pool_of(listen)),
                *(listen for pool in config.pools if pool.pattern not in started for listen in pool.listens),
            ]
            self.router = RouterCrew(config, self.listeners.of(listens), self._hand_backs, self.log, self.scoreboard)
            names += tuple(name for name in on_demand if name not in names)
        self.pools = {}
        for name in names:
            self._add_pool(name)

    def _pool_of(self, listen: object) -> bool:
        return any(listen in pool.listens for pool in self.config.pools)

    def _add_pool(self, name: str) -> Pool:
        settings = pool_for(self.config.pools, name)
        listens = settings.listens
        if self.router is None:
            listens = self.config.listens
        if name not in self._queues:
            self._queues[name] = new_queue()
        pool = self.pools[name] = Pool(
            name, settings, self.config, self._generation, self.log, self.scoreboard, self._worker_main,
            self._queues[name], self.listeners.of(listens), self.router.hand_back if self.router else None,
        )  # fmt: skip
        return pool

    def _queue_for(self, name: str) -> socket.socket:
        """The sending end of a pool's queue; the pool is started if there is none."""
        if name not in self.pools and self._stopping is None:
            self.log.info(f"[pool {name}] started on demand")
            self._add_pool(name).act(monotonic())
        return self._queues[name][0]

    def _reload_now(self) -> None:
        """Check the new configuration; start its workers; when they are ready, let the old ones go."""
        try:
            config = self._reload()
            if not config.listens:
                raise ConfigError(f"{config.file} has no Listen line")
            log = logs.open_log(config)
            self.listeners.adopt(config.listens)
        except (ConfigError, OSError) as error:
            self.log.error(f"reload: the old configuration stays, for the new one is wrong: {error}")
            return
        known = static_interpreters(self.config)
        on_demand = [name for name in self.pools if name not in known]
        if self._predecessors:
            # The crews of the last reload are not ready, perhaps because they can't start: these take their place.
            self._retire(self._newest())
        else:
            self._predecessors = self._newest()
        self._generation += 1
        self.config = config
        self.log.become(log)
        self._make_crews(on_demand)
        self.log.notice("reload: the configuration is right; its workers are being started")

    def _check_ready(self) -> None:
        if not all(crew.is_ready for crew in self._newest()) or self._stopping is not None:
            return
        if self._predecessors:
            self._retire(self._predecessors)
            self._predecessors = []
            self.listeners.keep_only(self.config.listens)
            self.log.notice("reload: done; the old workers finish their requests and leave")
        if self._ready is not None:
            ready, self._ready = self._ready, None
            ready()

    def _retire(self, crews: list[Crew]) -> None:
        now = monotonic()
        for crew in crews:
            crew.retire_all(now)
        self._leaving += crews

    def _stop(self) -> None:
        """Let all finish and leave; the second time, at once."""
        if self._stopping is None:
            self._stopping = monotonic()
            self.log.notice("stopping: the workers finish their requests")
            return
        now = monotonic()
        for crew in self._crews():
            crew.patience = QUICK
            crew.retire_all(now)

    def _leave_in_order(self, now: float) -> None:
        """First who brings requests, then who passes them on, then, with the queues empty, who answers them."""
        crews = self._crews()
        stages: tuple[type[Crew], ...] = (Beside, RouterCrew)
        for stage in stages:
            leaving = [crew for crew in crews if isinstance(crew, stage)]
            for crew in leaving:
                crew.retire_all(now)
            if any(crew.members for crew in leaving):
                return
        if self._requests_wait() and now < (self._stopping or 0.0) + staffing.PATIENCE:
            return
        for crew in crews:
            crew.retire_all(now)

    def _requests_wait(self) -> bool:
        """Whether a queue holds connections that somebody is there to take."""
        poll = select.poll()
        for name, (_, receive_end) in self._queues.items():
            if name in self.pools and self.pools[name].is_ready and self.pools[name].wanted:
                poll.register(receive_end, select.POLLIN)
        return bool(poll.poll(0))

    # -- crews

    def _newest(self) -> list[Crew]:
        """The pools and the router of the configuration in use."""
        return [*self.pools.values(), *([self.router] if self.router else [])]

    def _crews(self) -> list[Crew]:
        return [*self._newest(), *self._predecessors, *self._leaving, *self._beside]

    def _addresses(self) -> list[str]:
        return [f"{listen.family}:{listen.address}" for listen in self.config.listens]
