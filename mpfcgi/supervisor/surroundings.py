"""What workers need to find where they are: mpfcgi itself as the user they become, and the pages of their hosts.

Workers are forked, and load most of what they need later, as their pool's User. Where that user can't read the modules,
all requests would fail with an ImportError that names the wrong reason; so it is an error of the configuration.
"""

from __future__ import annotations

import os

import mpfcgi
from mpfcgi.config import Config, ConfigError, Mistakes, PoolSettings, Resolver, Server, pool_for
from mpfcgi.supervisor import conditions, other_python, reach
from mpfcgi.supervisor.conditions import Identity
from mpfcgi.supervisor.reach import Who


def check(config: Config) -> None:
    """ConfigError for pools whose conditions can't be met, or whose User can't read what their workers load."""
    conditions.check(config)
    mistakes = Mistakes()
    for pool in conditions.used_pools(config):
        identity = conditions.identity_of(pool, config)
        for folder in _loaded(pool, config) if identity is not None else ():
            with mistakes.noted():
                _check_folder(folder, pool, _who(identity))
    mistakes.end()


def warnings(config: Config) -> list[str]:
    """A sentence for each DocumentRoot that is not there, or that the workers of its host can't pass."""
    resolver = Resolver(config)
    found: list[str] = []
    for server in config.vhosts or (config.main,):
        root = resolver.document_root(server)
        if root:
            said = f"{_place(server, config)}DocumentRoot {root}"
            found += [f"{said}: {problem}" for problem in _of_root(root, server, config, resolver)]
    return list(dict.fromkeys(found))


def _of_root(root: str, server: Server, config: Config, resolver: Resolver) -> list[str]:
    pool = pool_for(config.pools, resolver.server_interpreter(server))
    problems = reach.to_folder(root, _who(conditions.identity_of(pool, config)))
    if problems or os.path.isdir(root) or not _is_visible(os.path.dirname(root)):
        return problems
    return ["there is no such folder"]


def _is_visible(folder: str) -> bool:
    """Whether we could see what is in a folder, if it is there."""
    return not os.path.isdir(folder) or os.access(folder, os.X_OK)


def _loaded(pool: PoolSettings, config: Config) -> list[str]:
    home = [os.path.join(config.server_root, pool.python_home)] if pool.python_home is not None else []
    if other_python.command_for(config, pool) is not None and home:
        return home
    return [os.path.dirname(mpfcgi.__file__), os.path.dirname(os.__file__), *home]


def _check_folder(folder: str, pool: PoolSettings, who: Who) -> None:
    problems = reach.to_folder(folder, who, reads=True)
    if problems:
        raise ConfigError(
            f"<PythonPool {pool.pattern}>: {who.name} can't load what is in {folder}: {'; '.join(problems)}", pool.place,
            "or install it where its user can read it, such as /opt",
        )  # fmt: skip


def _who(identity: Identity | None) -> Who:
    if identity is None:
        return Who(str(os.geteuid()), os.geteuid(), frozenset([os.getegid(), *os.getgroups()]))
    return Who(identity.name or str(identity.uid), identity.uid, frozenset([identity.gid, *identity.groups]))


def _place(server: Server, config: Config) -> str:
    for line in (*reversed(server.directives), *reversed(config.main.directives)):
        if line.name == "DocumentRoot":
            return f"{line.place}: "
    return ""
