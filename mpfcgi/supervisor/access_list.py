"""Access control lists of files (acl(5)): who may connect to a socket beside its owner and its group.

Anybody may give one to a file of his own, where a group can only be given by root and its members.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Iterator

ATTRIBUTE = "system.posix_acl_access"
# As Linux keeps it (linux/posix_acl_xattr.h): a version, then entries of a tag, rights and an id.
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP_OF_FILE, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF
_CONNECT = 0o6


def allow(path: str, users: Iterable[int], groups: Iterable[int]) -> None:
    """Let users and groups, by their ids, read and write the file `path`, and else only whom its mode lets. OSError."""
    mode = stat.S_IMODE(os.stat(path).st_mode)
    os.setxattr(path, ATTRIBUTE, _VERSION + b"".join(_entries(mode, set(users), set(groups))))


def forbid(path: str) -> None:
    """Take the list away, if there is one: the mode alone holds. OSError."""
    if not has_list(path):
        return
    entries = _ENTRY.iter_unpack(os.getxattr(path, ATTRIBUTE)[len(_VERSION) :])
    group_rights = next(rights for tag, rights, _ in entries if tag == _GROUP_OF_FILE)
    os.removexattr(path, ATTRIBUTE)
    # What was the mask would be the group's rights from now on.
    os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & ~0o070 | group_rights << 3)


def has_list(path: str) -> bool:
    """Whether there is a list, of which the mode says nothing."""
    try:
        return ATTRIBUTE in os.listxattr(path)
    except OSError:
        return False


def _entries(mode: int, users: set[int], groups: set[int]) -> Iterator[bytes]:
    group_rights = mode >> 3 & 0o7
    yield _ENTRY.pack(_OWNER, mode >> 6 & 0o7, _NOBODY)
    for uid in sorted(users):
        yield _ENTRY.pack(_USER, _CONNECT, uid)
    yield _ENTRY.pack(_GROUP_OF_FILE, group_rights, _NOBODY)
    for gid in sorted(groups):
        yield _ENTRY.pack(_GROUP, _CONNECT, gid)
    yield _ENTRY.pack(_MASK, group_rights | _CONNECT, _NOBODY)
    yield _ENTRY.pack(_OTHERS, mode & 0o7, _NOBODY)
