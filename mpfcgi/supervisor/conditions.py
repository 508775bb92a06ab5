"""As whom and under what conditions the code of a pool runs: user, groups, limits, folder, environment.

The supervisor looks everything up before it forks, so that a wrong name is an error of the configuration; a child applies
it before any user code is loaded.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mpfcgi import __version__
from mpfcgi.config import (
    Config,
    ConfigError,
    Mistakes,
    PoolSettings,
    connection_interpreters,
    pool_for,
    python_home,
    static_interpreters,
)
from mpfcgi.supervisor import other_python

PR_SET_DUMPABLE = 4
# In the environment: as AllowRoot On, where the configuration has no such line.
ALLOW_ROOT = "MPFCGI_ALLOW_ROOT"


@dataclass(frozen=True)
class Identity:
    """A user, with the groups it has. `home` and `name` are for the environment."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    home: str


def identity_of(pool: PoolSettings, config: Config) -> Identity | None:
    """Whom the pool's workers become; None when they stay who the daemon is. ConfigError when that can't be."""
    pool = _with_defaults(pool, config)
    if pool.user is None and pool.group is None:
        return None
    user = _user(pool) if pool.user is not None else _myself()
    gid = _gid(pool) if pool.group is not None else user.pw_gid
    if os.geteuid() != 0:
        if (user.pw_uid, gid) == (os.geteuid(), os.getegid()):
            return None
        raise ConfigError(
            f"<PythonPool {pool.pattern}>: only root can start workers as another user or group", pool.place,
            "start the daemon as root, or leave User and Group out",
        )  # fmt: skip
    groups = tuple(os.getgrouplist(user.pw_name, gid)) if user.pw_name else (gid,)
    return Identity(user.pw_uid, gid, groups, user.pw_name, user.pw_dir)


def _with_defaults(pool: PoolSettings, config: Config) -> PoolSettings:
    """A pool with the main server's User and Group if it has none of its own: as in Apache, they are for root only."""
    if pool.user is not None or pool.group is not None or os.geteuid() != 0:
        return pool
    said = {line.name: line for line in config.main.directives if line.name in ("User", "Group")}
    if not said:
        return pool
    values = {name.lower(): line.value for name, line in said.items()}
    return replace(pool, **values, place=pool.place or next(iter(said.values())).place)


def check(config: Config) -> None:
    """ConfigError for pools whose conditions can't be met, or whose user code would run as root unasked."""
    mistakes = Mistakes()
    for pool in config.pools:
        with mistakes.noted():
            identity_of(pool, config)
        with mistakes.noted():
            _check_folders(pool, config.server_root)
    mistakes.end()
    as_root = pools_of_root(config)
    if as_root and not _may_be_root(config):
        placed = next((pool.place for pool in as_root if pool.place is not None), None)
        who = ", ".join(f"<PythonPool {pool.pattern}>" for pool in as_root) if placed is not None else "its workers"
        raise ConfigError(
            ("" if placed is not None else f"{config.file}: ") + f"started by root, {who} would run user code as root",
            placed,
            f"write User NAME, or start it as another user; AllowRoot On, or {ALLOW_ROOT}=1 in the environment, if it is meant",
        )


def pools_of_root(config: Config) -> list[PoolSettings]:
    """The pools whose workers run as root."""
    if os.geteuid() != 0:
        return []
    return [pool for pool in used_pools(config) if (who := identity_of(pool, config)) is None or who.uid == 0]


def other_users(config: Config) -> set[int]:
    """The ids of users, other than the daemon's, whose workers there are."""
    found = {who.uid for pool in used_pools(config) if (who := identity_of(pool, config)) is not None}
    return found - {os.geteuid()}


def used_pools(config: Config) -> list[PoolSettings]:
    """The pools that there will be, and those that there may be, each with the main server's User if that counts."""
    names = [*static_interpreters(config), *connection_interpreters(config)]
    pools = {pool.pattern: pool for pool in (*(pool_for(config.pools, name) for name in names), *config.pools)}
    return [_with_defaults(pool, config) for pool in pools.values()]


