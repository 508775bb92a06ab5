"""From a request to what holds for it: virtual host, file, settings, interpreter. Answers are cached.

A cached answer costs one stat(2), of the file itself, so that a new, changed or removed file is seen at once; and one
for each .htaccess that may stand on its way, where AllowOverride lets it.
"""

from __future__ import annotations

import os
import re
import stat as st
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate as fnmatch_regex
from functools import lru_cache
from typing import NamedTuple

from mpfcgi.config import translate
from mpfcgi.config.hosts import Hosts
from mpfcgi.config.loader import parse_htaccess
from mpfcgi.config.model import Config, ConfigError, Directive, Section, Server
from mpfcgi.config.settings import Scope, Settings, merge

MAIN_INTERPRETER = "main_interpreter"
CACHE_SIZE = 4096
_KIND = 0o170000
_DIRECTORY = st.S_IFDIR
NO_OVERRIDES: frozenset[str] = frozenset()


class Resource(NamedTuple):
    """What a path leads to. `status` is 0, or what to answer (with `location` for a redirect).

    `directory` is the folder of the file, ending in /; `problem` is a sentence for the log where something is wrong.
    """

    filename: str
    path_info: str
    settings: Settings
    interpreter: str
    directory: str
    kind: int
    status: int = 0
    location: str | None = None
    problem: str = ""


class _Route:
    """A cached answer, and what must be the same on disk for it to hold."""

    __slots__ = ("boundary", "htaccess", "probe", "resource")

    def __init__(self, resource: Resource, probe: str, boundary: str | None, htaccess: tuple[_Htaccess, ...]) -> None:
        self.resource = resource
        self.probe = probe
        self.boundary = boundary
        self.htaccess = htaccess


class _Htaccess(NamedTuple):
    """One .htaccess that was looked for: its path and its stamp, None where there was none."""

    path: str
    stamp: tuple[int, int, int] | None


@dataclass(frozen=True, eq=False)
class _HtaccessFile:
    stamp: tuple[int, int, int]
    directives: tuple[Directive, ...]
    sections: tuple[Section, ...]
    problem: str


