"""The face: what handlers import as `mod_python`. It never sees a socket; see `exchange` and `services`."""

from mpfcgi.api.connection import mp_conn as Connection
from mpfcgi.api.request import mp_request as Request
from mpfcgi.api.server import mp_server as Server
from mpfcgi.api.table import mp_table as Table

__all__ = ["Connection", "Request", "Server", "Table"]
