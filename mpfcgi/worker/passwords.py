"""AuthUserFile and AuthGroupFile: Apache's files of users and groups, as htpasswd writes them.

A file is read when it is first needed and again when it changes. Hashes are checked by passlib: bcrypt, apr1, SHA
and what crypt(3) knows. A password that is not hashed never fits, as in Apache on Unix.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from mpfcgi.files import regular

SCHEMES = (
    "bcrypt", "apr_md5_crypt", "ldap_sha1", "sha512_crypt", "sha256_crypt", "md5_crypt", "des_crypt",
)  # fmt: skip
# What bcrypt looks at; htpasswd cuts longer passwords without a word.
BCRYPT_BYTES = 72
# More files than this are read anew: per-user .htaccess files can name any number of them.
FILES_KEPT = 256
# A user in a file of groups, perhaps in quotes.
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|(\S+)""")

_files: dict[tuple[str, Callable[[list[str]], Any]], tuple[tuple[int, int, int], Any]] = {}


def hash_of(path: str, user: str) -> str | None:
    """The hash of a user's password; None for a user that the file does not have. OSError when it can't be read."""
    hashes: dict[str, str] = _read(path, _parse_users)
    return hashes.get(user)


def is_in_group(path: str, user: str, names: Iterable[str]) -> bool:
    """Whether a user is in one of the groups, whatever their case. OSError when the file can't be read."""
    groups: dict[str, frozenset[str]] = _read(path, _parse_groups)
    return not groups.get(user, frozenset()).isdisjoint(map(_folded, names))


def fits(password: bytes, hashed: str) -> bool:
    """Whether a password is the one that was hashed. ValueError for a hash of an unknown or a broken form."""
    if hashed.startswith("$2"):
        password = password[:BCRYPT_BYTES]
    if b"\0" in password:
        # No program could have made a hash of it: crypt(3) would have stopped there.
        return False
    # passlib's UnknownHashError is a ValueError.
    return _context().verify(password, hashed)  # type: ignore[no-any-return]


@functools.cache
def _context() -> Any:
    # Most sites have no AuthUserFile: they need not pay for this import.
    from passlib.context import CryptContext

    return CryptContext(schemes=list(SCHEMES))


def _read(path: str, parse: Callable[[list[str]], Any]) -> Any:
    """The parsed file; from memory while it is the same file of the same time and size."""
    status = os.stat(path)
    version = (status.st_mtime_ns, status.st_size, status.st_ino)
    known = _files.get((path, parse))
    if known is not None and known[0] == version:
        return known[1]
    # Latin-1 keeps any byte, and is what the credentials of a request are in.
    with open(path, encoding="latin-1", newline="\n", opener=regular) as file:
        content = parse([line.strip() for line in file])
    if len(_files) >= FILES_KEPT:
        _files.clear()
    _files[path, parse] = version, content
    return content


def _parse_users(lines: list[str]) -> dict[str, str]:
    """`user:hash[:more]`; of two lines for a user the first counts."""
    hashes: dict[str, str] = {}
    for line in lines:
        user, colon, rest = line.partition(":")
        if colon and not line.startswith("#"):
            hashes.setdefault(user, rest.partition(":")[0])
    return hashes


def _parse_groups(lines: list[str]) -> dict[str, frozenset[str]]:
    """`group: user user ...`, turned round: the groups of each user."""
    groups: dict[str, set[str]] = {}
    for line in lines:
        group, colon, users = line.partition(":")
        if colon and not line.startswith("#"):
            for quoted, single, bare in _WORD.findall(users):
                groups.setdefault(quoted or single or bare, set()).add(_folded(group.strip()))
    return {user: frozenset(found) for user, found in groups.items()}


def _folded(name: str) -> str:
    """A group's name without the difference of A and a, which Apache doesn't see."""
    return name.encode("latin-1").lower().decode("latin-1")
