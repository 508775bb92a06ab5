"""ReloadFile: a file that is touched to have a pool's workers replaced, for users who have no shell and no rights."""

from __future__ import annotations

import os
from collections.abc import Iterable

from mpfcgi.config import Config, Resolver
from mpfcgi.supervisor.pool import Pool

# Seconds between two looks.
EVERY = 1.0


class Touches:
    """The dates of the files, by pool."""

    def __init__(self) -> None:
        self._dates: dict[str, int | None] = {}
        self._paths: dict[str, str] = {}
        self._config: Config | None = None
        self.next_look: float | None = None

    def act(self, config: Config, pools: Iterable[Pool], now: float) -> list[Pool]:
        """The pools whose file has been touched since the last look."""
        if config is not self._config:
            self._config, self._paths, self.next_look = config, {}, now
        if self.next_look is None or now < self.next_look:
            return []
        watched = [pool for pool in pools if pool.settings.reload_file]
        touched = [pool for pool in watched if self._has_changed(pool)]
        # One that is started later is looked at from then on.
        any_named = any(section.reload_file for section in config.pools)
        self.next_look = now + EVERY if any_named else None
        return touched

    def _has_changed(self, pool: Pool) -> bool:
        path = self._paths.get(pool.name)
        if path is None:
            path = self._paths[pool.name] = path_of(pool.settings.reload_file, pool.name, pool.config)
        try:
            date: int | None = os.stat(path).st_mtime_ns
        except OSError:
            date = None
        known = pool.name in self._dates
        before, self._dates[pool.name] = self._dates.get(pool.name), date
        return known and date is not None and date != before


def path_of(name: str, interpreter: str, config: Config) -> str:
    """The file that `name` means for an interpreter: in its folder, or in the DocumentRoot of its host."""
    if interpreter.startswith("/"):
        return os.path.join(interpreter, name)
    resolver = Resolver(config)
    server = next((server for server in config.servers if server.name == interpreter), config.main)
    root = resolver.document_root(server) or config.server_root
    return os.path.join(root, name)
