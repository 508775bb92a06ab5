"""The supervisor's side of the router: its process, and the answers to its questions for queues."""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic

from mpfcgi.config import Config
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor import process, router
from mpfcgi.supervisor.crew import Crew
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.queues import Queue
from mpfcgi.supervisor.worker_handle import WorkerHandle

NAME_SIZE = 4096


class RouterCrew(Crew):
    """The one router process of a configuration. `hand_backs` is the queue of connections that workers give back."""

    def __init__(
        self, config: Config, listeners: list[socket.socket], hand_backs: Queue, log: Log, scoreboard: Scoreboard
    ) -> None:
        super().__init__("(router)", 1, log, "router")
        self.hand_back = hand_backs[0]
        self._config, self._listeners, self._hand_backs = config, listeners, hand_backs
        self._scoreboard = scoreboard

    def spawn(self) -> WorkerHandle:
        ours, theirs = control.control_pair()
        channel, questions = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        setup = router.RouterSetup(
            self._config, self._listeners, *self._hand_backs, questions, theirs, self.log, self._scoreboard
        )
        given = [theirs, questions, *self._hand_backs, *self._listeners]
        started = monotonic()
        try:
            pid = process.fork("router", lambda: _route(setup), [sock.fileno() for sock in given] + [self.log.fd])
        finally:
            theirs.close()
            questions.close()
        channel.setblocking(False)
        return WorkerHandle(pid, started, ours, channel)

    def answer(self, member: WorkerHandle, queue_for: Callable[[str], Queue]) -> None:
        """The router asks for the queue of a pool by its name; it gets its ends."""
        assert member.channel is not None
        asked = control.hear(member.channel, NAME_SIZE)
        if asked is None:
            return
        if not asked:
            member.channel.close()
            member.channel = None
            return
        try:
            queue = queue_for(asked.decode("utf-8", "surrogateescape"))
            handoff.send_descriptors(member.channel, asked, [end.fileno() for end in queue])
        except Exception as error:
            # A pool that can't be, as its user was deleted since the start, is no reason to end the others.
            self.log.error(f"[pool {asked.decode(errors='replace')}] its queue can't be given to the router: {error}")
            # Without a descriptor: the router waits for an answer, and for nothing else.
            control.tell(member.channel, asked)


def _route(setup: router.RouterSetup) -> int:
    """Be the router, in a process of its own; the exit code."""
    control.heed_sigterm(setup.control)
    return router.run(setup)
