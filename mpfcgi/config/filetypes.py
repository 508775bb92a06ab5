"""What a file's name says of it: content type, charset, encoding, language, handler (Apache's mod_mime).

A name may have several extensions, each of which may say something; of one kind, the last says it.
"""

from __future__ import annotations

import mimetypes
from functools import cache
from typing import NamedTuple

from mpfcgi.config.settings import Settings

CACHE_SIZE = 1024


class FileType(NamedTuple):
    """None for what the name does not tell. `known` is false when mod_mime would leave it to others."""

    content_type: str | None
    charset: str | None
    encoding: str | None
    language: str | None
    handler: str | None
    known: bool


class FileTypes:
    """Types by name. `types_config` is the file of TypesConfig, None for /etc/mime.types or Python's own table."""

    def __init__(self, types_config: str | None = None) -> None:
        self._types = _read_types(types_config)

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
        maps = [settings.get(f"Add{kind}") or {} for kind in ("Type", "Charset", "Encoding", "Language", "Handler")]
        found: list[str | None] = [None] * 5
        known_extension = False
        # A leading dot does not make an extension of the whole name.
        for extension in (
            name.lstrip(".").split(".")[1:] if not name.startswith(".") else name[1:].split(".")[1:] or [name[1:]]
        ):
            key = extension.lower()
            recognised = False
            for index, mapping in enumerate(maps):
                if key in mapping:
                    recognised = recognised or mapping[key] is not None
                    found[index] = mapping[key]
            if key not in maps[0] and key in self._types:
                found[0] = self._types[key]
                recognised = True
            if not recognised and key and not found[2]:
                # An unknown extension takes back what earlier ones said, as in mod_mime.
                found = [None] * 5
            known_extension = known_extension or recognised
        content_type, charset, encoding, language, handler = found
        forced = settings.get("ForceType")
        if forced and forced.lower() != "none":
            content_type = forced
        set_handler = settings.get("SetHandler")
        if set_handler and set_handler.lower() != "none":
            handler = set_handler
        return FileType(content_type, charset, encoding, language, handler, content_type is not None)


def _read_types(path: str | None) -> dict[str, str]:
    return _types_of(path or "/etc/mime.types")


@cache
def _types_of(path: str) -> dict[str, str]:
    types: dict[str, str] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                content_type, *extensions = line.partition("#")[0].split() or [""]
                for extension in extensions:
                    types[extension.lower()] = content_type
    except OSError:
        return {extension.lstrip("."): content_type for extension, content_type in mimetypes.types_map.items()}
    return types