def _may_be_root(config: Config) -> bool:
    return environment_allows_root() if config.allow_root is None else config.allow_root


def environment_allows_root() -> bool:
    """Whether the variable is set that lets user code run as root where the configuration says nothing of it."""
    return os.environ.get(ALLOW_ROOT, "0") not in ("", "0")


def _check_folders(pool: PoolSettings, server_root: str) -> None:
    folder, home = pool.working_directory, pool.python_home
    if folder is not None and not os.path.isdir(os.path.join(server_root, folder)):
        raise ConfigError(f"WorkingDirectory {folder} is no folder", pool.place)
    if home is not None and (what := python_home.problem(os.path.join(server_root, home), __version__)) is not None:
        raise ConfigError(f"PythonHome {home}: {what}", pool.place)


def check_alone(config: Config) -> None:
    """The same for one process alone, as of `run -X`, which stays who it is. ConfigError where a pool is another's."""
    check(config)
    for pool in config.pools:
        if (identity := identity_of(pool, config)) is not None and identity.uid != os.geteuid():
            raise ConfigError(
                f"<PythonPool {pool.pattern}> has another User, and one process alone changes none", pool.place,
                f"start it as {identity.name or identity.uid}",
            )  # fmt: skip
        if other_python.command_for(config, pool) is not None:
            raise ConfigError(
                f"<PythonPool {pool.pattern}> runs under another Python, and one process alone has one", pool.place,
                "leave PythonHome or PythonOptimize out, or start the daemon with that Python",
            )  # fmt: skip


def settle(pool: PoolSettings, identity: Identity | None, server_root: str, stay: Callable[[], None]) -> None:
    """Bring this process under the pool's conditions. `stay` renews what a change of the user undoes.

    OSError or ValueError for what the system does not let us.
    """
    for name, limits in pool.resource_limits.items():
        _limit(name, limits)
    if pool.nice:
        os.nice(pool.nice)
    if identity is not None:
        _become(identity)
        stay()
    if pool.umask is not None:
        os.umask(pool.umask)
    if pool.working_directory is not None:
        os.chdir(os.path.join(server_root, pool.working_directory))


def environment(pool: PoolSettings, identity: Identity | None) -> Mapping[str, str]:
    """The variables that a worker has beside the daemon's."""
    if identity is None:
        return pool.environment
    return {"HOME": identity.home, "USER": identity.name, "LOGNAME": identity.name, **pool.environment}


def set_environment(variables: Mapping[str, str]) -> None:
    """Give this process variables, and forget what was found out by the daemon's own."""
    os.environ.update(variables)
    tempfile.tempdir = None
    time.tzset()


def _become(identity: Identity) -> None:
    os.setgroups(identity.groups)
    os.setresgid(identity.gid, identity.gid, identity.gid)
    os.setresuid(identity.uid, identity.uid, identity.uid)
    # A process that changes its user loses sight of its own /proc/self/fd, which flock mutexes need (proc(5)).
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def _limit(name: str, limits: tuple[int | None, int | None]) -> None:
    kind = getattr(resource, f"RLIMIT_{name.upper()}")
    _, most = resource.getrlimit(kind)
    soft, hard = (resource.RLIM_INFINITY if limit is None else limit for limit in limits)
    if os.geteuid() != 0 and most != resource.RLIM_INFINITY and (hard == resource.RLIM_INFINITY or hard > most):
        hard = most
        soft = most if soft == resource.RLIM_INFINITY or soft > most else soft
    resource.setrlimit(kind, (soft, hard))


def _user(pool: PoolSettings) -> pwd.struct_passwd:
    # Apache's form for a number.
    name = str(pool.user).removeprefix("#")
    try:
        return pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"User {name}: there is no such user", pool.place) from None


def _myself() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        # As in a container: a number without a name.
        return pwd.struct_passwd(("", "", os.geteuid(), os.getegid(), "", "/", ""))


def _gid(pool: PoolSettings) -> int:
    name = str(pool.group).removeprefix("#")
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError(f"Group {name}: there is no such group", pool.place) from None
