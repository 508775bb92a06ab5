"""From the request's URI to a path, and from the path to a file name. Pure; the disk is looked at by the resolver.

A URI is decoded once. `..` never leaves the root, `//` and `/./` vanish (ap_normalize_path); %2F is refused unless
AllowEncodedSlashes says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from mpfcgi.config.values import Mapping, Redirection

MAX_URI = 64 * 1024
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(r"%2[fF]")


class RequestURI(NamedTuple):
    """`path` is decoded and normal; `args` the query string or None; `status` an error to answer, or 0."""

    path: str
    args: str | None
    status: int


def parse_uri(raw: str, encoded_slashes: str = "off") -> RequestURI:
    """Take a REQUEST_URI apart (a Latin-1 string as the front-end sent it)."""
    target, question, query = raw.partition("?")
    args = query if question else None
    if not target.startswith("/"):
        scheme, separator, rest = target.partition("://")
        if separator and scheme.isalpha():
            target = "/" + rest.partition("/")[2]
        elif target != "*":
            return RequestURI(target, args, 400)
    if "%" not in target and "/." not in target and "//" not in target and target.isascii():
        return RequestURI(target, args, 0 if "\0" not in target and len(target) <= MAX_URI else 400)
    return _decoded(target, args, encoded_slashes)


def _decoded(target: str, args: str | None, encoded_slashes: str) -> RequestURI:
    if len(target) > MAX_URI:
        return RequestURI(target[:100], args, 414)
    if _BAD_ESCAPE.search(target):
        return RequestURI(target, args, 400)
    if _ENCODED_SLASH.search(target):
        if encoded_slashes == "off":
            return RequestURI(target, args, 404)
        if encoded_slashes == "nodecode":
            target = _ENCODED_SLASH.sub("%252F", target)
    decoded = unquote_to_bytes(target.encode("latin-1")).decode("utf-8", "surrogateescape")
    path = normalize(decoded)
    if path is None:
        return RequestURI(decoded, args, 400)
    return RequestURI(path, args, 404 if "\0" in path else 0)


def normalize(path: str) -> str | None:
    """`path` without `//`, `/./` and `/../`; None when it leads above the root."""
    parts: list[str] = []
    pieces = path.split("/")
    for piece in pieces[1:]:
        if piece == "..":
            if not parts:
                return None
            parts.pop()
        elif piece not in ("", "."):
            parts.append(piece)
    normal = "/" + "/".join(parts)
    return normal + "/" if pieces[-1] in ("", ".", "..") and parts else normal


def map_alias(aliases: Sequence[Mapping], uri: str) -> str | None:
    """The path that the first fitting Alias or AliasMatch gives; None when none fits."""
    for alias in aliases:
        if alias.regex is not None:
            found = alias.regex.search(uri)
            if found:
                return expand(alias.target, found)
        else:
            rest = match_prefix(alias.prefix, uri)
            if rest is not None:
                return alias.target + rest
    return None


def match_prefix(prefix: str, uri: str) -> str | None:
    """What follows `prefix` in `uri` when it ends there or at a slash; None otherwise."""
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return rest if prefix.endswith("/") or not rest or rest.startswith("/") else None


def find_redirect(redirects: Sequence[Redirection], uri: str) -> tuple[int, str | None] | None:
    """Status and target of the first fitting Redirect; None when none fits."""
    for redirect in redirects:
        if redirect.regex is not None:
            found = redirect.regex.search(uri)
            if found:
                return redirect.status, expand(redirect.target, found) if redirect.target is not None else None
        else:
            rest = match_prefix(redirect.prefix, uri)
            if rest is not None:
                return redirect.status, redirect.target + rest if redirect.target is not None else None
    return None


def expand(template: str, found: re.Match[str]) -> str:
    """`template` with $0 to $9 replaced by the groups of a match."""
    return re.sub(
        r"\$(\d)",
        lambda number: (found.group(int(number[1])) or "") if int(number[1]) <= found.re.groups else "",
        template,
    )


def sent_filename(script_filename: str, query_string: str = "") -> str:
    """The file that a front-end's SCRIPT_FILENAME means: Apache's `proxy:fcgi://` forms without their prefix.

    A query is cut off only where it is the request's own: a `?` may be part of a file's name.
    """
    found = re.match(r"proxy:(?:fcgi|balancer)://[^/]*", script_filename)
    if found is None:
        return script_filename
    path = script_filename[found.end() :]
    if query_string and path.endswith("?" + query_string):
        path = path[: -len(query_string) - 1]
    return unquote_to_bytes(path.encode("latin-1")).decode("utf-8", "surrogateescape")
