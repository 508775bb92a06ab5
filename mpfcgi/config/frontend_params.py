"""What front-ends say about the file: DOCUMENT_ROOT and SCRIPT_FILENAME in the dialects of each, as one path.

Used only where our own configuration names no DocumentRoot; what SCRIPT_NAME and PATH_INFO say, only under FrontEndRewrites.
Pure: no look at the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

# What a request for no file of a plain folder is rewritten to where the web server must rewrite it to pass it on
# (`mpfcgi frontend lighttpd`): no file can have this name.
PASSED_ON = "/.mpfcgi"
# Caddy cuts parameters above 65,500 bytes, name and all; an address of no more than this is whole.
LONGEST_WHOLE = 65_000
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


def script_path(script_name: str, path_info: str, path: str, sent: str) -> str | None:
    """The path that SCRIPT_NAME and PATH_INFO name together, decoded and not normal; None where it is that of the address.

    `path` is the decoded and normal one, `sent` the one that came. A folder's index file that the front-end has named, and a
    program that it has the whole site answered by (PATH_INFO has the address then), are no other page. An encoded slash is
    gone in SCRIPT_NAME, so that nothing can be told of an address with one.
    """
    named = text(script_name + path_info)
    if not named.startswith("/") or named in (path, sent, PASSED_ON) or "%2f" in sent.lower():
        return None
    if text(path_info) in (path, sent):
        return None
    if path.endswith("/") and named.startswith(path) and "/" not in named[len(path) :]:
        return None
    return named


def is_cut(params: Mapping[str, str]) -> bool:
    """Whether the front-end has lost a part of an address that was too long for it, and says nothing of that.

    mod_proxy_fcgi leaves out variables of more than 16 KiB; QUERY_STRING is one that Apache always sends. Caddy cuts them.
    """
    server = params.get("SERVER_SOFTWARE", "")
    if "REQUEST_URI" in params:
        return len(params["REQUEST_URI"]) > LONGEST_WHOLE and server.startswith("Caddy")
    return "QUERY_STRING" not in params and server.startswith("Apache/")
