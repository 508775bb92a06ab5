"""What front-ends say about the file: DOCUMENT_ROOT and SCRIPT_FILENAME in the dialects of each, as one path.

Used only where our own configuration names no DocumentRoot. Pure: no look at the disk.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_PROXY = re.compile(r"proxy:(?:fcgi|balancer)://[^/]*")


def text(value: str) -> str:
    """A parameter (bytes as Latin-1) as file names are in Python: UTF-8, other bytes as surrogates."""
    return value if value.isascii() else value.encode("latin-1").decode("utf-8", "surrogateescape")


def script_filename(sent: str, query_string: str = "") -> str:
    """The file that SCRIPT_FILENAME means: Apache's `proxy:fcgi://` forms without their prefix, "" for none.

    Only those forms are URL-encoded, and may end in the query; a `?` may else be part of a file's name.
    """
    found = _PROXY.match(sent)
    if found is None:
        return text(sent)
    path = sent[found.end() :]
    if query_string and path.endswith("?" + query_string):
        path = path[: -len(query_string) - 1]
    return unquote_to_bytes(path.encode("latin-1")).decode("utf-8", "surrogateescape")


def path_for(uri: str, document_root: str, script: str) -> str:
    """The path that a decoded URI means to the front-end; "" when it names no place for its files.

    `script` is the outcome of `script_filename`. Where it isn't the URI below the root it wins: the front-end has an
    alias there, or has rewritten the URI. A bare URI as SCRIPT_FILENAME (Apache's `ProxyPass / fcgi://host/`) is no file
    name, and / is no root: taken for such they would open the whole disk.
    """
    root = text(document_root).rstrip("/")
    if not script.startswith("/") or script == uri or uri.startswith(script.rstrip("/") + "/"):
        return root + uri if root.startswith("/") else ""
    if root.startswith("/"):
        expected = root + uri
        # Either the URI has path info behind the script, or it is a folder and the front-end has named its index.
        if expected == script or expected.startswith(script + "/"):
            return expected
        if expected.endswith("/") and script.startswith(expected) and "/" not in script[len(expected) :]:
            return expected
    return script
