"""A file that the web server may send in our place, told by its name (X-Sendfile, X-Accel-Redirect).

Apache's mod_xsendfile and lighttpd take the file's path, nginx the URL of an internal location.
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


def named(configured: tuple[str, str, str], path: str | bytes) -> str | None:
    """What the header says for the file `path`; None for one that the web server can't be told.

    That is one not below the location's folder, and by path one that escapes would change: Debian's mod_xsendfile takes a
    path as it is, lighttpd undoes escapes. `configured` is the value of SendfileHeader: header, URL, folder.
    """
    header, url, folder = configured
    full = os.path.abspath(os.fsdecode(path))
    if not full.startswith(folder):
        return None
    name = url + full.removeprefix(folder)
    quoted = quote(name, safe="/~", errors="surrogateescape")
    return quoted if header == "X-Accel-Redirect" or quoted == name else None
