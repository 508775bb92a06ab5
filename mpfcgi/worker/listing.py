"""The list of a folder that has no index file, which Apache's mod_autoindex makes."""

from __future__ import annotations

import html
import os
import time

from mpfcgi.api import Request
from mpfcgi.api import constants as c
from mpfcgi.api.request import quoted_uri
from mpfcgi.config import Settings
from mpfcgi.config.patterns import path_pattern


def serve(req: Request, settings: Settings) -> int:
    """A page with the folder's files, where Options Indexes allows it; OK, or the status to answer."""
    if req.handler != c.DIR_MAGIC_TYPE:
        req.log_error(f"Attempt to serve directory: {req.filename}")
        return c.HTTP_NOT_FOUND
    if "Indexes" not in settings.get("Options", ()):
        req.log_error(
            f"Cannot serve directory {req.filename}: No matching DirectoryIndex found, and server-generated directory "
            "index forbidden by Options directive"
        )
        return c.HTTP_FORBIDDEN
    folder = req.filename or "/"
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (not entry.is_dir(), entry.name.lower()))
    except PermissionError:
        return c.HTTP_FORBIDDEN
    ignored = [path_pattern(name) for name in settings.get("IndexIgnore", ())]
    rows = [
        _row(entry)
        for entry in entries
        if not entry.name.startswith((".", "__pycache__")) and not any(name.fullmatch(entry.name) for name in ignored)
    ]
    title = f"Index of {html.escape(req.uri)}"
    up = "" if req.uri == "/" else '<tr><td><a href="../">Parent folder</a></td><td></td><td></td></tr>\n'
    req._content_type = "text/html; charset=utf-8"
    req.write(
        f'<!DOCTYPE html>\n<html><head><meta name="viewport" content="width=device-width"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n<table>\n<tr><th>Name</th><th>Changed</th><th>Size</th></tr>\n{up}{''.join(rows)}"
        "</table>\n</body></html>\n",
        0,
    )
    return c.OK


def _row(entry: os.DirEntry[str]) -> str:
    slash = "/" if entry.is_dir() else ""
    try:
        status = entry.stat()
    except OSError:
        return ""
    changed = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.st_mtime))
    size = "" if slash else f"{status.st_size:,}"
    name = html.escape(entry.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")) + slash
    return (
        f'<tr><td><a href="{html.escape(quoted_uri(entry.name))}{slash}">{name}</a></td>'
        f'<td>{changed}</td><td align="right">{size}</td></tr>\n'
    )
