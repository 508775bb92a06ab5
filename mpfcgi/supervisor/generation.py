"""A generation: all that one reading of the configuration has brought to life.

A reload makes a new one beside the old; when it is ready, the old one leaves.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

from mpfcgi.config import Config, Listen, connection_interpreters, names_vary, pool_for, static_interpreters
from mpfcgi.ipc.mutex import Mutexes
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.pool import ConnectionPool, Crew, Pool, WorkerMain
from mpfcgi.supervisor.queues import Queue, Queues
from mpfcgi.supervisor.router_handle import RouterCrew


@dataclass(frozen=True)
class Means:
    """What generations use and none of them owns."""

    log: Log
    listeners: Listeners
    queues: Queues
    scoreboard: Scoreboard
    mutexes: Mutexes
    worker_main: WorkerMain


class Generation:
    """The pools of a configuration by their names, and the router when a listener serves several of them.

    The pools of the names `on_demand` are started too, where there is a router. The router of a generation that
    `succeeds` another starts when the pools are ready: until then nobody answers what it would bring.
    """

    def __init__(
        self, number: int, config: Config, means: Means, on_demand: Collection[str] = (), succeeds: bool = False
    ) -> None:
        self.number, self.config = number, config
        self._means = means
        self._static = static_interpreters(config)
        self.router: RouterCrew | None = None
        self.pools: dict[str, Pool] = {}
        names = self._static
        if names_vary(config):
            self.router = RouterCrew(
                config, means.listeners.of(self._shared()), means.queues.hand_backs, means.log, means.scoreboard
            )
            self.router.wanted = 0 if succeeds else 1
            names += tuple(name for name in on_demand if name not in names)
        for name in names:
            self._add(name)
        self._connection_pools = [
            ConnectionPool(
                name, pool_for(config.pools, name), config, number, means.log, means.scoreboard,
                means.mutexes, means.worker_main,
                means.listeners.with_lines(listens),
            )
            for name, listens in connection_interpreters(config).items()
        ]  # fmt: skip

    @property
    def crews(self) -> list[Crew]:
        return [*self.pools.values(), *self._connection_pools, *([self.router] if self.router else [])]

    @property
    def is_ready(self) -> bool:
        """All its processes have started."""
        return self._pools_ready and (self.router is None or (self.router.wanted > 0 and self.router.is_ready))

    @property
    def on_demand(self) -> list[str]:
        """The names of the pools that a request has started."""
        return [name for name in self.pools if name not in self._static]

    @property
    def entrance(self) -> socket.socket | None:
        """Where a connection goes whose own way is gone: to the router, or to the only pool; None when there is none."""
        if self.router is not None:
            return self._means.queues.hand_backs[0]
        return next((pool.queue[0] for pool in self.pools.values()), None)

    def open(self) -> None:
        """Let the router in, if it is time."""
        if self.router is not None and self._pools_ready:
            self.router.wanted = 1

    def queue_for(self, name: str) -> Queue:
        """The queue of a pool; the pool is started if there is none of that name."""
        if name not in self.pools:
            self._means.log.info(f"[pool {name}] started on demand")
            self._add(name).act(monotonic())
        return self.pools[name].queue

    @property
    def _pools_ready(self) -> bool:
        return all(pool.is_ready for pool in (*self.pools.values(), *self._connection_pools))

    def _shared(self) -> list[Listen]:
        """The lines whose connections the router takes."""
        own = {listen for pool in self.config.pools for listen in pool.listens}
        # A pool that starts with its first request does not listen yet: somebody must see that request.
        started = {pool_for(self.config.pools, name).pattern for name in self._static}
        return [
            *(listen for listen in self.config.fastcgi_listens if listen not in own),
            *(listen for pool in self.config.pools if pool.pattern not in started for listen in pool.listens),
        ]

    def _add(self, name: str) -> Pool:
        means = self._means
        settings = pool_for(self.config.pools, name)
        listens = self.config.fastcgi_listens if self.router is None else settings.listens
        pool = self.pools[name] = Pool(
            name, settings, self.config, self.number, means.log, means.scoreboard, means.mutexes, means.worker_main,
            means.queues.of(name), means.listeners.of(listens), self.router.hand_back if self.router else None,
        )  # fmt: skip
        return pool
