"""From a request to what holds for it: virtual host, file, settings, interpreter. Answers are cached.

A cached answer costs one stat(2), of the file itself, so that a new, changed or removed file is seen at once; one more,
of its folder, where the file is missing; and one for each .htaccess that may stand on its way, where AllowOverride lets
it. Answers to the manual's section 4.1 (names of interpreters) and to Apache's directory walk and order of merging.
"""

from __future__ import annotations

import errno
import os
import stat as st
from dataclasses import dataclass, field, replace
from typing import Any

from mpfcgi.config import connections, frontend_params, translate
from mpfcgi.config.directives.files import apply_options
from mpfcgi.config.hosts import Hosts
from mpfcgi.config.htaccess import HtaccessFiles, Looked
from mpfcgi.config.model import Config, Listen, Server
from mpfcgi.config.naming import MAIN_INTERPRETER, interpreter_of, varies_within
from mpfcgi.config.sections import Found, Sections, Walked, places, replaces_storage
from mpfcgi.config.settings import Scope, Settings, merge
from mpfcgi.config.walk import forbidden_link, walk

CACHE_SIZE = 4096
_KIND = 0o170000
_DIRECTORY = st.S_IFDIR
EARLY_HANDLERS = ("PythonInitHandler", "PythonPostReadRequestHandler", "PythonTransHandler")
PYTHON_HANDLERS = frozenset(("mod_python", "python-program"))
DEFAULT_OPTIONS = frozenset({"FollowSymLinks"})


@dataclass
class Resource:
    """What a path leads to. `status` is 0, or what to answer (with `location`, an escaped URL, for a redirect).

    `filename` is "" where no folder of files is known at all: nothing but handlers can answer then. It is None, and so
    is `path_info`, where a <Location> has a handler that stands in the place of files, or the host redirects.
    `directory` is the folder of the file, ending in /; `kind` the file's type bits (stat.S_IFMT), 0 where it is missing;
    `problem` is a sentence for the log where something is wrong.
    """

    filename: str | None
    path_info: str | None
    settings: Settings
    interpreter: str
    directory: str
    kind: int
    status: int = 0
    location: str | None = None
    problem: str = ""
    # For who acts on it: what follows from it, worked out once.
    plan: Any = field(default=None, compare=False)
    file_type: Any = field(default=None, compare=False)


class _Route:
    """A cached answer, and what must be the same on disk for it to hold. Without `probe` it isn't to be kept."""

    __slots__ = ("boundary", "looked", "probe", "resource")

    def __init__(self, resource: Resource, probe: str, boundary: str | None, looked: tuple[Looked, ...]) -> None:
        self.resource = resource
        self.probe = probe
        self.boundary = boundary
        self.looked = looked