class Resolver:
    """Answers for one `Config`. Not for use by several threads at once."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._hosts = Hosts(config.main, config.vhosts)
        self._base: dict[Server, Settings] = {}
        self._interned: dict[tuple[object, ...], Settings] = {}
        self._routes: dict[tuple[Server, str, str], _Route] = {}
        self._htaccess: dict[tuple[str, frozenset[str]], _HtaccessFile] = {}

    # -- the server

    def server_for(self, host: str, server_name: str = "", port: str = "", address: str = "") -> Server:
        """The virtual host for a request's HTTP_HOST, SERVER_NAME, SERVER_PORT and SERVER_ADDR."""
        return self._hosts.find(host, server_name, port, address)

    def server_settings(self, server: Server) -> Settings:
        """What the host says outside of all sections: all that is known in the post-read phase."""
        settings = self._base.get(server)
        if settings is None:
            scopes = [Scope(self.config.main.directives)]
            if server.is_virtual:
                scopes.append(Scope(server.directives))
            settings = self._base[server] = merge(None, scopes)
        return settings

    # -- the file

    def resolve(
        self, server: Server, uri: str, document_root: str = "", script_filename: str = ""
    ) -> tuple[Resource, os.stat_result | None]:
        """The resource of a decoded path, and its file's status now. `document_root` and `script_filename` are the
        front-end's, used where the configuration names no DocumentRoot."""
        key = (server, uri, document_root)
        route = self._routes.get(key)
        if route is not None:
            try:
                status = os.stat(route.probe)
                kind = status.st_mode & _KIND
            except (OSError, ValueError):
                status, kind = None, 0
            if kind == route.resource.kind and not route.htaccess and route.boundary is None:
                return route.resource, status
            if kind == route.resource.kind and self._still_holds(route):
                return route.resource, status
        filename = self.translate(server, uri, document_root, script_filename)
        route, status = self._route(server, filename, uri)
        if route.probe:
            if len(self._routes) >= CACHE_SIZE:
                self._routes.clear()
            self._routes[key] = route
        return route.resource, status

    def lookup(self, server: Server, filename: str, uri: str) -> tuple[Resource, os.stat_result | None]:
        """The same for a file name that is known already (PythonTransHandler, internal look-ups)."""
        route, status = self._route(server, filename, uri)
        return route.resource, status

    def translate(self, server: Server, uri: str, document_root: str = "", script_filename: str = "") -> str:
        """The file name for a decoded path: Alias, then DocumentRoot, then what the front-end sent."""
        settings = self.server_settings(server)
        aliases = settings.get("Alias")
        if aliases:
            target = translate.map_alias(aliases, uri)
            if target is not None:
                return os.path.join(self.config.server_root, target)
        root = self.document_root(server) or document_root
        if not root and script_filename:
            sent = translate.sent_filename(script_filename)
            root = sent[: -len(uri)] if sent.endswith(uri) else ""
            if not root:
                return sent
        return root.rstrip("/") + uri

    def document_root(self, server: Server) -> str:
        """The host's DocumentRoot, absolute; "" where none is configured."""
        root = self.server_settings(server).get("DocumentRoot")
        return os.path.join(self.config.server_root, root) if root else ""

    # -- the walk

    def _route(self, server: Server, path: str, uri: str) -> tuple[_Route, os.stat_result | None]:
        try:
            filename, path_info, status = _walk(path)
        except OSError as error:
            settings = self.server_settings(server)
            code = 403 if isinstance(error, PermissionError) else 404
            resource = Resource(
                path, "", settings, self._server_name(server), "", 0, code, None, f"{path}: {error.strerror}"
            )
            return _Route(resource, "", None, ()), None
        kind = status.st_mode & _KIND if status else 0
        directory = filename if kind == _DIRECTORY else os.path.dirname(filename)
        if not directory.endswith("/"):
            directory += "/"
        settings, looked_for, problem = self._settings(server, directory, filename, kind, uri)
        code, location = (500, None) if problem else self._refusal(settings, filename, uri)
        if not code and kind == _DIRECTORY and not filename.endswith("/") and path_info == "/":
            filename, path_info = filename + "/", ""
        interpreter = self._interpreter(
            server, settings, directory if kind == _DIRECTORY else os.path.dirname(filename) + "/"
        )
        resource = Resource(filename, path_info, settings, interpreter, directory, kind, code, location, problem)
        # A path that ends in a missing file holds while its folder is there and the file is not.
        boundary = os.path.dirname(filename) if status is None else None
        probe = "" if "FollowSymLinks" not in _options(settings) or problem else filename
        return _Route(resource, probe, boundary, looked_for), status

    def _still_holds(self, route: _Route) -> bool:
        if route.boundary is not None and not os.path.isdir(route.boundary):
            return False
        return all(_stamp(path) == stamp for path, stamp in route.htaccess)

    def _refusal(self, settings: Settings, filename: str, uri: str) -> tuple[int, str | None]:
        redirects = settings.get("Redirect")
        if redirects:
            found = translate.find_redirect(redirects, uri)
            if found is not None:
                return found
        return (0 if _links_allowed(_options(settings), filename) else 403), None

    # -- settings

    def _settings(
        self, server: Server, directory: str, filename: str, kind: int, uri: str
    ) -> tuple[Settings, tuple[_Htaccess, ...], str]:
        """Merge the sections that hold, in Apache's order: directories and .htaccess, DirectoryMatch, Files, Location."""
        scopes: list[tuple[object, Scope]] = []
        files: list[tuple[Section, str | None]] = []
        looked_for: list[_Htaccess] = []
        problem = ""
        sections = self.config.main.sections + (server.sections if server.is_virtual else ())
        override = self.server_settings(server).get("AllowOverride", NO_OVERRIDES)
        names = self.server_settings(server).get("AccessFileName", (".htaccess",))
        for folder in _folders(directory):
            for section in sections:
                if (
                    section.kind == "Directory"
                    and not section.is_regex
                    and _directory_matches(section.argument, folder)
                ):
                    scopes.append((section, Scope(section.directives, folder)))
                    files += [(inner, folder) for inner in section.sections if inner.kind == "Files"]
                    override = _last(section.directives, "AllowOverride", override)
            if override:
                for name in names:
                    stamp, found = self._read_htaccess(folder + name, override)
                    looked_for.append(_Htaccess(folder + name, stamp))
                    if found is None:
                        continue
                    problem = problem or found.problem
                    scopes.append((found, Scope(found.directives, folder)))
                    files += [(inner, folder) for inner in found.sections if inner.kind == "Files"]
        for section in sections:
            if (
                section.kind == "Directory"
                and section.is_regex
                and _regex(section.argument).search(directory.rstrip("/") or "/")
            ):
                scopes.append((section, Scope(section.directives, directory)))
                files += [(inner, directory) for inner in section.sections if inner.kind == "Files"]
        if kind != _DIRECTORY:
            name = os.path.basename(filename)
            all_files: list[tuple[Section, str | None]] = [(s, None) for s in sections if s.kind == "Files"]
            for section, place in all_files + files:
                if _files_match(section, name):
                    scopes.append((section, Scope(section.directives, place)))
        for section in sections:
            if section.kind == "Location" and _location_matches(section, uri):
                scopes.append((section, Scope(section.directives, None, True)))
        key = (server, *(identity for identity, _ in scopes), directory if _depends_on_place(scopes) else "")
        settings = self._interned.get(key)
        if settings is None:
            if len(self._interned) >= CACHE_SIZE:
                self._interned.clear()
                self._routes.clear()
            settings = self._interned[key] = merge(self.server_settings(server), [scope for _, scope in scopes])
        return settings, tuple(looked_for), problem

    def _read_htaccess(
        self, path: str, allowed: frozenset[str]
    ) -> tuple[tuple[int, int, int] | None, _HtaccessFile | None]:
        stamp = _stamp(path)
        if stamp is None:
            return None, None
        known = self._htaccess.get((path, allowed))
        if known is None or known.stamp != stamp:
            known = _parse_htaccess(path, stamp, allowed)
            self._htaccess[(path, allowed)] = known
        return stamp, known

    # -- the interpreter

    def _interpreter(self, server: Server, settings: Settings, directory: str) -> str:
        """The interpreter's name: manual 4.1 and 5.4.4 to 5.4.6."""
        explicit: str | None = settings.get("PythonInterpreter")
        if explicit:
            return explicit
        if settings.get("PythonInterpPerDirectory"):
            return directory
        if settings.get("PythonInterpPerDirective"):
            handlers = settings.handlers.get("PythonHandler", ())
            place = next((handler.directory for handler in handlers if handler.directory), None)
            return place or MAIN_INTERPRETER
        return self._server_name(server)

    def _server_name(self, server: Server) -> str:
        return server.name or self.config.main.name or MAIN_INTERPRETER

    def server_interpreter(self, server: Server) -> str:
        """The interpreter of a request whose file is not known: the host's own."""
        return self.server_settings(server).get("PythonInterpreter") or self._server_name(server)


