"""`_apache`, the C module of mod_python: what code imported from it."""

from mpfcgi.api.apache import (
    config_tree,
    exists_config_define,
    log_error,
    mpm_query,
    register_cleanup,
    server_root,
    stat,
)
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.table import table

__all__ = [
    "SERVER_RETURN",
    "config_tree",
    "exists_config_define",
    "log_error",
    "mpm_query",
    "register_cleanup",
    "server_root",
    "stat",
    "table",
]