class Resolver:
    """Answers for one `Config`. Not for use by several threads at once."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._hosts = Hosts(config.main, config.vhosts)
        self._base: dict[Server, Settings] = {}
        self._sections: dict[Server, Sections] = {}
        self._interned: dict[tuple[object, ...], Settings] = {}
        self._routes: dict[tuple[Server, str, str, str], _Route] = {}
        self._early: dict[Server, str | None] = {}
        self._placeless: dict[tuple[Server, str], Resource] = {}
        self._htaccess = HtaccessFiles(config.server_root, config.defines)

    # -- the server

    def server_for(self, host: str, server_name: str = "", port: str = "", address: str = "", uri: str = "") -> Server:
        """The virtual host for a request's HTTP_HOST, SERVER_NAME, SERVER_PORT and SERVER_ADDR.

        One without HTTP_HOST is for the host whose ServerPath its `uri`, as sent, begins with, if there is one.
        """
        if not host and self._hosts.have_paths:
            found = self._hosts.of_path(uri, port, address)
            if found is not None:
                return found
        return self._hosts.find(host, server_name, port, address)

    def base_server(self, port: str, address: str) -> Server:
        """The server for a connection to a port and address, before it names a host."""
        return self._hosts.at(port, address)

    def server_at(self, listen: Listen) -> Server:
        """The server whose connection handler takes the connections of a `Listen ... connection` line."""
        return connections.server_at(self._hosts, listen)

    def server_settings(self, server: Server) -> Settings:
        """What the host says outside of all sections: all that is known in the post-read phase."""
        settings = self._base.get(server)
        if settings is None:
            scopes = [Scope(self.config.main.directives)]
            if server.is_virtual:
                scopes.append(Scope(server.directives))
            settings = self._base[server] = merge(None, scopes)
        return settings

    def in_location(self, server: Server, uri: str) -> bool:
        """Whether a <Location> holds for a path."""
        return bool(self._sections_of(server).locations(uri))

    def location_settings(self, server: Server, uri: str) -> Settings:
        """The host's settings with those of <Location> for a decoded path: what is known in the trans phase."""
        return self._merged(server, self._sections_of(server).locations(uri))

    def folder_settings(self, server: Server, directory: str, uri: str) -> Settings:
        """What the configuration says of the files in a folder (ending in /), be it there or not: .htaccess files and
        <Files> aside."""
        walked = self._sections_of(server).walk(directory, directory, True, self._htaccess, ())
        return self._merged(server, walked.found + self._sections_of(server).locations(uri))

    # -- the file

    def resolve(
        self, server: Server, uri: str, document_root: str = "", script_filename: str = "", query_string: str = ""
    ) -> tuple[Resource, os.stat_result | None]:
        """The resource of a decoded path, and its file's status now.

        `document_root`, `script_filename` and `query_string` are parameters as the front-end sent them; the files'
        place is taken from them where the configuration names no DocumentRoot.
        """
        if script_filename.startswith("proxy:"):
            script_filename = frontend_params.script_filename(script_filename, query_string)
        key = (server, uri, document_root, script_filename)
        route = self._routes.get(key)
        if route is not None:
            holds, status = _look(route)
            if holds:
                return route.resource, status
        placeless = self._placeless.get((server, uri)) or self._without_storage(server, uri)
        if placeless is not None:
            return placeless, None
        try:
            filename = self.translate(server, uri, document_root, script_filename)
        except ValueError as error:
            return self._nowhere(server, uri, 403, str(error)), None
        return self._remember(key, *self._route(server, filename, uri))

    def lookup(self, server: Server, filename: str, uri: str) -> tuple[Resource, os.stat_result | None]:
        """The same for a file name that is known already (PythonTransHandler, internal look-ups)."""
        # No front-end sends a NUL (the wire refuses it): these keys are never those of `resolve`.
        key = (server, uri, filename, "\0")
        route = self._routes.get(key)
        if route is not None:
            holds, status = _look(route)
            if holds:
                return route.resource, status
        placeless = self._placeless.get((server, uri)) or self._without_storage(server, uri)
        if placeless is not None:
            return placeless, None
        return self._remember(key, *self._route(server, translate.tidy(os.path.join("/", filename)), uri))

    def translate(self, server: Server, uri: str, document_root: str = "", script_filename: str = "") -> str:
        """The path for a decoded URI: Alias, then DocumentRoot, then what the front-end sent; "" where none is known.

        ValueError where an alias would be left through a `..`.
        """
        aliases = self.server_settings(server).get("Alias")
        if aliases:
            target = translate.map_alias(aliases, uri)
            if target is not None:
                return translate.tidy(os.path.join(self.config.server_root, target))
        return self.in_root(server, uri, document_root, script_filename)

    def in_root(self, server: Server, uri: str, document_root: str = "", script_filename: str = "") -> str:
        """The path for a decoded URI below the DocumentRoot, or where the front-end says; "" where neither is known."""
        root = self.document_root(server)
        if root:
            # A request that names the host by its ServerPath means a file of the host, without that path.
            prefix = server.own("ServerPath")
            inner = translate.match_prefix(prefix.rstrip("/"), uri) if prefix else None
            return translate.tidy(root.rstrip("/") + (uri if inner is None else "/" + inner.lstrip("/")))
        script = frontend_params.text(script_filename)
        return translate.tidy(frontend_params.path_for(uri, document_root, script))

    def in_alias(self, server: Server, uri: str) -> bool:
        """Whether an Alias says where a decoded URI's file is. Trans handlers are not asked then, as in Apache."""
        aliases = self.server_settings(server).get("Alias")
        if not aliases:
            return False
        try:
            return translate.map_alias(aliases, uri) is not None
        except ValueError:
            return True

    def document_root(self, server: Server) -> str:
        """The host's DocumentRoot, absolute; "" where none is configured."""
        root = self.server_settings(server).get("DocumentRoot")
        return translate.tidy(os.path.join(self.config.server_root, root)) if root else ""

    def context(self, server: Server, uri: str) -> tuple[str, str] | None:
        """The prefix and the folder, as written, of the Alias that a decoded URI is under; None without one."""
        aliases = self.server_settings(server).get("Alias")
        alias = translate.context_of(aliases, uri) if aliases else None
        return None if alias is None else (alias.prefix, os.path.join(self.config.server_root, alias.target))

    # -- the walk

    def _remember(
        self, key: tuple[Server, str, str, str], route: _Route, status: os.stat_result | None
    ) -> tuple[Resource, os.stat_result | None]:
        if route.probe:
            if len(self._routes) >= CACHE_SIZE:
                self._routes.clear()
            self._routes[key] = route
        else:
            self._routes.pop(key, None)
        return route.resource, status

    def _route(self, server: Server, path: str, uri: str) -> tuple[_Route, os.stat_result | None]:
        if not path:
            return _Route(self._nowhere(server, uri), "", None, ()), None
        try:
            filename, path_info, status = walk(path)
        except (OSError, ValueError) as error:
            return _Route(self._unreachable(server, path, uri, error), "", None, ()), None
        kind = status.st_mode & _KIND if status else 0
        directory = (filename if kind == _DIRECTORY else os.path.dirname(filename)).rstrip("/") + "/"
        is_folder = kind == _DIRECTORY
        asks_for_folder = is_folder and path_info == "/"
        walked = self._sections_of(server).walk(
            directory,
            directory if asks_for_folder else filename,
            is_folder,
            self._htaccess,
            self.server_settings(server).get("AccessFileName", (".htaccess",)),
            is_whole_file=bool(kind) and not is_folder and not path_info,
        )
        found = walked.found + self._sections_of(server).locations(uri)
        settings = self._merged(server, found)
        link = self._forbidden_link(server, walked, filename)
        if asks_for_folder:
            filename, path_info = filename.rstrip("/") + "/", ""
        code, location, problem = 0, None, ""
        has_file = True
        if walked.wrong is not None:
            code, problem = walked.wrong.status, walked.wrong.problem
        elif (redirect := _redirect(settings, uri)) is not None:
            code, location = redirect
            # One of the host's own comes before any file is thought of.
            has_file = _redirect(self.server_settings(server), uri) is None
        elif link is not None:
            code, problem = 403, f"Symbolic link not allowed or link target not accessible: {link}"
        interpreter = self._interpreter(server, settings, directory)
        resource = Resource(filename, path_info, settings, interpreter, directory, kind, code, location, problem)
        if not has_file:
            resource = replace(resource, filename=None, path_info=None)
        # A path that ends in a missing file holds while its folder is there and the file is not.
        boundary = directory if status is None else None
        keep = walked.wrong is None and not self._checks_links(server, walked)
        return _Route(resource, filename if keep else "", boundary, walked.looked), status

    def _nowhere(self, server: Server, uri: str, code: int = 0, problem: str = "") -> Resource:
        """A resource without a file: no folder of files is known, or the path may not be looked at."""
        settings = self.location_settings(server, uri)
        redirect = _redirect(settings, uri)
        if redirect is not None:
            code, problem = redirect[0], ""
        interpreter = self._interpreter(server, settings, MAIN_INTERPRETER)
        return Resource("", uri, settings, interpreter, "/", 0, code, redirect[1] if redirect else None, problem)

    def _without_storage(self, server: Server, uri: str) -> Resource | None:
        """The resource of a <Location> whose handler answers without a file, as in mod_python 3.5; None elsewhere.

        No folder is looked at then, and no <Directory>, <Files> or .htaccess holds. Only where the handler is complete
        in itself: with SetHandler in the <Location> or outside of all sections. What a <Directory> makes Python of is a
        file of that folder, a host without a DocumentRoot has no storage that could be left out, and AcceptPathInfo On
        asks for a path.
        """
        found = self._sections_of(server).locations(uri)
        if not found or not self.document_root(server) or not replaces_storage(found):
            return None
        settings = self._merged(server, found)
        if settings.get("SetHandler") not in PYTHON_HANDLERS or not settings.handlers.get("PythonHandler"):
            return None
        if settings.get("AcceptPathInfo") == "on":
            return None
        resource = replace(self._nowhere(server, uri), filename=None, path_info=None)
        if len(self._placeless) >= CACHE_SIZE:
            self._placeless.clear()
        self._placeless[(server, uri)] = resource
        return resource

    def _unreachable(self, server: Server, path: str, uri: str, error: OSError | ValueError) -> Resource:
        """Apache's answer to a path with parts that can't be looked at: 403, whatever the reason."""
        reason = os.strerror(error.errno or errno.EINVAL) if isinstance(error, OSError) else str(error)
        resource = self._nowhere(server, uri, 403, f"access to {uri[:200]} failed: {path[:200]}: {reason}")
        return replace(resource, filename=path, path_info="")

    def _forbidden_link(self, server: Server, walked: Walked, filename: str) -> str | None:
        if not self._checks_links(server, walked):
            return None
        options: frozenset[str] = self.server_settings(server).get("Options", DEFAULT_OPTIONS)
        rules = []
        for folder, lines in walked.options:
            for line in lines:
                options = apply_options(options, line)
            rules.append((folder, options))
        return forbidden_link(filename, rules)

    def _checks_links(self, server: Server, walked: Walked) -> bool:
        """Whether some folder on the way lacks FollowSymLinks; else nothing has to be looked at for links."""
        options: frozenset[str] = self.server_settings(server).get("Options", DEFAULT_OPTIONS)
        for _, lines in walked.options:
            for line in lines:
                options = apply_options(options, line)
            if "FollowSymLinks" not in options:
                return True
        return False

    # -- settings

    def _sections_of(self, server: Server) -> Sections:
        sections = self._sections.get(server)
        if sections is None:
            own = server.sections if server.is_virtual else ()
            sections = self._sections[server] = Sections(self.config.main.sections + own)
        return sections

    def _merged(self, server: Server, found: list[Found]) -> Settings:
        """The settings of a combination of sections: for the same ones the very same object."""
        if not found:
            return self.server_settings(server)
        key = (server, places(found), *(item.source for item in found))
        settings = self._interned.get(key)
        if settings is None:
            if len(self._interned) >= CACHE_SIZE:
                self._interned.clear()
                self._routes.clear()
            settings = merge(self.server_settings(server), [item.scope for item in found])
            self._interned[key] = settings
        return settings

    # -- the interpreter

    def _interpreter(self, server: Server, settings: Settings, directory: str) -> str:
        return interpreter_of(settings, directory, self._server_name(server))

    def _server_name(self, server: Server) -> str:
        return server.name or self.config.main.name or MAIN_INTERPRETER

    def early_interpreter(self, server: Server) -> str | None:
        """The interpreter of the handlers that run before a request's file is known; None where that makes no difference.

        It makes one where the host has such handlers, and not all of its requests belong to one interpreter.
        """
        if server not in self._early:
            settings = self.server_settings(server)
            name = None
            if any(settings.handlers.get(phase) for phase in EARLY_HANDLERS) and varies_within(server, self.config):
                by_place = settings.get("PythonInterpPerDirectory") or settings.get("PythonInterpPerDirective")
                name = settings.get("PythonInterpreter") or (
                    MAIN_INTERPRETER if by_place else self._server_name(server)
                )
            self._early[server] = name
        return self._early[server]

    def server_interpreter(self, server: Server) -> str:
        """The interpreter of a request whose file is not known: the host's own."""
        return self.server_settings(server).get("PythonInterpreter") or self._server_name(server)


def _look(route: _Route) -> tuple[bool, os.stat_result | None]:
    """Whether a cached answer still holds, and the file's status now."""
    try:
        status = os.stat(route.probe)
        kind = status.st_mode & _KIND
    except (OSError, ValueError):
        status, kind = None, 0
    if kind != route.resource.kind:
        return False, None
    if not kind and not os.path.isdir(route.boundary or ""):
        return False, None
    return not route.looked or all(looked.still_holds() for looked in route.looked), status


def _redirect(settings: Settings, uri: str) -> tuple[int, str | None] | None:
    redirects = settings.get("Redirect")
    return translate.find_redirect(redirects, uri) if redirects else None
