"""From the request's URI to a path, and from the path to a file name. Pure; the disk is looked at by the resolver.

A URI is decoded once. `..` never leaves the root, `//` and `/./` vanish (ap_normalize_path); %2F is refused unless
AllowEncodedSlashes says otherwise.
"""

from __future__ import annotations

import posixpath
import re
from collections import abc
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from mpfcgi.config.directives.files import Mapping, Redirection
from mpfcgi.config.frontend_params import LONGEST_WHOLE, is_cut, script_path
from mpfcgi.config.frontend_params import script_filename as sent_filename

__all__ = [
    "RequestURI",
    "find_redirect",
    "map_alias",
    "match_prefix",
    "normalize",
    "parse_uri",
    "request_uri",
    "sent_filename",
]

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
        else:
            return RequestURI(target, args, 400)
    if "%" not in target and "/." not in target and "//" not in target and target.isascii() and len(target) <= MAX_URI:
        return RequestURI(target, args, 0 if "\0" not in target else 400)
    return _decoded(target, args, encoded_slashes)


def request_uri(params: abc.Mapping[str, str], encoded_slashes: str, rewrites: bool) -> RequestURI:
    """What a request is for, by its parameters; `rewrites` is FrontEndRewrites."""
    raw = params.get("REQUEST_URI") or params.get("SCRIPT_NAME", "/") + params.get("PATH_INFO", "")
    uri = parse_uri(raw, encoded_slashes)
    if ("REQUEST_URI" not in params or len(raw) > LONGEST_WHOLE) and is_cut(params):
        return RequestURI(uri.path[:100], None, 414)
    return _rewritten(uri, params) if rewrites and not uri.status else uri


def _rewritten(uri: RequestURI, params: abc.Mapping[str, str]) -> RequestURI:
    """The URI that the front-end's rewriting has made of a good one (SCRIPT_NAME, PATH_INFO, QUERY_STRING)."""
    get = params.get
    sent = get("REQUEST_URI", "").partition("?")[0]
    query = get("QUERY_STRING", "")
    named = script_path(get("SCRIPT_NAME", ""), get("PATH_INFO", ""), uri.path, sent)
    path = normalize(named) if named is not None else None
    if path is not None and path != uri.path:
        return RequestURI(path, query or None, 404 if "\0" in path else 0)
    # An empty query (`/page?`) is one, too.
    return uri if query == (uri.args or "") or "QUERY_STRING" not in params else uri._replace(args=query or None)


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
    """The path that the first fitting Alias or AliasMatch gives; None when none fits.

    ValueError when a part of the URI has joined with the target to a `..`, which would lead out of the alias.
    """
    for alias in aliases:
        if alias.regex is not None:
            found = alias.regex.search(uri)
            if found:
                return _inside(expand(alias.target, found), alias.target)
        else:
            rest = match_prefix(alias.prefix, uri)
            if rest is not None:
                return _inside(alias.target + rest, alias.target)
    return None


def context_of(aliases: Sequence[Mapping], uri: str) -> Mapping | None:
    """The Alias that a URI is under; None when an AliasMatch comes first, or none fits."""
    for alias in aliases:
        if alias.regex is not None:
            if alias.regex.search(uri):
                return None
        elif match_prefix(alias.prefix, uri) is not None:
            return alias
    return None


def _inside(path: str, target: str) -> str:
    if path.split("/").count("..") > target.split("/").count(".."):
        raise ValueError(f"{path} leads out of its alias")
    return path


def tidy(path: str) -> str:
    """A file name without `//`, `/./` and `..`; a final slash stays."""
    if "//" not in path and "/." not in path:
        return path
    slash = "/" if path.endswith("/") else ""
    return (posixpath.normpath("/" + path.lstrip("/")).rstrip("/") + slash) or "/"


def match_prefix(prefix: str, uri: str) -> str | None:
    """What follows `prefix` in `uri` when it ends there or at a slash; None otherwise."""
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return rest if prefix.endswith("/") or not rest or rest.startswith("/") else None


def find_redirect(redirects: Sequence[Redirection], uri: str) -> tuple[int, str | None] | None:
    """Status and URL of the first fitting Redirect; None when none fits.

    What comes from the URI is escaped again, so that the URL is fit for a header.
    """
    for redirect in redirects:
        if redirect.regex is not None:
            found = redirect.regex.search(uri)
            if found:
                return redirect.status, _escaped_target(redirect.target, found)
        else:
            rest = match_prefix(redirect.prefix, uri)
            if rest is not None:
                return redirect.status, redirect.target + escape(rest) if redirect.target is not None else None
    return None


def _escaped_target(target: str | None, found: re.Match[str]) -> str | None:
    """`target` with its groups filled in. The groups alone are escaped: the administrator wrote the rest as a URL."""
    return None if target is None else expand(target, found, escape)


def escape(path: str) -> str:
    """A decoded path as it stands in a URL (ap_os_escape_path)."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/$-_.+!*'(),:@&=~")


def expand(template: str, found: re.Match[str], convert: Callable[[str], str] = str) -> str:
    """`template` with $0 to $9 replaced by the groups of a match, each through `convert`."""

    def group(number: re.Match[str]) -> str:
        index = int(number[1])
        return convert(found[index] or "") if index <= found.re.groups else ""

    return re.sub(r"\$(\d)", group, template)
