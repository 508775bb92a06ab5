"""From a path to the file that it begins with: the directory walk, and which symbolic links it may follow."""

from __future__ import annotations

import os
import stat as st
from collections.abc import Iterable, Iterator


def walk(path: str) -> tuple[str, str, os.stat_result | None]:
    """The file, the rest of the path behind it, and the file's status: None when the file's last part is missing.

    A folder is given without its final slash. OSError when a part can't be looked at, or is too long to be a name.
    """
    clean = path.rstrip("/") or "/"
    try:
        status = os.stat(clean)
        return clean, "/" if len(path) > len(clean) else "", status
    except (FileNotFoundError, NotADirectoryError):
        return _walk_down(path)


def _walk_down(path: str) -> tuple[str, str, os.stat_result | None]:
    """From the root, so that the cost is the depth of what exists, whatever is asked for."""
    at = 1
    while True:
        slash = path.find("/", at)
        part, rest = (path, "") if slash < 0 else (path[:slash], path[slash:])
        try:
            status = os.stat(part)
        except (FileNotFoundError, NotADirectoryError):
            return part, rest, None
        if not st.S_ISDIR(status.st_mode) or rest in ("", "/"):
            return part, rest, status
        at = slash + 1


def folders(directory: str) -> Iterator[str]:
    """`/`, `/srv/`, `/srv/www/` ... up to `directory`, which ends in a slash."""
    at = 0
    while at >= 0:
        yield directory[: at + 1]
        at = directory.find("/", at + 1)


def forbidden_link(filename: str, rules: Iterable[tuple[str, frozenset[str]]]) -> str | None:
    """The first symbolic link on the way to `filename` that may not be followed.

    `rules` gives each folder on the way (ending in /) with the Options that hold in it: they decide on its entries.
    """
    for folder, options in rules:
        if "FollowSymLinks" in options:
            continue
        entry = folder + filename[len(folder) :].partition("/")[0]
        if os.path.islink(entry) and not ("SymLinksIfOwnerMatch" in options and _same_owner(entry)):
            return entry
    return None


def _same_owner(link: str) -> bool:
    try:
        return os.lstat(link).st_uid == os.stat(link).st_uid
    except OSError:
        return False
