"""What to do where the system has no more of something for a process: processes, threads, memory, files."""

from __future__ import annotations

import errno
from collections.abc import Collection

from mpfcgi.config import PoolSettings

FILES, PROCESSES, MEMORY = ("nofile",), ("nproc", "as", "data", "stack"), ("as", "data", "rss")
# The limit of the daemon as a whole, by what a pool's ResourceLimit lines may say of it.
REMEDIES = {
    FILES: "raise ulimit -n (LimitNOFILE= of systemd)",
    PROCESSES: "there may be no more processes and threads: raise ulimit -u (TasksMax= of systemd)",
    MEMORY: "there may be no more memory: raise ulimit -v (MemoryMax= of systemd)",
}
LACKS = {errno.EMFILE: FILES, errno.ENFILE: FILES, errno.EAGAIN: PROCESSES, errno.ENOMEM: MEMORY}


def remedy(error: BaseException, pool: PoolSettings | None = None) -> str:
    """The remedy for what has kept a process from starting, one of `pool` perhaps; "" where it is no shortage."""
    lack = _lack(error)
    if lack is None:
        return ""
    own = _limits(pool, lack) if pool is not None else ""
    return f"{REMEDIES[lack]}{own and f', or the ResourceLimit of {own}'}"


def _lack(error: BaseException) -> tuple[str, ...] | None:
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, OSError):
        return LACKS.get(error.errno or 0)
    # Python's own words, from 3.9 to 3.13; it tells no more.
    return PROCESSES if isinstance(error, RuntimeError) and "can't start new thread" in str(error) else None


def _limits(pool: PoolSettings, kinds: Collection[str]) -> str:
    names = [name for name in kinds if name in pool.resource_limits]
    return f"{' and '.join(names)} ({pool.place})" if names else ""
