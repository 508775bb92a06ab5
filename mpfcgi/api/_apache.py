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
