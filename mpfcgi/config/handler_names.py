"""Which handlers a configuration names for an interpreter, as far as that can be told without a request.

Looked at are the hosts as a whole, their folders of documents, the folders and places that plain <Directory> and
<Location> sections name, and the .htaccess files on their ways. What only holds for a pattern is seen with a request.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mpfcgi.config import connections
from mpfcgi.config.directives.python import PHASE_DIRECTIVES, HandlerSpec
from mpfcgi.config.model import Section, Server
from mpfcgi.config.patterns import is_wild
from mpfcgi.config.resolver import Resolver, Resource
from mpfcgi.config.settings import FILTER_DIRECTIVES, Settings

# A file's name that no section is about: settings are those of files.
ANY = "\1"
CONNECTION = "PythonConnectionHandler"


class Named(NamedTuple):
    """A handler: the directive that names it, the handler's name, and the folder (ending in /) where its module is looked
    for first, None for none. A `silent` one may be missing in its module; `settings` are what its imports go by."""

    directive: str
    handler: str
    directory: str | None
    silent: bool
    settings: Settings


def named_handlers(resolver: Resolver, interpreter: str, connections_only: bool = False) -> list[Named]:
    """The handlers of an interpreter's requests, or of its connections, each once."""
    if connections_only:
        return list(_of_connections(resolver, interpreter))
    found: dict[tuple[str, str, str | None], Named] = {}
    for named in _of_requests(resolver, interpreter):
        found.setdefault((named.directive, named.handler, named.directory), named)
    return list(found.values())


def _of_requests(resolver: Resolver, interpreter: str) -> Iterator[Named]:
    for server in _hosts(resolver):
        root = _with_slash(resolver.document_root(server)) or None
        for resource, sections in _resources(resolver, server, interpreter):
            if resource.interpreter == interpreter:
                yield from _of_settings(resource.settings, root)
                yield from _of_files(sections, resource)


def _hosts(resolver: Resolver) -> list[Server]:
    """Those that requests are for."""
    config = resolver.config
    hosts = [host for host in config.vhosts if not connections.is_for_connections(host, config)]
    return hosts or [config.main]


def _of_connections(resolver: Resolver, interpreter: str) -> Iterator[Named]:
    for listen in resolver.config.connection_listens:
        server = resolver.server_at(listen)
        settings = resolver.server_settings(server)
        if settings.get(CONNECTION) and resolver.server_interpreter(server) == interpreter:
            yield Named(CONNECTION, settings.get(CONNECTION), None, False, settings)


def _resources(resolver: Resolver, server: Server, interpreter: str) -> Iterator[tuple[Resource, Iterable[Section]]]:
    """What the folders and places of a host lead to, with the sections that are about a folder's files."""
    root = _with_slash(resolver.document_root(server))
    for folder, sections in _folders(resolver, server, interpreter, root).items():
        uri = "/" + folder[len(root) :] if root and folder.startswith(root) else "/"
        yield resolver.lookup(server, folder + ANY, uri + ANY)[0], sections
    for section in _sections(resolver, server):
        if section.kind == "Location" and not section.is_regex and not is_wild(section.argument):
            yield resolver.resolve(server, section.argument)[0], ()


def _sections(resolver: Resolver, server: Server) -> tuple[Section, ...]:
    """Those that may hold for a host: the main server's, and its own."""
    return (*resolver.config.main.sections, *(server.sections if server.is_virtual else ()))


def _folders(resolver: Resolver, server: Server, interpreter: str, root: str) -> dict[str, list[Section]]:
    """The folders, ending in /, with the sections inside of theirs."""
    found: dict[str, list[Section]] = {root: []} if root else {}
    # PythonInterpPerDirectory: the name is the folder.
    if interpreter.startswith("/"):
        found.setdefault(_with_slash(interpreter), [])
    for section in _sections(resolver, server):
        if section.kind != "Directory" or section.is_regex or is_wild(section.argument):
            continue
        folder = _with_slash(section.argument)
        # Of the main server's, those of other hosts' documents are none of this one's business.
        if section in server.sections or (root and (folder.startswith(root) or root.startswith(folder))):
            found.setdefault(folder, []).extend(section.sections)
    return found


def _of_settings(settings: Settings, root: str | None) -> Iterator[Named]:
    for directive, specs in settings.handlers.items():
        for spec in specs:
            yield _named(directive, spec, spec.directory or root, settings)
    for directive in FILTER_DIRECTIVES:
        for spec in (settings.get(directive) or {}).values():
            yield _named(directive, spec, spec.directory or root, settings)


def _of_files(sections: Iterable[Section], resource: Resource) -> Iterator[Named]:
    """What <Files> inside of a folder's section names."""
    for directive in (directive for section in sections for directive in section.directives):
        if directive.name in PHASE_DIRECTIVES:
            for spec in directive.value:
                yield _named(directive.name, spec, resource.directory, resource.settings)


def _named(directive: str, spec: HandlerSpec, directory: str | None, settings: Settings) -> Named:
    return Named(directive, spec.handler, directory, spec.silent, settings)


def _with_slash(folder: str) -> str:
    return os.path.join(folder, "") if folder else ""
