"""A generation: all that one reading of the configuration has brought to life.

A reload makes a new one beside the old; when it is ready, the old one leaves.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from time import monotonic
from typing import Any, TypeVar

from mpfcgi.config import (
    Config,
    ConfigError,
    Listen,
    PoolSettings,
    connection_interpreters,
    needs_router,
    pool_for,
    static_interpreters,
)
from mpfcgi.supervisor.crew import Crew, Headcount
from mpfcgi.supervisor.means import Means
from mpfcgi.supervisor.pool import Common, ConnectionPool, Pool, WorkerCrew
from mpfcgi.supervisor.queues import Queue
from mpfcgi.supervisor.router_handle import RouterCrew

# Seconds between two complaints about the limit of all processes, and the limit.
FULL_AGAIN = 60.0
PROCESSES = 1000
AnyPool = TypeVar("AnyPool", Pool, ConnectionPool)


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
        self.headcount = Headcount(config.of_main("MaxTotalProcesses", PROCESSES))
        self._common = Common(config, number, self.headcount, means)
        self._full, self._said_full = False, 0.0
        self._ended: list[Crew] = []
        self._static = dict.fromkeys(static_interpreters(config))
        self.router: RouterCrew | None = None
        self.pools: dict[str, Pool] = {}
        names, started = list(self._static), list[str]()
        if needs_router(config):
            self.router = RouterCrew(
                config, means.listeners.of(self._shared()), means.queues.hand_backs, means.log, means.scoreboard
            )
            self.router.want(0 if succeeds else 1)
            started = [name for name in on_demand if name not in self._static]
        for name in names:
            self._add(name)
        for name in started:
            try:
                self._add(name)
            except ConfigError as error:
                # It is told so again to who asks for it.
                means.log.error(f"[pool {name}] does not go on: {error}")
        self.connection_pools = {
            name: ConnectionPool(name, pool_for(config.pools, name), self._common, means.listeners.with_lines(listens))
            for name, listens in connection_interpreters(config).items()
        }
        # The pools that go on as before: where they are, where they were. What is to be said of a reload.
        self._kept: list[tuple[dict[str, Any], dict[str, Any], str]] = []
        self._said: list[str] = []

    @property
    def crews(self) -> list[Crew]:
        routers = [self.router] if self.router else []
        pools = [*self.pools.values(), *self.connection_pools.values()]
        templates = [pool.template for pool in pools if pool.template is not None]
        return [*pools, *templates, *routers, *self._ended]

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
            self.router.want(1)

    def queue_for(self, name: str) -> Queue:
        """The queue of a pool; the pool is started if there is none of that name. LookupError when it can't be."""
        if name not in self.pools:
            self._make_place(pool_for(self.config.pools, name), monotonic())
            self._add(name)
            self._means.log.info(f"[pool {name}] started on demand")
        return self.pools[name].queue

    # -- taking the place of another

    def succeed(self, before: Generation) -> None:
        """Its pools are to take the place of those of the same names."""
        for pools, old_ones in ((self.pools, before.pools), (self.connection_pools, before.connection_pools)):
            for name, pool in pools.items():
                if name in old_ones:
                    pool.succeed(old_ones[name])

    def keep_unfit(self, before: Generation, now: float) -> None:
        """Where new workers can't import what their handlers name, the old ones stay, under their old configuration."""
        same_way = (self.router is None) == (before.router is None)
        self._keep_unfit(self.pools, before.pools, same_way, now)
        self._keep_unfit(self.connection_pools, before.connection_pools, same_way, now)

    def _keep_unfit(self, pools: dict[str, AnyPool], old_ones: dict[str, AnyPool], same_way: bool, now: float) -> None:
        for name in [name for name, pool in pools.items() if pool.unfit]:
            unfit, old = pools[name], old_ones[name]
            why = f"new ones can't import what it needs: {unfit.unfit}"
            if same_way and old.entrances() == unfit.entrances():
                self._dismiss(unfit, now)
                pools[name] = old_ones.pop(name)
                old.count_with(self.headcount)
                self._kept.append((pools, old_ones, name))
                said = f"[pool {old.title}] keeps its workers and their configuration, for {why}"
            else:
                # What the old ones wait at is not where its requests will come in.
                unfit.serve_unfit()
                said = f"[pool {unfit.title}] gets new workers that will answer with errors, for {why}"
            self._means.log.error(f"reload: {said}")
            self._said.append(said)

    def proved(self) -> str:
        """Its workers serve, and those that start from now on need not prove themselves. What is to be said of it."""
        for pool in (*self.pools.values(), *self.connection_pools.values()):
            pool.proves = False
        return "; ".join(self._said)

    def give_back(self) -> None:
        """Let the pools that were kept be those of the generation before again: another one is to succeed that."""
        for pools, old_ones, name in self._kept:
            old_ones[name] = pools.pop(name)

    def tend(self, now: float) -> list[Crew]:
        """End pools that requests have started and none asks for any more; they are given back.

        Where the limit of all processes keeps a pool from having any, the longest idle one of another leaves.
        """
        if self.headcount.room == 0:
            self._full = True
            self._relieve(now)
        elif self._full:
            self._full = False
            for pool in self.pools.values():
                pool.touched = True
        for name in self.on_demand if self.router is not None else ():
            if self.pools[name].is_over(now):
                self._end(name, now)
        ended, self._ended = self._ended, []
        return ended

    def _make_place(self, settings: PoolSettings, now: float) -> None:
        """See that one more pool of a section may be started: end the one that has been idle for longest."""
        alike = [name for name in self.on_demand if self.pools[name].settings.pattern == settings.pattern]
        if len(alike) < settings.max_pools:
            return
        idle = [name for name in alike if self.pools[name].is_idle(now)]
        if not idle:
            raise LookupError(f"{len(alike)} pools of {settings.pattern!r} are there (MaxPools), and all are busy")
        longest = min(idle, key=lambda name: self.pools[name].last_active())
        self._means.log.notice(
            f"[pool {longest}] ends: MaxPools {settings.max_pools} are there, and one more is needed"
        )
        self._end(longest, now)

    def _end(self, name: str, now: float) -> None:
        self._means.log.info(f"[pool {name}] ended")
        self._dismiss(self.pools.pop(name), now)
        for member in self.router.members.values() if self.router is not None else ():
            member.forget()

    def _dismiss(self, pool: WorkerCrew, now: float) -> None:
        for crew in (pool, pool.template):
            if crew is not None:
                crew.retire_all(now)
                self._ended.append(crew)

    def _relieve(self, now: float) -> None:
        """Let a worker leave for the sake of a pool that has none at all and is asked for."""
        starved = [pool for pool in self.pools.values() if pool.is_starved()]
        if not starved:
            return
        if now >= self._said_full + FULL_AGAIN or not self._said_full:
            self._said_full = now
            self._means.log.error(
                f"[pool {starved[0].name}] all {self.headcount.most} processes are there (MaxTotalProcesses), "
                "and it has none: one that is idle elsewhere leaves for it"
            )
        leaving = sum(member.asked is not None for pool in self.pools.values() for member in pool.members.values())
        if leaving:
            return
        spare = [(pool, pid) for pool in self.pools.values() if (pid := pool.dispensable(now)) is not None]
        if spare:
            pool, pid = min(spare, key=lambda item: item[0].last_active())
            pool.members[pid].retire(now)
            pool.wanted = max(pool.wanted - 1, 0)
            pool.touched = True

    @property
    def _pools_ready(self) -> bool:
        return all(pool.is_ready for pool in (*self.pools.values(), *self.connection_pools.values()))

    def _shared(self) -> list[Listen]:
        """The lines whose connections the router takes."""
        own = {listen for pool in self.config.pools if not pool.queue_bounded for listen in pool.listens}
        # A pool that starts with its first request does not listen yet: somebody must see that request.
        started = {pool_for(self.config.pools, name).pattern for name in self._static}
        return [
            *(listen for listen in self.config.fastcgi_listens if listen not in own),
            *(
                listen
                for pool in self.config.pools
                if pool.pattern not in started and not pool.queue_bounded
                for listen in pool.listens
            ),
        ]

    def _add(self, name: str) -> None:
        settings = pool_for(self.config.pools, name)
        listens = self.config.fastcgi_listens if self.router is None else settings.listens
        if settings.queue_bounded:
            # Requests wait where they are seen: with the router.
            listens = ()
        self.pools[name] = Pool(
            name,
            settings,
            self._common,
            self._means.listeners.of(listens),
            self.router.hand_back if self.router else None,
        )
