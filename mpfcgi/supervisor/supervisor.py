"""The supervisor's loop, and nothing else: signals and deaths in, starts and stops out.

It owns the listening sockets, the pools, the router and the scoreboard. It never runs user code, and never parses
what a client sent.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Sequence
from time import monotonic

from mpfcgi.config import Config, ConfigError
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor import locks, process, shortages, stacks, surroundings, systemd, upgrade
from mpfcgi.supervisor import log as logs
from mpfcgi.supervisor.commands import Command, Commands
from mpfcgi.supervisor.crew import Beside, Crew
from mpfcgi.supervisor.desk import Desk
from mpfcgi.supervisor.generation import Generation
from mpfcgi.supervisor.lines import Lines
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.means import Means, WorkerMain
from mpfcgi.supervisor.pool import Pool, patience_of
from mpfcgi.supervisor.queues import Queue, Queues, move
from mpfcgi.supervisor.router_handle import RouterCrew
from mpfcgi.supervisor.upgrade import Inheritance, Programs, members_of

# The one call. Imported before any fork: what all workers need is loaded once, and a new one starts at once.
from mpfcgi.worker import startup

SLOTS = 2048
# Seconds that workers get to leave when a second signal asks them to.
QUICK = 0.5
# Seconds between two looks at queues that are to run empty at the end.
LOOK_AGAIN = 0.02
# And between two looks for pools without a process, when there can be no more.
FULL_LOOK = 0.1
# Seconds. The kernel takes no more than 24 days; a configured time may be any.
LONGEST_WAIT = 3600.0


class Supervisor:
    """Keeps every pool of a configuration staffed until told to stop.

    `reload` reads the configuration again (it may raise ConfigError); `ready` is called once, when all workers have
    started; `beside` are more processes to keep alive, each with the descriptors that it needs.
    With `programs` it can run itself anew; `inherited` is what the program before such an upgrade has left.
    """

    def __init__(
        self, config: Config, *, reload: Callable[[], Config], worker_main: WorkerMain = startup.run,
        ready: Callable[[], None] | None = None,
        beside: Sequence[tuple[str, Callable[[], int], list[int]]] = (),
        programs: Programs | None = None, inherited: Inheritance | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        surroundings.check(config)
        self.log = logs.open_log(config)
        self._reload, self._ready = reload, ready
        self._programs = programs
        passed, problems = systemd.passed_sockets(os.environ, os.getpid()) if inherited is None else ([], [])
        self.listeners = Listeners(inherited.listeners if inherited else (), passed)
        # Before anybody can see that we are there: from now on a signal is a command, and does not end us.
        self._commands = Commands()
        with contextlib.ExitStack() as opened:
            opened.callback(self._commands.close)
            opened.callback(self.listeners.close)
            try:
                self._open(config, inherited, worker_main, opened)
            except OSError as error:
                why = error.strerror or error
                hint = shortages.remedy(error)
                raise ConfigError(f"{config.file}: the daemon can't start: {why}", hint=hint) from None
            opened.pop_all()
        for problem in (*problems, *self.listeners.unclaimed()):
            self.log.warning(problem)
        # The processes of the program before an upgrade: they serve until the new ones are ready.
        self._upgraded = inherited is not None
        self._inherited: list[Crew] = members_of(inherited, self.log) if inherited else []
        # The one that serves until that of a reload is ready.
        self._before: Generation | None = None
        self._leaving: list[Crew] = []
        self._beside: list[Crew] = [Beside(name, main, keep, self.log) for name, main, keep in beside]
        self._stopping: float | None = None
        # A queue has connections that do not find room where they should go.
        self._crowded = False
        # A queue may have lost its readers.
        self._may_stray = bool(self._inherited)
        self._lines = Lines()
        # The newest generation is not all there yet.
        self._starting = True

    def _open(
        self, config: Config, inherited: Inheritance | None, worker_main: WorkerMain, opened: contextlib.ExitStack
    ) -> None:
        self.listeners.adopt(config.listens)
        self.mutexes = locks.create(config, self.log, passed=inherited.mutexes if inherited else None)
        opened.callback(self.mutexes.close)
        self.queues = Queues(inherited.queues, inherited.hand_backs) if inherited else Queues()
        scoreboard = Scoreboard(SLOTS, os.memfd_create("mpfcgi-scoreboard"))
        self._means = Means(self.log, self.listeners, self.queues, scoreboard, self.mutexes, worker_main)
        self._desk = Desk(self, stacks.install(scoreboard), inherited)
        opened.callback(self._desk.close)
        number, names = (inherited.generation + 1, inherited.on_demand) if inherited else (0, [])
        self.newest = Generation(number, config, self._means, names, succeeds=inherited is not None)

    def run(self) -> int:
        """Serve until told to stop; 0."""
        commands = self._commands
        process.entitle(f"supervisor ({self.config.file})")
        try:
            self.log.notice(f"mpfcgi started: {', '.join(self._addresses())}")
            while self._stopping is None or any(crew.members for crew in self.crews()):
                self._turn(commands)
        finally:
            self._desk.close()
            self.listeners.close()
            commands.close()
            self.mutexes.close()
        self.log.notice("mpfcgi stopped")
        return 0

    # -- one turn

    def _turn(self, commands: Commands) -> None:
        now = monotonic()
        if self._stopping is not None:
            self._leave_in_order(now)
        for generation in self._generations():
            self._leaving += generation.tend(now)
        crews = self.crews()
        for crew in crews:
            # For all of a thousand pools in each turn: no call for those that nothing happens to.
            if crew.touched or (crew.next_look is not None and now >= crew.next_look):
                crew.act(now)
                self._lines.watch(crew, now)
        self._wait(commands, crews, now)
        for command in commands.take():
            self.obey(command)
        self._reap()
        self._desk.act(monotonic())
        self._forward_strays()
        for crew in [crew for crew in self._leaving if not crew.members]:
            self._leaving.remove(crew)
            self._lines.drop(crew)

    def _wait(self, commands: Commands, crews: list[Crew], now: float) -> None:
        wakes = self._desk.wakes()
        for crew in crews:
            if crew.touched:
                wakes.append(now)
            elif crew.next_look is not None:
                wakes.append(crew.next_look)
        if self._stopping is not None or self._crowded:
            wakes.append(now + LOOK_AGAIN)
        if any(generation.headcount.room == 0 for generation in self._generations()):
            wakes.append(now + FULL_LOOK)
        timeout = min(max(min(wakes) - now, 0), LONGEST_WAIT) * 1000 + 1 if wakes else None
        strays = self._strays() if self._may_stray and not self._crowded else []
        for crew, member, line in self._lines.wait(timeout, [commands, *self._desk.filenos(), *strays]):
            crew.touched = True
            if member is None:
                crew.waiting = True
            elif line is member.control:
                member.read_control()
            elif isinstance(crew, RouterCrew) and line is member.channel:
                crew.answer(member, self._queue_for(crew))
        self._check_ready()

    def obey(self, command: Command) -> None:
        """Do what a signal or a command asks for."""
        if command is Command.STOP:
            self._stop()
        elif command is Command.RELOAD and self._stopping is None:
            self._reload_now()
        elif command is Command.UPGRADE:
            self._desk.upgrade(self._programs)
        elif command is Command.REOPEN:
            self.log.reopen()
            for crew in self.crews():
                crew.reopen_logs()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for crew in self.crews():
                if pid in crew.members:
                    self._desk.buried(crew, crew.members[pid], status)
                    crew.buried(pid, status, monotonic())
                    self._lines.watch(crew, monotonic())
                    break
            else:
                self._desk.ended(pid, status)

    # -- connections on their way

    def _queue_for(self, router: RouterCrew) -> Callable[[str], Queue]:
        """What answers a router: the queue of a pool, which is started if there is none."""

        def answer(name: str) -> Queue:
            for generation in self._generations():
                if generation.router is router and (self._stopping is None or name in generation.pools):
                    return generation.queue_for(name)
            if self._stopping is not None:
                raise LookupError("it is not there, and all is being stopped")
            # A router that leaves: what it puts there goes to its successor.
            return self.queues.of(name)

        return answer

    def _read(self) -> set[str]:
        """The names of the pools whose queues have a reader."""
        return {name for generation in self._generations() for name in generation.pools}

    def _strays(self) -> list[socket.socket]:
        if self._inherited:
            # The program before may have other pools, which serve until those of this one do.
            return []
        return self.queues.strays(self._read(), any(generation.router for generation in self._generations()))

    def _forward_strays(self) -> None:
        """Connections in queues that have lost their readers go to who serves now."""
        self._may_stray = self._may_stray or bool(self._leaving)
        if not self._may_stray or self._inherited:
            return
        entrance = self.newest.entrance
        self._crowded = entrance is not None and any(move(end, entrance) for end in self._strays())
        # A router that has not said so yet may still write to the queue of a pool that has ended.
        routers = [crew for crew in self.crews() if isinstance(crew, RouterCrew)]
        owed = any(member.owed > 0 for router in routers for member in router.members.values())
        if not (self._leaving or self._crowded or owed):
            self.queues.forget(self._read())
            self._may_stray = False

    # -- reloading, stopping

    def _reload_now(self) -> None:
        """Check the new configuration; start its workers; when they are ready, let the old ones go."""
        self._desk.reloading()
        try:
            config = self._reload()
            if not config.listens:
                raise ConfigError(f"{config.file} has no Listen line")
            surroundings.check(config)
            locks.check_unchanged(self.config, config, self.log)
            log = logs.open_log(config)
            try:
                self.listeners.adopt(config.listens)
                generation = self._next_generation(config)
            except Exception:
                log.close()
                raise
        except Exception as error:
            # A mistake of ours in reading it is no reason to end what serves, either.
            others = len(error.others) if isinstance(error, ConfigError) else 0
            more = f" (and {others} more: see mpfcgi check)" if others else ""
            self.log.error(f"reload: the old configuration stays, for the new one is wrong: {error}{more}")
            self._desk.not_reloaded(str(error) or type(error).__name__)
            return
        if self._before is None:
            self._before = self.newest
        else:
            # The last reload is not ready, perhaps because its workers can't start: this takes its place.
            self.newest.give_back()
            self._retire(self.newest.crews)
        self.config = config
        self.log.become(log)
        self.newest = generation
        self.newest.succeed(self._before)
        self._starting = True
        self.log.notice("reload: the configuration is right; its workers are being started")

    def _next_generation(self, config: Config) -> Generation:
        """The generation of a new configuration. Any exception, and then all is as it was before."""
        self._may_stray = True
        on_demand = [name for generation in self._generations() for name in generation.on_demand]
        try:
            return Generation(self.newest.number + 1, config, self._means, on_demand, succeeds=True)
        except Exception:
            self.listeners.keep_only([listen for each in self._generations() for listen in each.config.listens])
            raise

    def _check_ready(self) -> None:
        if self._stopping is not None or not self._starting:
            return
        if self._before is not None:
            self.newest.keep_unfit(self._before, monotonic())
        self.newest.open()
        if not self.newest.is_ready:
            return
        self._starting = False
        self._retire(self._inherited)
        self._inherited = []
        if self._upgraded:
            self._upgraded = False
            self.listeners.keep_only(self.config.listens)
            self.log.notice("upgrade: done; the old workers finish their requests and leave")
        if self._before is not None:
            self._retire(self._before.crews)
            self._before = None
            self.listeners.keep_only(self.config.listens)
            self.log.notice("reload: done; the old workers finish their requests and leave")
        self._desk.ready(self.newest.proved())
        if self._ready is not None:
            ready, self._ready = self._ready, None
            ready()

    def become_anew(self, programs: Programs) -> None:
        """Run the new program in this process. Returns only by an OSError."""
        held = upgrade.hold_signals()
        try:
            # What has come before they were held would be lost. A new program does all the rest by itself.
            if Command.STOP in self._commands.take():
                self.obey(Command.STOP)
                raise InterruptedError(errno.ECANCELED, "the daemon is being stopped")
            on_demand = [name for generation in self._generations() for name in generation.on_demand]
            self.log.notice("upgrade: the new program takes over")
            left = upgrade.inherit(
                started=self._desk.started, upgrades=self._desk.upgrades + 1, generation=self.newest.number,
                on_demand=list(dict.fromkeys(on_demand)), listeners=self.listeners, queues=self.queues,
                mutexes=self.mutexes, console=self._desk.descriptor(), crews=self.crews(),
            )  # fmt: skip
            upgrade.execute(programs, left)
        finally:
            upgrade.let_signals(held)

    def _retire(self, crews: list[Crew]) -> None:
        now = monotonic()
        for crew in crews:
            crew.retire_all(now)
        self._leaving += crews

    def _stop(self) -> None:
        """Let all finish and leave; the second time, at once."""
        if self._stopping is None:
            self._stopping = monotonic()
            self._desk.stopping()
            self.log.notice("stopping: the workers finish their requests")
            return
        now = monotonic()
        for crew in self.crews():
            crew.patience, crew.touched = QUICK, True
            crew.retire_all(now)

    def _leave_in_order(self, now: float) -> None:
        """First who brings requests, then who passes them on, then, with the queues empty, who answers them."""
        crews = self.crews()
        stages: tuple[type[Crew], ...] = (Beside, RouterCrew)
        for stage in stages:
            leaving = [crew for crew in crews if isinstance(crew, stage)]
            for crew in leaving:
                crew.retire_all(now)
            if any(crew.members for crew in leaving):
                return
        if self._requests_wait() and now < (self._stopping or 0.0) + patience_of(self.config):
            return
        for crew in crews:
            crew.retire_all(now)

    def _requests_wait(self) -> bool:
        """Whether a queue holds connections that somebody is there to take."""
        serving = [pool for generation in self._generations() for pool in generation.pools.values()]
        return self.queues.waits({pool.name for pool in serving if pool.serves})

    # -- crews

    def _generations(self) -> list[Generation]:
        """Those that serve: the newest, and until it is ready the one before."""
        return [self.newest, *([self._before] if self._before else [])]

    def pools(self) -> list[Pool]:
        """The pools that serve now."""
        return list((self._before or self.newest).pools.values())

    @property
    def is_stopping(self) -> bool:
        return self._stopping is not None

    def crews(self) -> list[Crew]:
        """All that have processes: the newest first, then those that leave."""
        serving = [crew for generation in self._generations() for crew in generation.crews]
        return [*serving, *self._inherited, *self._leaving, *self._beside]

    def _addresses(self) -> list[str]:
        return [f"{listen.family}:{listen.address}" for listen in self.config.listens]
