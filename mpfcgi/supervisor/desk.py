"""The supervisor's desk: who talks with it (the control socket, the service manager), and what is written down.

The loop watches its descriptor, lets it act, and tells it what has happened; it tells the loop nothing but when to look
again, and calls what a command asks for.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from mpfcgi.config import Config, ConfigError
from mpfcgi.supervisor import conditions, console, systemd
from mpfcgi.supervisor.commands import Command
from mpfcgi.supervisor.console import Client, Console
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.history import History
from mpfcgi.supervisor.pid_file import PidFile
from mpfcgi.supervisor.pool import Pool, WorkerCrew
from mpfcgi.supervisor.report import Reporter
from mpfcgi.supervisor.stacks import Stacks
from mpfcgi.supervisor.stale import identity_of
from mpfcgi.supervisor.touches import Touches
from mpfcgi.supervisor.upgrade import Check, Inheritance, Programs
from mpfcgi.supervisor.worker_handle import WorkerHandle

if TYPE_CHECKING:
    from mpfcgi.supervisor.supervisor import Supervisor


class Desk:
    """Of one supervisor, from its start to `close`. `inherited` is what the program before an upgrade has left."""

    def __init__(self, supervisor: Supervisor, stacks: int, inherited: Inheritance | None = None) -> None:
        config: Config = supervisor.config
        self._supervisor, self._log = supervisor, supervisor.log
        self._path, self._pid_file = config.control_socket, PidFile(config.pid_file, self._log)
        self.started = inherited.started if inherited is not None else time()
        self.upgrades = inherited.upgrades if inherited is not None else 0
        self.history = History()
        self._reporter = Reporter(self.history, self.started, self.upgrades)
        self._notifier = systemd.Notifier(os.environ, os.getpid())
        self._touches = Touches()
        self._stacks = Stacks(stacks)
        # Clients that wait for the end of a reload, or of the replacement of some workers.
        self._reloading: list[Client] = []
        self._replacing: list[Replacement] = []
        self._restarting: list[Client] = []
        self._ready = False
        # The check of the program that is to take over.
        self._check: Check | None = None
        # Which file is our control socket.
        self._file: tuple[int, int] | None = None
        self.console = self._inherited_console(inherited) or self._open(config)
        self._let_in()
        self._pid_file.write()

    # -- for the loop

    def filenos(self) -> list[Console]:
        """What it listens to."""
        return [self.console] if self.console is not None else []

    def act(self, now: float) -> None:
        """Answer what has been asked, and do what is due."""
        if self.console is not None:
            self.console.act()
        self._stacks.act(now)
        self._notifier.act(now)
        for pool in self._touches.act(self._supervisor.config, self._supervisor.pools(), now):
            self._log.notice(f"[pool {pool.name}] its ReloadFile was touched: its workers are replaced")
            self._replacing.append(Replacement(pool))
        self._check_replaced()

    def wakes(self) -> list[float]:
        """When to let it act, at the latest."""
        times = [self._stacks.next_look, self._notifier.next_sign, self._touches.next_look]
        if self.console is not None:
            times.append(self.console.next_look)
        return [time for time in times if time is not None]

    # -- what has happened

    def ready(self, problem: str = "") -> None:
        """All workers are there, after the start or a reload, in which there may have been a problem."""
        self._ready = True
        self._let_in()
        self._notifier.ready(f"serves with configuration {self._supervisor.newest.number}")
        clients, self._reloading = self._reloading, []
        for client in clients:
            client.answer(error=problem) if problem else client.answer()

    def reloading(self) -> None:
        """A reload has begun."""
        self._notifier.reloading()
        self._make_files_again()

    def not_reloaded(self, why: str) -> None:
        """The new configuration is wrong."""
        self._notifier.ready("serves; the last reload failed")
        clients, self._reloading = self._reloading, []
        for client in clients:
            client.answer(error=why)

    def stopping(self) -> None:
        self._notifier.stopping()
        self._turn_away("the daemon is being stopped")

    def _turn_away(self, why: str) -> None:
        """What clients wait for will not come."""
        waiting = [*self._reloading, *self._restarting, *(replacement.let_go() for replacement in self._replacing)]
        self._reloading, self._restarting = [], []
        for client in waiting:
            if client is not None:
                client.answer(error=why)

    def buried(self, crew: Crew, member: WorkerHandle, status: int) -> None:
        """A process is about to be forgotten."""
        self.history.note(crew, member, status)

    def ended(self, pid: int, status: int) -> None:
        """A child has ended that is in no crew."""
        if self._check is not None and self._check.pid == pid:
            check, self._check = self._check, None
            check.ended(status)

    def descriptor(self) -> tuple[str, int] | None:
        """The control socket, for the next program: its path and its descriptor."""
        return (self._path, self.console.listener.fileno()) if self.console is not None else None

    def close(self) -> None:
        """The daemon has ended."""
        if self._check is not None:
            self._check.cancel()
        self._pid_file.remove()
        if self.console is not None:
            with contextlib.suppress(OSError):
                if not self._is_lost():
                    os.unlink(self._path)
            self.console.close()

    # -- commands

    def obey(self, message: Mapping[str, Any], client: Client) -> None:
        """Carry out a command, and answer it, perhaps later."""
        command = _COMMANDS.get(str(message.get("command")))
        if command is None:
            client.answer(error=f"there is no command {message.get('command')!r}; known: {', '.join(_COMMANDS)}")
            return
        if not client.is_owner and command is not Desk._status:
            client.answer(
                error="workers of another user than the daemon's may ask for its status, and for nothing else"
            )
            return
        command(self, message, client)

    def _status(self, message: Mapping[str, Any], client: Client) -> None:
        supervisor = self._supervisor
        state = "stopping" if supervisor.is_stopping else "serving" if self._ready else "starting"
        report = self._reporter.report(supervisor.config.file, supervisor.newest.number, state, supervisor.crews())
        client.answer(**report)

    def _ping(self, message: Mapping[str, Any], client: Client) -> None:
        client.answer(pid=os.getpid(), ready=self._ready, upgrades=self.upgrades, stopping=self._supervisor.is_stopping)

    def _reload(self, message: Mapping[str, Any], client: Client) -> None:
        name = message.get("pool")
        if name is None:
            self._reloading.append(client)
            self._supervisor.obey(Command.RELOAD)
            if self._supervisor.is_stopping:
                self.not_reloaded("the daemon is being stopped")
            return
        pool = next((pool for pool in self._supervisor.pools() if pool.name == name), None)
        if pool is None:
            names = sorted(pool.name for pool in self._supervisor.pools())
            client.answer(error=f"there is no pool {name!r} now; there are: {', '.join(names)}")
            return
        self._log.notice(f"[pool {name}] its workers are replaced")
        self._replacing.append(Replacement(pool, client))
        self._check_replaced()

    def _restart(self, message: Mapping[str, Any], client: Client) -> None:
        self._restarting.append(client)
        self._supervisor.obey(Command.UPGRADE)

    def upgrade(self, programs: Programs | None) -> None:
        """Check the new program, and let it take over."""
        if programs is None:
            self._not_upgraded("this daemon can't run itself anew; stop it and start it")
        elif self._supervisor.is_stopping:
            self._not_upgraded("the daemon is being stopped")
        elif self._check is None:
            self._log.notice("upgrade: the new program and its configuration are checked")
            self._notifier.reloading()
            try:
                self._check = Check(programs, lambda problem: self._checked(programs, problem))
            except OSError as error:
                self._not_upgraded(f"the check can't be started: {error.strerror}")

    def _checked(self, programs: Programs, problem: str | None) -> None:
        if problem is not None or self._supervisor.is_stopping:
            self._not_upgraded(problem or "the daemon is being stopped")
            return
        for client in self._restarting:
            client.answer()
        self._restarting = []
        self._turn_away("the daemon is being restarted, and reads its configuration again with that")
        try:
            self._supervisor.become_anew(programs)
        except OSError as error:
            self._not_upgraded(f"the new program can't be run: {error.strerror}")

    def _not_upgraded(self, why: str) -> None:
        self._log.error(f"upgrade: the old program goes on: {why}")
        self._notifier.ready("serves; the last upgrade failed")
        clients, self._restarting = self._restarting, []
        for client in clients:
            client.answer(error=why)

    def _stop(self, message: Mapping[str, Any], client: Client) -> None:
        client.answer(pid=os.getpid())
        self._supervisor.obey(Command.STOP)
        if message.get("quick"):
            # As a second SIGTERM.
            self._supervisor.obey(Command.STOP)

    def _reopen(self, message: Mapping[str, Any], client: Client) -> None:
        self._supervisor.obey(Command.REOPEN)
        client.answer()

    def _stack(self, message: Mapping[str, Any], client: Client) -> None:
        pid = message.get("pid")
        if not isinstance(pid, int):
            client.answer(error=f"a process id is a number, not {pid!r}")
            return
        for crew in self._supervisor.crews():
            if isinstance(crew, WorkerCrew) and pid in crew.members:
                self._stacks.ask(pid, client.answer, monotonic())
                return
        client.answer(error=f"{pid} is none of this daemon's workers; mpfcgi status lists them")

    def _check_replaced(self) -> None:
        """Go on with the replacements, and answer those who wait for one that is over."""
        self._replacing = [replacement for replacement in self._replacing if not replacement.is_over()]

    def _inherited_console(self, inherited: Inheritance | None) -> Console | None:
        """The control socket of before, if it is where it should be now."""
        if inherited is None or inherited.console is None:
            return None
        path, fd = inherited.console
        listener = socket.socket(fileno=fd)
        if path == self._path:
            self._file = identity_of(path)
            return Console(listener, self.obey, self._is_ours)
        with contextlib.suppress(OSError):
            os.unlink(path)
        listener.close()
        return None

    def _open(self, config: Config) -> Console | None:
        """The console, or None where its default place can't be had. ConfigError when another daemon has it."""
        if not config.control_socket:
            return None
        try:
            listener = console.open_socket(config.control_socket)
            self._file = identity_of(config.control_socket)
            return Console(listener, self.obey, self._is_ours)
        except FileExistsError as error:
            raise ConfigError(f"{error}: is this configuration's daemon running already?") from None
        except OSError as error:
            said = f"can't listen on {config.control_socket} (ControlSocket): {error.strerror}"
            if config.control_configured:
                raise ConfigError(said) from None
            self._log.warning(f"{said}; mpfcgi status and its kin do not work")
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether a process is a worker."""
        return any(pid in crew.members for crew in self._supervisor.crews() if isinstance(crew, WorkerCrew))

    def _let_in(self) -> None:
        """Let workers that are other users connect, where there are any."""
        if self.console is None or os.geteuid() != 0:
            return
        try:
            console.let_in(self._path, conditions.other_users(self._supervisor.config))
        except (OSError, ConfigError):
            # Somebody has removed the file, or a user of before is gone: the status page says what it can't ask.
            pass

    def _is_lost(self) -> bool:
        """Whether the control socket's file is gone, or another daemon's."""
        return self._file is None or identity_of(self._path) != self._file

    def _make_files_again(self) -> None:
        """Be found by the commands again, where somebody has cleared the folder of our files; not if another is there."""
        if self.console is not None and not os.path.lexists(self._path):
            try:
                listener = console.open_socket(self._path)
            except OSError as error:
                self._log.warning(f"can't listen on {self._path} (ControlSocket) again: {error.strerror or error}")
                return
            self._file = identity_of(self._path)
            self.console.listen_to(listener)
        self._pid_file.write_again()


class Replacement:
    """The replacement of all workers of a pool, each when its successor is there; of its template before."""

    def __init__(self, pool: Pool, client: Client | None = None) -> None:
        self._pool, self._client = pool, client
        self._templates = _wear_out(pool.template) if pool.template is not None else set()
        self._workers: set[int] | None = None
        pool.proves = True

    def let_go(self) -> Client | None:
        """Who waits for it; it goes on alone."""
        client, self._client = self._client, None
        return client

    def is_over(self) -> bool:
        """Take the next step, if it is time; whether it was the last."""
        pool = self._pool
        if pool.template is not None and not pool.leaving and _any_stay(pool.template, self._templates):
            return False
        if self._workers is None:
            self._workers = _wear_out(pool)
        if pool.unfit and not pool.leaving:
            self._keep(self._workers)
            return True
        if _any_stay(pool, self._workers) and not pool.leaving:
            return False
        pool.proves = False
        if self._client is not None:
            self._client.answer(replaced=len(self._workers))
        return True

    def _keep(self, workers: set[int]) -> None:
        """The successors can't import their handlers' modules: those that are there stay."""
        pool = self._pool
        said = f"[pool {pool.name}] keeps its workers, for new ones can't import what it needs: {pool.unfit}"
        pool.log.error(f"reload: {said}")
        for pid, member in pool.members.items():
            if pid in workers:
                member.worn = False
            elif member.asked is None:
                member.retire(monotonic())
        pool.serve_unfit()
        if self._client is not None:
            self._client.answer(error=said)


def _wear_out(crew: Crew) -> set[int]:
    """Have all members of a crew replaced; their process ids."""
    for member in crew.members.values():
        member.worn = True
    crew.touched = True
    return set(crew.members)


def _any_stay(crew: Crew, pids: set[int]) -> bool:
    """Whether one of these members has not been asked to leave yet."""
    return any(member.asked is None for pid, member in crew.members.items() if pid in pids)


_COMMANDS: dict[str, Callable[[Desk, Mapping[str, Any], Client], None]] = {
    "ping": Desk._ping,
    "reload": Desk._reload,
    "reopen": Desk._reopen,
    "restart": Desk._restart,
    "stack": Desk._stack,
    "status": Desk._status,
    "stop": Desk._stop,
}
