"""Which sections hold for a file and its URI, in Apache's order of merging.

<Directory> and .htaccess from the root down, then <Directory> by expression, then <Files>, then <Location>; within each
group the main server's before the virtual host's, in the order of the file; but of expressions for folders first those
with fewer slashes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from mpfcgi.config.directives.python import PHASE_DIRECTIVES
from mpfcgi.config.htaccess import HtaccessFile, HtaccessFiles, Looked
from mpfcgi.config.model import Directive, Section
from mpfcgi.config.patterns import is_wild, path_pattern
from mpfcgi.config.settings import Scope
from mpfcgi.config.translate import match_prefix
from mpfcgi.config.walk import folders

NOTHING_ALLOWED: frozenset[str] = frozenset()
HANDLER_DIRECTIVES = frozenset((*PHASE_DIRECTIVES, "PythonHandlerModule"))


class Found(NamedTuple):
    """A section or .htaccess that holds (`source`, by which settings are interned) and its directives' scope."""

    source: Section | HtaccessFile
    scope: Scope


class Walked(NamedTuple):
    """The outcome of the walk: what holds, the .htaccess files that were looked for, the first one that is wrong, and
    the folders passed, each with the Options lines that hold from there on."""

    found: list[Found]
    looked: tuple[Looked, ...]
    wrong: HtaccessFile | None
    options: list[tuple[str, tuple[Any, ...]]]


class Sections:
    """The sections of a main server and a virtual host, sorted so that finding those of a file needs no search."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self._plain: dict[str, list[tuple[int, Section]]] = {}
        self._wild: dict[int, list[tuple[int, Section]]] = {}
        self._regex: list[Section] = []
        self._files: list[Section] = []
        self._locations: list[Section] = []
        for order, section in enumerate(sections):
            if section.kind == "Files":
                self._files.append(section)
            elif section.kind == "Location":
                self._locations.append(section)
            elif section.is_regex:
                self._regex.append(section)
            elif is_wild(section.argument):
                self._wild.setdefault(section.argument.rstrip("/").count("/"), []).append((order, section))
            else:
                self._plain.setdefault(section.argument, []).append((order, section))
        # As Apache sorts them: what looks deeper counts later.
        self._regex.sort(key=lambda section: section.argument.count("/"))

    def walk(
        self, directory: str, filename: str, is_directory: bool, htaccess: HtaccessFiles, names: tuple[str, ...],
        is_whole_file: bool = False,
    ) -> Walked:  # fmt: skip
        """Everything but Location. `directory` ends in a slash; `names` are those of .htaccess files.

        `is_whole_file` is for a file that is there, with no path behind it: <Directory> may name it, or fit it.
        """
        found: list[Found] = []
        nested: list[Found] = []
        looked: list[Looked] = []
        options: list[tuple[str, tuple[Any, ...]]] = []
        wrong: HtaccessFile | None = None
        classes = names_allowed = override = NOTHING_ALLOWED

        def enter(source: Section | HtaccessFile, place: str) -> None:
            found.append(Found(source, Scope(source.directives, place)))
            nested.extend(Found(inner, Scope(inner.directives, place)) for inner in source.sections)

        for folder in folders(directory):
            first = len(found)
            for section in self._of_folder(folder):
                enter(section, _place(section, folder))
                classes = _last(section.directives, "AllowOverride", classes)
                names_allowed = _last(section.directives, "AllowOverrideList", names_allowed)
                override = classes | names_allowed
            for name in names if override else ():
                seen, file = htaccess.read(folder + name, override)
                looked.append(seen)
                if file is not None:
                    wrong = wrong or (file if file.status else None)
                    enter(file, folder)
            lines = [line.value for item in found[first:] for line in item.scope.directives if line.name == "Options"]
            options.append((folder, tuple(lines)))
        for section in self._of_folder(filename) if is_whole_file else ():
            enter(section, _place(section, directory))
        # Apache tries expressions on the file's own name; a folder's ends in a slash.
        subject = directory if is_directory else filename
        for section in self._regex:
            if expression(section.argument).search(subject):
                enter(section, _place(section, directory))
        server_wide = [Found(section, Scope(section.directives)) for section in self._files]
        # That of a folder is empty behind its slash, and <Files *> fits it.
        base = os.path.basename(filename)
        found += [
            item
            for item in server_wide + nested
            if isinstance(item.source, Section) and item.source.kind == "Files" and _files_match(item.source, base)
        ]
        return Walked(found, tuple(looked), wrong, options)

    def locations(self, uri: str) -> list[Found]:
        """The <Location> sections that hold for a decoded URI."""
        return [
            Found(section, Scope(section.directives, None, section.argument, section.is_regex))
            for section in self._locations
            if _location_matches(section, uri)
        ]

    def _of_folder(self, folder: str) -> Iterable[Section]:
        path = folder.rstrip("/") or "/"
        here = list(self._plain.get(path, ()))
        for order, section in self._wild.get(path.count("/"), ()):
            if path_pattern(section.argument.rstrip("/")).fullmatch(path):
                here.append((order, section))
        return [section for _, section in sorted(here, key=lambda item: item[0])]


def directives_in(sections: Iterable[Section]) -> Iterator[Directive]:
    """All lines of sections and of those in them."""
    for section in sections:
        yield from section.directives
        yield from directives_in(section.sections)


def replaces_storage(found: Iterable[Found]) -> bool:
    """Whether the last <Location> that says anything of Python has a handler of its own.

    mod_python asks for no file then. (Sections in between that have no such line don't count.)
    """
    answer = False
    for item in found:
        names = {line.name for line in item.scope.directives if line.name.startswith("Python")}
        if names:
            answer = not names.isdisjoint(HANDLER_DIRECTIVES)
    return answer


def places(found: Iterable[Found]) -> tuple[str | None, ...]:
    """The folders for whose handlers the same sections are not the same: those that wildcards and expressions fit."""
    return tuple(
        item.scope.directory
        for item in found
        if isinstance(item.source, Section)
        and item.source.kind == "Directory"
        and (item.source.is_regex or is_wild(item.source.argument))
    )


def _place(section: Section, folder: str) -> str:
    """The folder of the handlers in a <Directory>: of a pattern or an expression the first that it fits, down to `folder`.

    It is tried with and without a slash, as mod_python does (its manual, MODPYTHON-63).
    """
    if section.is_regex:
        fits = expression(section.argument).search
    elif is_wild(section.argument):
        fits = path_pattern(section.argument).fullmatch
    else:
        return folder
    return next((above for above in folders(folder) if fits(above) or fits(above[:-1])), folder)


@lru_cache(1024)
def expression(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _files_match(section: Section, name: str) -> bool:
    if section.is_regex:
        return expression(section.argument).search(name) is not None
    return path_pattern(section.argument).fullmatch(name) is not None


def _location_matches(section: Section, uri: str) -> bool:
    if section.is_regex:
        return expression(section.argument).search(uri) is not None
    if is_wild(section.argument):
        return path_pattern(section.argument).fullmatch(uri) is not None
    return match_prefix(section.argument, uri) is not None


def _last(directives: tuple[Directive, ...], name: str, default: frozenset[str]) -> frozenset[str]:
    return next((directive.value for directive in reversed(directives) if directive.name == name), default)
