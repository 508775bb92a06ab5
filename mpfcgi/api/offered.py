"""A file that the web server may send in our place, told by its name (X-Sendfile, X-Accel-Redirect).

Apache's mod_xsendfile and lighttpd take the file's path, nginx and Caddy the URL of a location.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Offered:
    """The header and its value; the open file and its length in bytes, in case that we send it after all."""

    header: str
    value: str
    descriptor: int
    count: int

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.descriptor)


def named(configured: tuple[str, str, str], path: str | bytes, server: str = "") -> str | None:
    """What the header says for the file `path`; None for one that the web server can't be told.

    That is one not below the location's folder, and one that escapes would change, by path (Debian's mod_xsendfile takes it
    as it is, lighttpd undoes escapes) or for Caddy, which undoes none. `configured` is the value of SendfileHeader: header,
    URL, folder; `server` is SERVER_SOFTWARE.
    """
    header, url, folder = configured
    full = os.path.abspath(os.fsdecode(path))
    if not full.startswith(folder):
        return None
    name = url + full.removeprefix(folder)
    quoted = quote(name, safe="/~", errors="surrogateescape")
    undone = header == "X-Accel-Redirect" and not server.startswith("Caddy")
    return quoted if undone or quoted == name else None
