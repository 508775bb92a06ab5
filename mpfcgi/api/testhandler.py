"""`mod_python.testhandler`: a page that tells what a handler sees, to find out whether and how things work.

It shows the configuration too: it is for the site's owner, and for the time of looking for a mistake.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from html import escape
from importlib.util import find_spec
from typing import Any

from mpfcgi.api import apache
from mpfcgi.api.constants import (
    AP_MPMQ_IS_FORKED,
    AP_MPMQ_IS_THREADED,
    AP_MPMQ_MAX_DAEMON_USED,
    AP_MPMQ_MAX_THREADS,
    OK,
)

LINES_OF_LOG = 100
# Enough for so many lines.
_TAIL = 64 * 1024


def handler(req: Any) -> int:
    """The content handler: the page, or the end of the error log for `?view_log=1` under PythonDebug."""
    log = os.path.join(apache.server_root(), req.server.error_fname or apache.main_server.error_fname or "")
    readable = req.get_config().get("PythonDebug") == "1" and os.path.isfile(log)
    if readable and req.args == "view_log=1":
        req.content_type = "text/plain"
        req.write(b"".join(_last_lines(log)), 0)
        return OK
    req.content_type = "text/html"
    req.add_cgi_vars()
    tables = [
        ("Request input headers", req.headers_in),
        ("Request environment", req.subprocess_env),
        ("Request configuration", req.get_config()),
        ("Request options", req.get_options()),
        ("Request notes", req.notes),
        ("Server configuration", req.server.get_config()),
        ("Server options", req.server.get_options()),
    ]
    req.write('<html><head><meta charset="utf-8"><title>mod_python test page</title></head><body>\n', 0)
    req.write(_general(req, log, readable), 0)
    for title, table in tables:
        req.write(_table(title, table.items()), 0)
    tree = "".join(_directives(apache.config_tree(), 0))
    req.write(f"<h3>Server configuration tree</h3>\n<pre>{tree}</pre>\n</body></html>\n", 0)
    return OK


def _general(req: Any, log: str, readable: bool) -> str:
    threaded, forked = apache.mpm_query(AP_MPMQ_IS_THREADED), apache.mpm_query(AP_MPMQ_IS_FORKED)
    threads, daemons = apache.mpm_query(AP_MPMQ_MAX_THREADS), apache.mpm_query(AP_MPMQ_MAX_DAEMON_USED)
    log = _code(log)
    if readable:
        log += f' (<a href="?view_log=1" target="_new">view last {LINES_OF_LOG} lines</a>)'
    rows = [
        ("Apache version", _code(req.subprocess_env.get("SERVER_SOFTWARE", ""))),
        ("Apache threaded MPM", _code(f"Yes, maximum {threads} threads" if threaded else "No (single thread MPM)")),
        ("Apache forked MPM", _code(f"Yes, maximum {daemons} processes" if forked else "No (single process MPM)")),
        ("Apache server root", _code(apache.server_root())),
        ("Apache document root", _code(req.document_root())),
        ("Apache error log", log),
        ("Python sys.version", _code(sys.version)),
        ("Python sys.path", f"<pre>{escape(os.linesep.join(map(str, sys.path)))}</pre>"),
        ("Python interpreter name", _code(req.interpreter)),
        ("mod_python.publisher available", _code(_available("publisher"))),
        ("mod_python.psp available", _code(_available("psp"))),
    ]
    cells = "".join(f"<tr><td><code>{name}</code></td><td>{value}</td></tr>\n" for name, value in rows)
    return f'<h3>General information</h3>\n<table border="1">\n{cells}</table>\n'


def _table(title: str, items: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><td>{_code(name)}</td><td>{_code(value)}</td></tr>\n" for name, value in items)
    return f'<h3>{title}</h3>\n<table border="1"><tr><th>Key</th><th>Value</th></tr>\n{rows}</table>\n'


def _directives(nodes: Iterable[Any], depth: int) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, list):
            yield from _directives(node, depth + 1)
        else:
            yield "    " * depth + escape(" ".join(node)) + "\n"


def _last_lines(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        return file.read().splitlines(keepends=True)[-LINES_OF_LOG:]


def _available(module: str) -> str:
    return "Yes" if find_spec("mpfcgi.api." + module) else "No"


def _code(text: str) -> str:
    return f"<code>{escape(text.encode('utf-8', 'backslashreplace').decode())}</code>"
