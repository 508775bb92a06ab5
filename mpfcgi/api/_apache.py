"""`_apache`, the C module of mod_python: what code imported from it."""

from __future__ import annotations

from typing import Any

from mpfcgi.api import services
from mpfcgi.api.apache import (
    config_tree,
    exists_config_define,
    log_error,
    mpm_query,
    register_cleanup,
    server_root,
    stat,
)
from mpfcgi.api.constants import (
    AP_CONN_CLOSE,
    AP_CONN_KEEPALIVE,
    AP_CONN_UNKNOWN,
    APR_BLK,
    APR_CHR,
    APR_DIR,
    APR_LNK,
    APR_NOFILE,
    APR_PIPE,
    APR_REG,
    APR_SOCK,
    APR_UNKFILE,
    MODULE_MAGIC_NUMBER_MAJOR,
    MODULE_MAGIC_NUMBER_MINOR,
)
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.queries import parse_qs, parse_qsl
from mpfcgi.api.server import mp_server
from mpfcgi.api.table import table

__all__ = [
    "APR_BLK",
    "APR_CHR",
    "APR_DIR",
    "APR_LNK",
    "APR_NOFILE",
    "APR_PIPE",
    "APR_REG",
    "APR_SOCK",
    "APR_UNKFILE",
    "AP_CONN_CLOSE",
    "AP_CONN_KEEPALIVE",
    "AP_CONN_UNKNOWN",
    "MODULE_MAGIC_NUMBER_MAJOR",
    "MODULE_MAGIC_NUMBER_MINOR",
    "SERVER_RETURN",
    "_global_lock",
    "_global_trylock",
    "_global_unlock",
    "config_tree",
    "exists_config_define",
    "log_error",
    "mpm_query",
    "parse_qs",
    "parse_qsl",
    "register_cleanup",
    "server_root",
    "stat",
    "table",
]


def _global_lock(server: mp_server, key: object, index: int = -1) -> None:
    """Wait for a mutex that all workers of the daemon share, and take it.

    Args:
        server: any server object.
        key: what leads to the mutex when `index` is -1: the same one in every process, the one of number 0 never.
        index: the mutex itself, from 0 to below mod_python.mutex_locks. ValueError beyond.

    The thread that has a mutex may take it again, and gives it back as often.
    """
    _mutexes().acquire(_index(server, key, index))


def _global_trylock(server: mp_server, key: object, index: int = -1) -> int:
    """As `_global_lock`, without waiting: 1, or 0 when another process has the mutex."""
    return int(_mutexes().acquire(_index(server, key, index), block=False))


def _global_unlock(server: mp_server, key: object, index: int = -1) -> None:
    """Give back what `_global_lock` took. ValueError when this thread has it not."""
    try:
        _mutexes().release(_index(server, key, index))
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def _mutexes() -> Any:
    return services.current().mutexes


def _index(server: mp_server, key: object, index: int) -> int:
    if not isinstance(server, mp_server):
        raise TypeError(f"the first argument must be a server object, not {type(server).__name__}")
    mutexes = _mutexes()
    if index == -1:
        return int(mutexes.index_of(key))
    if not 0 <= index < mutexes.count:
        raise ValueError(f"index {index} is out of range: mod_python.mutex_locks gives {mutexes.count} mutexes, from 0")
    return index
