"""Files on disk, or a text, into a `Config`; ConfigError with the place of what is wrong.

The reader leaves the nodes that hold; here sections are opened, and each directive is checked against the registry.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mpfcgi.config import connections, content_handlers, foreign_names, pools
from mpfcgi.config.directives import (
    CONTEXT_NAMES,
    FRONT_END,
    IGNORED_BECAUSE,
    REFUSED,
    REGISTRY,
    BadValue,
    Spec,
)
from mpfcgi.config.directives.access import HOST_DIRECTIVES, Rule, counted_as, problem_of_rules
from mpfcgi.config.directives.arguments import address_argument, pattern
from mpfcgi.config.directives.files import OVERRIDES
from mpfcgi.config.filetypes import types_of
from mpfcgi.config.model import Config, ConfigError, Directive, Listen, Mistakes, Place, PoolSettings, Section, Server
from mpfcgi.config.patterns import is_wild
from mpfcgi.config.reading import Reader, read_file
from mpfcgi.config.runtime import runtime_of
from mpfcgi.config.syntax import DirectiveNode, Node, SectionNode
from mpfcgi.config.translate import tidy

DIRECTORY_SECTIONS = frozenset(("directory", "directorymatch", "files", "filesmatch", "location", "locationmatch"))
REQUIRE_SECTIONS = {"requireall": "all-of", "requireany": "any-of", "requirenone": "none-of"}

OLD_IMPORTER = "mod_python.legacy.importer"


def load(path: str, *, defines: Iterable[str] = ()) -> Config:
    """Read the configuration file `path`; `defines` are the names of `-D`. ConfigError."""
    path = os.path.abspath(path)
    return _load(read_file(path), path, os.path.dirname(path), defines)


def load_text(
    text: str, name: str = "<text>", *, defines: Iterable[str] = (), server_root: str | None = None
) -> Config:
    """The same for a text; `name` stands for its file in messages. ConfigError."""
    return _load(text, name, os.path.abspath(server_root or os.getcwd()), defines)


def parse_htaccess(
    path: str, text: str, allowed: frozenset[str], *, server_root: str = "", defines: Mapping[str, str] | None = None
) -> tuple[tuple[Directive, ...], tuple[Section, ...]]:
    """The directives and sections of an .htaccess file where AllowOverride allows the classes `allowed`. ConfigError.

    `server_root` and `defines` are those of the configuration; <IfFile> and <IfDefine> ask for them.
    """
    reader = Reader(server_root or os.path.dirname(path), defines or {}, is_htaccess=True)
    nodes = reader.read(text, path)
    loader = _Loader(path, reader.server_root, allowed, reader.mistakes)
    contents = loader.contents(nodes, "H")
    loader.mistakes.end()
    return contents


def _load(text: str, file: str, server_root: str, defines: Iterable[str]) -> Config:
    reader = Reader(server_root, {name: value for name, _, value in (item.partition("=") for item in defines)})
    nodes = reader.read(text, file)
    return _Loader(file, reader.server_root, None, reader.mistakes).load(nodes, reader)


def _check_alone(directive: Directive) -> None:
    """ConfigError for a rule that only keeps out, where it is not beside others that let in: it would mean nothing."""
    if isinstance(directive.value, tuple) and any(
        isinstance(rule, Rule) and rule.only_denies for rule in directive.value
    ):
        raise ConfigError(
            f"{directive.name} {' '.join(directive.args)}".rstrip() + " can only keep out",
            directive.place, "put it into <RequireAll>, beside a rule that lets in",
        )  # fmt: skip


class _Loader:
    """Checks one configuration or, with what AllowOverride has `allowed`, one .htaccess file.

    A line or a section with a mistake is left out, so that all `mistakes` are found at once.
    """

    def __init__(self, file: str, server_root: str, allowed: frozenset[str] | None, mistakes: Mistakes) -> None:
        self.file, self.server_root, self.allowed, self.mistakes = file, server_root, allowed, mistakes
        self.warnings: list[str] = []
        self.backlog = Listen("", "").backlog
        self.vhosts: list[Server] = []
        self.pools: list[PoolSettings] = []

    def load(self, nodes: tuple[Node, ...], reader: Reader) -> Config:
        directives, sections = self.contents(nodes, "S")
        backlogs = [directive.value for directive in directives if directive.name == "ListenBacklog"]
        self.backlog = backlogs[-1] if backlogs else self.backlog
        main = self._server(directives, sections, (), Place(self.file, 1), is_virtual=False)
        listens = (*self._listens(directives), *(listen for pool in self.pools for listen in pool.listens))
        self.mistakes.end()
        vhosts = tuple(replace(vhost, port=vhost.port or main.port) for vhost in self.vhosts)
        allow_root = next((line.value for line in reversed(directives) if line.name == "AllowRoot"), None)
        warnings = (*reader.warnings, *self.warnings, *connections.check(main, vhosts, listens))
        return Config(
            self.file, self.server_root, main, vhosts, tuple(self.pools), listens, reader.variables, warnings, nodes,
            types_of(main, self.server_root), *runtime_of(self.file, self.server_root, main), allow_root=allow_root,
        )  # fmt: skip

    def contents(self, nodes: Iterable[Node], context: str) -> tuple[tuple[Directive, ...], tuple[Section, ...]]:
        """Directives and directory sections of one scope."""
        directives: list[Directive] = []
        sections: list[Section] = []
        for node in nodes:
            with self.mistakes.noted():
                if isinstance(node, SectionNode):
                    self._open(node, context, directives, sections)
                elif (directive := self._directive(node, context)) is not None:
                    _check_alone(directive)
                    directives.append(directive)
        return tuple(directives), tuple(sections)

    def _open(self, node: SectionNode, context: str, directives: list[Directive], sections: list[Section]) -> None:
        """Add what a section has to the scope around it."""
        name = node.name.lower()
        if name in REQUIRE_SECTIONS:
            self._check_context(REGISTRY["require"], context, node.place)
            rule = Directive(node.name, node.args, (self._require_section(node, context),), node.place)
            _check_alone(rule)
            directives.append(replace(rule, name="Require"))
        elif name in DIRECTORY_SECTIONS:
            sections.append(self._section(node, context))
        elif name in ("limit", "limitexcept"):
            directives += self._limited(node, context)
        elif name == "virtualhost":
            self._virtual_host(node, context)
        elif name == "pythonpool":
            self._pool(node, context)
        else:
            self._unknown_section(node)

    # -- directives

    def _directive(self, node: DirectiveNode, context: str) -> Directive | None:
        name = node.name.lower()
        spec = REGISTRY.get(name)
        if spec is None:
            self._without_spec(node, name, context)
            return None
        self._check_context(spec, context, node.place)
        if spec.shown_only:
            self._ignored(node)
        try:
            value = spec.parse(node.args)
        except BadValue as error:
            raise ConfigError(f"{spec.name} {error}", node.place, spec.usage)
        if name == "pythonoption" and node.args[0] == OLD_IMPORTER:
            why = "modules are loaded by the importer of mod_python 3.3 (manual 4.5.1)"
            self.warnings.append(f"{node.place}: PythonOption {OLD_IMPORTER} is ignored: {why}")
        if name in ("sethandler", "addhandler") and (problem := content_handlers.problem(node.args[0])):
            self.warnings.append(f"{node.place}: {spec.name} {node.args[0]}: {problem}")
        return Directive(spec.name, node.args, value, node.place)

    def _without_spec(self, node: DirectiveNode, name: str, context: str) -> None:
        if name in FRONT_END and context == "P":
            raise ConfigError(
                f"{node.name} has no meaning in a <PythonPool>", node.place, IGNORED_BECAUSE.get(name, "")
            )
        if name in FRONT_END:
            self._ignored(node)
            return
        if name in REFUSED:
            raise ConfigError(f"{node.name} would be lost here", node.place, REFUSED[name])
        hint = foreign_names.ours(name)
        if hint:
            hint = f"here it is {hint}"
        elif near := difflib.get_close_matches(name, list(REGISTRY), 1, 0.7):
            hint = f"did you mean {REGISTRY[near[0]].name}?"
        raise ConfigError(f"there is no directive {node.name}", node.place, hint)

    def _ignored(self, node: DirectiveNode) -> None:
        why = IGNORED_BECAUSE.get(node.name.lower(), "the front-end sees to it")
        self.warnings.append(f"{node.place}: {node.name} is ignored: {why}")

    def _check_context(self, spec: Spec, context: str, place: Place) -> None:
        if context not in spec.contexts:
            allowed = ", ".join(CONTEXT_NAMES[letter] for letter in spec.contexts)
            raise ConfigError(f"{spec.name} can't stand in {CONTEXT_NAMES[context]}", place, f"allowed: {allowed}")
        if self.allowed is None:
            return
        if spec.override is not None and spec.name.lower() in self.allowed:
            return  # AllowOverrideList names it.
        if self.allowed.isdisjoint(OVERRIDES.values()) or (
            spec.override != "any" and spec.override not in self.allowed
        ):
            wanted = spec.override if spec.override not in (None, "any") else "All"
            raise ConfigError(f"{spec.name} is not allowed here", place, f"AllowOverride {wanted} allows it")

    # -- sections

    def _section(self, node: SectionNode, context: str) -> Section:
        name = node.name.lower()
        if name.startswith(("directory", "location")) and context not in "SV":
            raise ConfigError(f"<{node.name}> can't stand in {CONTEXT_NAMES[context]}", node.place)
        if name.startswith("location"):
            self._refuse_files(node)
        args = list(node.args)
        is_regex = name.endswith("match")
        if args and args[0] == "~" and not is_regex:
            is_regex = True
            args.pop(0)
        if len(args) != 1:
            raise ConfigError(f"<{node.name}> takes one argument, not {len(args)}", node.place)
        argument = args[0]
        if is_regex:
            try:
                pattern(argument)
            except BadValue as error:
                raise ConfigError(f"<{node.name}> {error}", node.place)
        elif name == "directory":
            argument = tidy(os.path.join(self.server_root, argument))
            # A pattern's slash at its end tells of which folder its handlers are.
            argument = argument if is_wild(argument) else argument.rstrip("/") or "/"
        inner = context if context == "H" else "D"
        directives, sections = self.contents(node.children, inner)
        kind = {"directory": "Directory", "files": "Files", "location": "Location"}[name.removesuffix("match")]
        return Section(kind, argument, is_regex, directives, sections, node.place)

    def _refuse_files(self, node: SectionNode) -> None:
        for child in node.children:
            if isinstance(child, SectionNode) and child.name.lower() in ("files", "filesmatch"):
                raise ConfigError(f"<{child.name}> can't stand in <{node.name}>", child.place)

    def _limited(self, node: SectionNode, context: str) -> list[Directive]:
        """The directives of <Limit> or <LimitExcept>, as the enclosing section's own: its rules know their methods."""
        if not node.args:
            raise ConfigError(f"<{node.name}> takes one or more methods", node.place)
        for method in node.args:
            if method != method.upper():
                raise ConfigError(
                    f"<{node.name}> takes methods in capitals, not {method!r}", node.place, f"write {method.upper()}"
                )
            if method == "TRACE":
                raise ConfigError(f"<{node.name}> can't have TRACE", node.place, "the front-end must refuse it")
        methods = frozenset(map(counted_as, node.args))
        excepted = node.name.lower() == "limitexcept"
        for child in node.children:
            if isinstance(child, SectionNode) and child.name.lower() in ("limit", "limitexcept"):
                raise ConfigError(f"<{child.name}> can't stand in <{node.name}>", child.place)
        directives, sections = self.contents(node.children, context)
        if sections:
            raise ConfigError(f"<{sections[0].kind}> can't stand in <{node.name}>", sections[0].place)
        limited: list[Directive] = []
        for directive in directives:
            if directive.name == "Require" or directive.name in HOST_DIRECTIVES:
                value = tuple(replace(rule, methods=methods, except_methods=excepted) for rule in directive.value)
                directive = Directive(directive.name, directive.args, value, directive.place)
            elif directive.name not in ("AuthType", "AuthName", "AuthUserFile", "AuthBasicAuthoritative"):
                raise ConfigError(f"{directive.name} can't stand in <{node.name}>", directive.place)
            limited.append(directive)
        return limited

    def _require_section(self, node: SectionNode, context: str) -> Rule:
        rules: list[Rule] = []
        for child in node.children:
            if isinstance(child, SectionNode):
                if child.name.lower() not in REQUIRE_SECTIONS:
                    raise ConfigError(f"<{child.name}> can't stand in <{node.name}>", child.place, "only Require can")
                rules.append(self._require_section(child, context))
                continue
            if child.name.lower() != "require":
                raise ConfigError(f"{child.name} can't stand in <{node.name}>", child.place, "only Require can")
            directive = self._directive(child, context)
            assert directive is not None
            rules.extend(directive.value)
        kind = REQUIRE_SECTIONS[node.name.lower()]
        if (problem := problem_of_rules(kind, rules)) is not None:
            raise ConfigError(f"<{node.name}> {problem}", node.place)
        return Rule(kind, rules=tuple(rules))

    def _unknown_section(self, node: SectionNode) -> None:
        if node.name.lower() in ("if", "elseif", "else", "proxy", "proxymatch", "macro"):
            raise ConfigError(f"<{node.name}> is not supported yet", node.place)
        known = ["Directory", "DirectoryMatch", "Files", "FilesMatch", "Location", "LocationMatch", "VirtualHost",
                 "PythonPool", "Limit", "LimitExcept", "IfDefine", "IfDirective", "IfFile", "IfModule", "IfVersion",
                 "RequireAll", "RequireAny", "RequireNone"]  # fmt: skip
        near = difflib.get_close_matches(node.name, known, 1, 0.6)
        raise ConfigError(
            f"there is no section <{node.name}>", node.place, f"did you mean <{near[0]}>?" if near else ""
        )

    def _virtual_host(self, node: SectionNode, context: str) -> None:
        if context != "S":
            raise ConfigError("<VirtualHost> can't stand in another section", node.place)
        if not node.args:
            raise ConfigError("<VirtualHost> takes one or more addresses", node.place, "such as *:80")
        for address in node.args:
            try:
                address_argument(address)
            except BadValue as error:
                raise ConfigError(f"<VirtualHost> {error}", node.place)
        directives, sections = self.contents(node.children, "V")
        self.vhosts.append(self._server(directives, sections, node.args, node.place, is_virtual=True))

    def _server(
        self, directives: tuple[Directive, ...], sections: tuple[Section, ...], addresses: tuple[str, ...],
        place: Place, is_virtual: bool,
    ) -> Server:  # fmt: skip
        name, port, scheme, names = "", 0, "", []
        for directive in directives:
            if directive.name == "ServerName":
                name, port = _name_and_port(directive.value)
                scheme = directive.value.rpartition("://")[0].lower()
            elif directive.name == "ServerAlias":
                names += directive.value
        wild = tuple(alias for alias in names if "*" in alias or "?" in alias)
        plain = tuple(alias for alias in names if alias not in wild)
        return Server(name, port, plain, wild, addresses, directives, sections, place, is_virtual, scheme)

    def _pool(self, node: SectionNode, context: str) -> None:
        if context != "S":
            raise ConfigError("<PythonPool> can't stand in another section", node.place)
        if len(node.args) != 1:
            raise ConfigError("<PythonPool> takes one name or pattern", node.place)
        before = len(self.mistakes.found)
        directives, sections = self.contents(node.children, "P")
        if sections:
            raise ConfigError(f"<{sections[0].kind}> can't stand in <PythonPool>", sections[0].place)
        listens = self._listens(directives)
        for listen in listens:
            if listen.purpose == "connection":
                raise ConfigError(
                    "Listen ... connection can't stand in <PythonPool>", listen.place,
                    "write it outside: the host of its PythonConnectionHandler names the pool",
                )  # fmt: skip
        self.warnings += [
            f"{line.place}: {line.name} is ignored: it is for ProcessManager {manager}"
            for line, manager in pools.ignored(directives)
        ]
        if len(self.mistakes.found) == before:
            # Without the lines that are wrong, others would seem to contradict each other.
            self.pools.append(pools.settings(node.args[0], directives, listens, node.place))

    def _listens(self, directives: Iterable[Directive]) -> tuple[Listen, ...]:
        found = []
        for directive in directives:
            if directive.name == "Listen":
                with self.mistakes.noted():
                    found.append(pools.listen(directive, self.server_root, self.backlog))
        return tuple(found)


def _name_and_port(value: str) -> tuple[str, int]:
    name = value.partition("://")[2] or value
    if name.count(":") == 1:
        host, _, port = name.partition(":")
        return host, int(port) if port.isdecimal() else 0
    return name, 0
