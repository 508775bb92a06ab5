"""Texts into the nodes that hold: conditions decided, files included in their place, variables put in.

These are the directives that Apache executes while it reads: Define, UnDefine, Include, ServerRoot, Error, Warning and
the <If...> sections, in the order of the lines. What they leave is the tree that `apache.config_tree()` shows.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mpfcgi.config import syntax
from mpfcgi.config.directives import REFUSED, REGISTRY
from mpfcgi.config.model import ConfigError, Mistakes, Place
from mpfcgi.config.syntax import DirectiveNode, Node, SectionNode
from mpfcgi.files import LARGEST, regular_or_given

APACHE_VERSION = (2, 4, 62)
# What an <IfModule> may ask for: modules whose directives we have.
MODULES = frozenset([
    "access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_groupfile", "authz_host",
    "authz_user", "core", "deflate", "dir", "env", "filter", "log_config", "mime", "python", "setenvif", "so", "unixd", "version",
])  # fmt: skip
CONDITIONS = frozenset(("ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective"))
MAX_INCLUDES = 50


def read_file(path: str, place: Place | None = None) -> str:
    """The text of the file at `path`; ConfigError at `place`, where it is named."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=regular_or_given) as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}", place)
    if len(text) > LARGEST:
        raise ConfigError(f"{path} has more than {LARGEST >> 20} MB", place, "is it a configuration?")
    return text


class Reader:
    """Reads one configuration, or one .htaccess file (which may neither include nor define anything).

    Afterwards `server_root` is what ServerRoot said, `variables` has what is defined, `warnings` are sentences, and
    `mistakes` are what could be read past.
    """

    def __init__(self, server_root: str, variables: Mapping[str, str], *, is_htaccess: bool = False) -> None:
        self.server_root = server_root
        self.variables = dict(variables)
        self.warnings: list[str] = []
        self.mistakes = Mistakes()
        self._is_htaccess = is_htaccess
        self._depth = 0

    def read(self, text: str, file: str) -> tuple[Node, ...]:
        """The nodes of `text` that hold; `file` stands for it in messages. ConfigError where no reading goes on."""
        return tuple(self._effective(syntax.parse(text, file)))

    def _effective(self, nodes: Iterable[Node]) -> Iterator[Node]:
        for node in nodes:
            with self.mistakes.noted():
                yield from list(self._of(syntax.expand(node, self._lookup)))

    def _of(self, node: Node) -> Iterator[Node]:
        """What a node leaves."""
        self.warnings += [f"{node.place}: ${{{name}}} is not defined" for name in syntax.variables(node)]
        name = node.name.lower()
        if isinstance(node, SectionNode):
            if name not in CONDITIONS:
                yield replace(node, children=tuple(self._effective(node.children)))
            elif self._holds(name, node):
                yield from self._effective(node.children)
            elif name == "ifmodule":
                self._warn_of_loss(node)
        elif name in ("include", "includeoptional"):
            yield from self._included(node, optional=name == "includeoptional")
        elif not self._executed(name, node):
            yield node

    def _lookup(self, name: str) -> str | None:
        value = self.variables.get(name)
        return os.environ.get(name) if value is None else value

    # -- directives

    def _executed(self, name: str, node: DirectiveNode) -> bool:
        """Do what the directive says, if it is one that is done at once and leaves nothing."""
        if name == "serverroot":
            # The registry checks where it stands; here it only moves the start of relative paths.
            if len(node.args) == 1:
                self.server_root = os.path.abspath(os.path.join(self.server_root, node.args[0]))
            return False
        if name == "define":
            self._refuse_in_htaccess(node)
            if not 1 <= len(node.args) <= 2:
                raise ConfigError("Define takes a name and perhaps a value", node.place)
            self.variables[node.args[0]] = node.args[1] if len(node.args) == 2 else ""
        elif name == "undefine":
            self._refuse_in_htaccess(node)
            if len(node.args) != 1:
                raise ConfigError("UnDefine takes one name", node.place)
            self.variables.pop(node.args[0], None)
        elif name == "error":
            raise ConfigError(" ".join(node.args), node.place)
        elif name == "warning":
            self.warnings.append(f"{node.place}: {' '.join(node.args)}")
        else:
            return False
        return True

    def _included(self, node: DirectiveNode, optional: bool) -> Iterator[Node]:
        self._refuse_in_htaccess(node)
        if len(node.args) != 1:
            raise ConfigError(f"{node.name} takes one path", node.place)
        if self._depth == MAX_INCLUDES:
            raise ConfigError(f"files include each other more than {MAX_INCLUDES} deep", node.place)
        path = os.path.join(self.server_root, node.args[0])
        paths = sorted(glob.glob(path)) if glob.has_magic(path) else [path] if os.path.exists(path) else []
        if not paths and not optional:
            raise ConfigError(f"{node.name}: there is no {path}", node.place, "IncludeOptional does without")
        self._depth += 1
        for file in _files_in(paths):
            yield from self._effective(syntax.parse(read_file(file, node.place), file))
        self._depth -= 1

    def _refuse_in_htaccess(self, node: DirectiveNode) -> None:
        if self._is_htaccess:
            raise ConfigError(f"{node.name} can't stand in .htaccess", node.place)

    # -- conditions

    def _holds(self, name: str, node: SectionNode) -> bool:
        if name == "ifversion":
            return _version_holds(node)
        if len(node.args) != 1:
            raise ConfigError(f"<{node.name}> takes one argument", node.place)
        argument = node.args[0].lstrip("!")
        if name == "ifdefine":
            found = argument in self.variables
        elif name == "iffile":
            found = os.path.exists(os.path.join(self.server_root, argument))
        elif name == "ifdirective":
            found = argument.lower() in REGISTRY
        else:
            found = re.sub(r"^mod_|_module$", "", argument.lower().removesuffix(".c")) in MODULES
        return found != node.args[0].startswith("!")

    def _warn_of_loss(self, node: SectionNode) -> None:
        """Say what an <IfModule> that does not hold takes away, where that would be an error outside of it."""
        for child in node.children:
            if isinstance(child, SectionNode):
                self._warn_of_loss(child)
            elif child.name.lower() in REFUSED:
                module = " ".join(node.args)
                self.warnings.append(f"{child.place}: {child.name} is not read: there is no module {module} here")


def _version_holds(node: SectionNode) -> bool:
    args = list(node.args)
    operator = args.pop(0) if len(args) == 2 else "="
    if len(args) != 1 or not re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,2}", args[0]):
        raise ConfigError("<IfVersion> takes an operator and a version such as >= 2.4", node.place)
    wanted = tuple(int(part) for part in args[0].split("."))
    ours = APACHE_VERSION[: len(wanted)]
    holds = {"=": ours == wanted, "==": ours == wanted, ">": ours > wanted, ">=": ours >= wanted,
             "<": ours < wanted, "<=": ours <= wanted}  # fmt: skip
    if operator.lstrip("!") not in holds:
        raise ConfigError(f"<IfVersion> knows =, >, >=, < and <=, not {operator}", node.place)
    return holds[operator.lstrip("!")] != operator.startswith("!")


def _files_in(paths: Iterable[str]) -> Iterator[str]:
    """The files of `paths`, and all those below folders, in the order of their names."""
    for path in paths:
        if os.path.isdir(path):
            yield from _files_in(sorted(os.path.join(path, name) for name in os.listdir(path)))
        else:
            yield path
