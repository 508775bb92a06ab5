"""Which folders are plainly static, so that a front-end may send their files without asking the daemon.

Plainly static means that whatever file is asked for below the folder, no Python handler, authentication, access rule but
`Require all granted`, filter, redirect, type of its own, or .htaccess has a say. It is asked of the sections, not of the
disk: what holds for a folder holds for files that come later. In doubt a folder isn't: then the daemon serves it, too.

What is left to the daemon even there: names that begin with a dot, and everything that is no file (folders, missing
files, path info, methods other than GET and HEAD), so that index files, redirects and error pages are the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mpfcgi.config import Resolver, Server, Settings
from mpfcgi.config.directives.access import Rule
from mpfcgi.config.model import Directive, Section
from mpfcgi.config.patterns import is_wild

# Directives that change nothing of how a plain file is sent, beside those whose values are looked at in `_plain`.
_HARMLESS = frozenset((
    "DirectoryIndex", "DirectorySlash", "ErrorDocument", "LimitRequestBody", "LogLevel", "IndexIgnore", "EnableSendfile",
    "AcceptPathInfo", "UseCanonicalName", "UseCanonicalPhysicalPort", "HostnameLookups", "PythonDebug", "PythonPath",
    "PythonOption", "PythonAutoReload", "PythonInterpreter", "PythonInterpPerDirectory", "PythonInterpPerDirective",
))  # fmt: skip
# Where any of these is set for a folder, its files aren't plain.
_TELLING = (
    "AddInputFilter", "AddOutputFilter", "AddOutputFilterByType", "SetInputFilter", "SetOutputFilter",
    "PythonInputFilter", "PythonOutputFilter", "Order", "Allow", "Deny", "AuthType", "AddType", "AddEncoding",
    "AddCharset", "AddLanguage", "ForceType", "ContentDigest", "PythonHandlerModule", "FileETag",
)  # fmt: skip
_GRANTED = Rule("all", ("granted",))
_CONTENT = "PythonHandler"


@dataclass(frozen=True)
class Static:
    """A URI prefix and its folder; both end in a slash."""

    uri: str
    folder: str


def static_folders(resolver: Resolver, host: Server) -> tuple[Static, ...]:
    """The host's plainly static folders, none of them inside another one."""
    own = host.sections if host.is_virtual else ()
    sections = (*resolver.config.main.sections, *own)
    aliases = resolver.server_settings(host).get("Alias") or ()
    if any(alias.regex is not None for alias in aliases):
        return ()
    found: list[Static] = []
    for uri in sorted(set(_candidates(resolver, host, sections))):
        if any(uri.startswith(static.uri) for static in found) or not uri.isprintable() or set(uri) & set("\"\\ '{}$;"):
            continue
        folder = resolver.translate(host, uri).rstrip("/") + "/"
        # A front-end that maps the prefix would not see aliases within.
        inner = [
            alias
            for alias in aliases
            if alias.prefix.rstrip("/").startswith(uri) and alias.prefix.rstrip("/") + "/" != uri
        ]
        if folder == "/" or inner or set(folder) & set("\"\\ '{}$;"):
            continue
        settings = resolver.folder_settings(host, folder, uri)
        if not _plain(settings) or _redirected(settings, uri):
            continue
        if all(_plain_inside(section, folder, uri) for section in sections):
            found.append(Static(uri, folder))
    return tuple(found)


def _candidates(resolver: Resolver, host: Server, sections: Iterable[Section]) -> Iterator[str]:
    """URI prefixes that may be static: the whole host, and each place that the configuration says something about."""
    root = resolver.document_root(host).rstrip("/")
    if root:
        yield "/"
    aliases = resolver.server_settings(host).get("Alias") or ()
    places = [(alias.prefix, os.path.join(resolver.config.server_root, alias.target).rstrip("/")) for alias in aliases]
    for prefix, _ in places:
        yield prefix.rstrip("/") + "/"
    for section in sections:
        if section.is_regex or is_wild(section.argument):
            continue
        if section.kind == "Location" and section.argument.startswith("/") and root:
            yield section.argument.rstrip("/") + "/"
        elif section.kind == "Directory":
            yield from _uris_of(section.argument, [("", root), *places])


def _uris_of(path: str, places: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The URI prefixes that a folder is reached by; `places` are URI prefixes with their folders."""
    for prefix, folder in places:
        if folder and path.startswith(folder + "/"):
            yield prefix.rstrip("/") + path[len(folder) :].rstrip("/") + "/"


def _plain(settings: Settings) -> bool:
    """Whether a folder with these settings sends its files as they are."""
    if any(settings.get(name) for name in _TELLING) or settings.handlers.keys() - {_CONTENT}:
        return False
    if settings.get("AllowOverride") or settings.get("AllowOverrideList"):
        return False
    if any((settings.get("AddHandler") or {}).values()):
        return False
    handler = settings.get("SetHandler")
    if handler and handler.lower() not in ("none", "default-handler"):
        return False
    if "FollowSymLinks" not in settings.get("Options", ("FollowSymLinks",)):
        return False
    if settings.get("XBitHack", "off") != "off" or settings.get("AddDefaultCharset", "off").lower() != "off":
        return False
    return all(rule == _GRANTED for rule in settings.get("Require") or ())


def _redirected(settings: Settings, uri: str) -> bool:
    """Whether a Redirect may be for something below a prefix."""
    prefixes = [
        redirect.prefix.rstrip("/") + "/" for redirect in settings.get("Redirect") or () if redirect.regex is None
    ]
    return len(prefixes) != len(settings.get("Redirect") or ()) or any(
        prefix.startswith(uri) or uri.startswith(prefix) for prefix in prefixes
    )


def _plain_inside(section: Section, folder: str, uri: str) -> bool:
    """Whether a section leaves the files below a folder alone. One that holds for the folder itself does: it is in the
    folder's settings already."""
    if section.kind == "Files":
        # Names with a leading dot are the daemon's in any case.
        return (not section.is_regex and section.argument.startswith(".")) or _says_nothing(section)
    inner_are_plain = all(_plain_inside(inner, folder, uri) for inner in section.sections)
    place, argument = (uri, section.argument) if section.kind == "Location" else (folder, section.argument)
    if not section.is_regex and not is_wild(argument):
        argument = argument.rstrip("/") + "/"
        if place.startswith(argument):
            return inner_are_plain
        if not argument.startswith(place):
            return True
    return inner_are_plain and _says_nothing(section)


def _says_nothing(section: Section) -> bool:
    return all(_harmless(line) for line in section.directives)


def _harmless(line: Directive) -> bool:
    if line.name == "Require":
        return all(rule == _GRANTED for rule in line.value)
    if line.name in ("AllowOverride", "AllowOverrideList"):
        return not line.value
    return line.name in _HARMLESS