def static_interpreters(config: Config) -> tuple[str, ...]:
    """The interpreters that are known without a request: hosts, PythonInterpreter lines, pools with a plain name."""
    resolver = Resolver(config)
    names = [resolver.server_interpreter(server) for server in (config.vhosts or (config.main,))]

    def explicit(directives: tuple[Directive, ...], sections: tuple[Section, ...]) -> Iterator[str]:
        yield from (directive.value for directive in directives if directive.name == "PythonInterpreter")
        for section in sections:
            yield from explicit(section.directives, section.sections)

    for server in config.servers:
        names += explicit((), server.sections)
    names += [pool.pattern for pool in config.pools if not re.search(r"[*?\[]", pool.pattern)]
    return tuple(dict.fromkeys(names))


def names_vary(config: Config) -> bool:
    """Whether requests of one listener may need different interpreters (so that a router is needed)."""
    if len(static_interpreters(config)) > 1:
        return True

    def any_per(directives: tuple[Directive, ...], sections: tuple[Section, ...]) -> bool:
        return any(
            (directive.name in ("PythonInterpPerDirectory", "PythonInterpPerDirective") and directive.value)
            or (directive.name == "AllowOverride" and directive.value)
            for directive in directives
        ) or any(any_per(section.directives, section.sections) for section in sections)

    return any(any_per(server.directives, server.sections) for server in config.servers)


