""".htaccess files, read when they are new or have changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mpfcgi.config.loader import parse_htaccess
from mpfcgi.config.model import ConfigError, Directive, Section

CACHE_SIZE = 1024
# Bytes that one may have. It is read while a request waits, and written by who has no other way to hold a worker.
LARGEST = 1 << 20
Stamp = tuple[int, int, int]


class Looked(NamedTuple):
    """One .htaccess that was looked for: its path and its stamp, None where there was none."""

    path: str
    stamp: Stamp | None

    def still_holds(self) -> bool:
        return stamp(self.path) == self.stamp


@dataclass(frozen=True, eq=False)
class HtaccessFile:
    """What a file said when it was read. `status` is what to answer where it is wrong (with `problem`), else 0."""

    stamp: Stamp
    directives: tuple[Directive, ...] = ()
    sections: tuple[Section, ...] = ()
    status: int = 0
    problem: str = ""


class HtaccessFiles:
    """The files read so far, by path and by what AllowOverride allows there.

    `server_root` and `defines` are the configuration's, for conditions in the files.
    """

    def __init__(self, server_root: str = "", defines: Mapping[str, str] | None = None) -> None:
        self._server_root = server_root
        self._defines = defines or {}
        self._known: dict[tuple[str, frozenset[str]], HtaccessFile] = {}

    def read(self, path: str, allowed: frozenset[str]) -> tuple[Looked, HtaccessFile | None]:
        """The file at `path`, read again only when its stamp differs; None when there is none."""
        now = stamp(path)
        if now is None:
            self._known.pop((path, allowed), None)
            return Looked(path, None), None
        known = self._known.get((path, allowed))
        if known is None or known.stamp != now:
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            known = self._known[(path, allowed)] = self._read(path, now, allowed)
        return Looked(path, now), known

    def _read(self, path: str, now: Stamp, allowed: frozenset[str]) -> HtaccessFile:
        if not os.path.isfile(path):
            # A named pipe would block the worker for good.
            return HtaccessFile(now, status=403, problem=f"{path}: not a regular file")
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read(LARGEST + 1)
            if len(text) > LARGEST:
                raise ConfigError(f"{path} has more than {LARGEST} bytes", hint="make it smaller")
            directives, sections = parse_htaccess(
                path, text, allowed, server_root=self._server_root, defines=self._defines
            )
        except ConfigError as error:
            return HtaccessFile(now, status=500, problem=str(error))
        except OSError as error:
            # As Apache: what the administrator wrote there can't be known, so nobody gets in.
            return HtaccessFile(now, status=403, problem=f"{path}: {error.strerror}, ensure that it is readable")
        return HtaccessFile(now, directives, sections)


def stamp(path: str) -> Stamp | None:
    """What changes when a file is edited or replaced; None when there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
