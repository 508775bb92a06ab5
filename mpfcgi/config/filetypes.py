"""What a file's name says of it: content type, charset, encoding, language, handler (Apache's mod_mime).

A name may have several extensions, each of which may say something; of one kind the last says it, but encodings and
languages add up. An extension that says nothing takes nothing back.
"""

from __future__ import annotations

import errno
import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mpfcgi.config.model import ConfigError, Server
from mpfcgi.config.settings import Settings
from mpfcgi.files import LARGEST, regular

CACHE_SIZE = 1024
SYSTEM = "/etc/mime.types"


@dataclass(frozen=True)
class FileType:
    """None, or empty, for what the name does not tell. `known` is false when it tells no content type, and the type
    handlers are to be asked. `encoding` may be several, joined by commas, in the order in which they were applied."""

    content_type: str | None
    charset: str | None
    encoding: str | None
    languages: tuple[str, ...]
    handler: str | None
    known: bool


class FileTypes:
    """Types by name. `types` are those by extension, for what no directive says."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types

    def lookup(self, settings: Settings, name: str) -> FileType:
        """What the file name `name` (no folders) means under `settings`; remembered there."""
        cached: dict[str, FileType] | None = settings.extras.get(FileTypes)
        if cached is None:
            cached = settings.extras[FileTypes] = {}
        found = cached.get(name)
        if found is None:
            if len(cached) >= CACHE_SIZE:
                cached.clear()
            found = cached[name] = self._lookup(settings, name)
        return found

    def _lookup(self, settings: Settings, name: str) -> FileType:
        types, charsets, encodings, languages, handlers = (
            settings.get(f"Add{kind}") or {} for kind in ("Type", "Charset", "Encoding", "Language", "Handler")
        )
        content_type = charset = handler = None
        found_encodings: list[str] = []
        found_languages: list[str] = []
        for extension in extensions(name):
            # RemoveType (None here) hides what TypesConfig says, too.
            said = types[extension] if extension in types else self._types.get(extension)
            content_type = said or content_type
            charset = charsets.get(extension) or charset
            handler = handlers.get(extension) or handler
            found_encodings += filter(None, [encodings.get(extension)])
            found_languages += filter(None, [languages.get(extension)])
        content_type = _forced(settings.get("ForceType")) or content_type
        handler = _forced(settings.get("SetHandler")) or handler
        return FileType(
            content_type, charset, ", ".join(found_encodings) or None, tuple(found_languages), handler,
            content_type is not None,
        )  # fmt: skip


def extensions(name: str) -> list[str]:
    """The extensions of a file name, lower-case, empty ones left out. Leading dots belong to the base name."""
    return [part.lower() for part in name.lstrip(".").split(".")[1:] if part]


def _forced(value: str | None) -> str | None:
    return value if value and value.lower() != "none" else None


def types_of(main: Server, server_root: str) -> Mapping[str, str]:
    """What TypesConfig says, or without it /etc/mime.types, or Python's own table: content types by extension.

    ConfigError when the file that TypesConfig names can't be read.
    """
    lines = [line for line in main.directives if line.name == "TypesConfig"]
    path = os.path.join(server_root, lines[-1].value) if lines else SYSTEM
    try:
        status = os.stat(path)
        if status.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"it has more than {LARGEST >> 20} MB")
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        if lines:
            raise ConfigError(f"TypesConfig {path}: {error.strerror}", lines[-1].place) from None
        return {extension.lstrip("."): content_type for extension, content_type in mimetypes.types_map.items()}


@lru_cache(maxsize=4)
def _read(path: str, modified: int, size: int) -> dict[str, str]:
    types: dict[str, str] = {}
    with open(path, encoding="utf-8", errors="replace", opener=regular) as file:
        for line in file:
            content_type, *extensions = line.partition("#")[0].split() or [""]
            for extension in extensions:
                types[extension.lower()] = content_type
    return types