def _walk(path: str) -> tuple[str, str, os.stat_result | None]:
    """The file that `path` begins with, the rest, and the file's status (None where the last part is missing)."""
    if "\0" in path or len(path) > 4096:
        raise OSError(36, "File name too long")
    clean = path.rstrip("/") or "/"
    try:
        status = os.stat(clean)
        slash = path[len(clean) :] if clean != "/" else ""
        return clean, slash[:1], status
    except NotADirectoryError:
        pass
    except FileNotFoundError:
        pass
    head, missing = clean, ""
    while True:
        head, _, tail = head.rpartition("/")
        missing = "/" + tail + missing
        try:
            status = os.stat(head or "/")
            break
        except (FileNotFoundError, NotADirectoryError):
            if not head:
                raise
    rest = missing + path[len(clean) :]
    if st.S_ISDIR(status.st_mode):
        name, slash, info = rest[1:].partition("/")
        return f"{head}/{name}", slash + info, None
    return head, rest, status


def _folders(directory: str) -> Iterator[str]:
    """`/`, `/srv/`, `/srv/www/` ... up to `directory`."""
    at = 0
    while at >= 0:
        yield directory[: at + 1]
        at = directory.find("/", at + 1)


def _directory_matches(argument: str, folder: str) -> bool:
    if "*" in argument or "?" in argument or "[" in argument:
        return _wildcard(argument).fullmatch(folder.rstrip("/") or "/") is not None
    return argument == (folder.rstrip("/") or "/")


@lru_cache(1024)
def _wildcard(argument: str) -> re.Pattern[str]:
    """A shell pattern whose wildcards do not match a slash."""
    return re.compile(fnmatch_regex(argument).replace(".*", "[^/]*").replace("(?s:.", "(?s:[^/]"))


@lru_cache(1024)
def _regex(argument: str) -> re.Pattern[str]:
    return re.compile(argument)


def _files_match(section: Section, name: str) -> bool:
    if section.is_regex:
        return _regex(section.argument).search(name) is not None
    return re.fullmatch(fnmatch_regex(section.argument), name) is not None


def _location_matches(section: Section, uri: str) -> bool:
    argument = section.argument
    if section.is_regex:
        return _regex(argument).search(uri) is not None
    if any(char in argument for char in "*?["):
        return _wildcard(argument).fullmatch(uri) is not None
    return translate.match_prefix(argument, uri) is not None


def _depends_on_place(scopes: list[tuple[object, Scope]]) -> bool:
    """Wildcard and regex sections give each folder its own handler directory."""
    return any(isinstance(section, Section) and section.kind == "Directory" and
               (section.is_regex or any(char in section.argument for char in "*?[")) for section, _ in scopes)  # fmt: skip


def _last(directives: tuple[Directive, ...], name: str, default: frozenset[str]) -> frozenset[str]:
    return next((directive.value for directive in reversed(directives) if directive.name == name), default)


def _options(settings: Settings) -> frozenset[str]:
    return settings.get("Options", frozenset({"FollowSymLinks"}))  # type: ignore[no-any-return]


def _links_allowed(options: frozenset[str], filename: str) -> bool:
    """Whether the symbolic links on the way to a file may be followed."""
    if "FollowSymLinks" in options:
        return True
    at = filename.find("/", 1)
    while at >= 0 or at == -1:
        part = filename if at == -1 else filename[:at]
        if os.path.islink(part) and not ("SymLinksIfOwnerMatch" in options and _same_owner(part)):
            return False
        if at == -1:
            return True
        at = filename.find("/", at + 1)
    return True


def _same_owner(link: str) -> bool:
    try:
        return os.lstat(link).st_uid == os.stat(link).st_uid
    except OSError:
        return False


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _parse_htaccess(path: str, stamp: tuple[int, int, int], allowed: frozenset[str]) -> _HtaccessFile:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            directives, sections = parse_htaccess(path, file.read(), allowed)
    except ConfigError as error:
        return _HtaccessFile(stamp, (), (), str(error))
    except OSError as error:
        return _HtaccessFile(stamp, (), (), f"{path}: {error.strerror}")
    return _HtaccessFile(stamp, directives, sections, "")
