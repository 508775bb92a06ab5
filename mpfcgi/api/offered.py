"""A file that the web server may send in our place, told by its name (X-Sendfile, X-Accel-Redirect).

Apache's mod_xsendfile and lighttpd take the file's path, nginx the URL of an internal location; all undo %-escapes.
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
    """What the header says for the file `path`; None for one that is not below the location's folder.

    `configured` is the value of SendfileHeader: header, URL, folder.
    """
    _, url, folder = configured
    full = os.path.abspath(os.fsdecode(path))
    if not full.startswith(folder):
        return None
    return quote(url + full.removeprefix(folder), safe="/~", errors="surrogateescape")
