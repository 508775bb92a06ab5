"""File information (`req.finfo`, `apache.stat`): what stat(2) says, by name or by the FINFO_* indexes."""

from __future__ import annotations

import os
import stat as st
from typing import Any

from mpfcgi.api import constants as c
from mpfcgi.api.members import not_copied

_TYPES = {
    st.S_IFREG: c.APR_REG, st.S_IFDIR: c.APR_DIR, st.S_IFCHR: c.APR_CHR, st.S_IFBLK: c.APR_BLK,
    st.S_IFIFO: c.APR_PIPE, st.S_IFLNK: c.APR_LNK, st.S_IFSOCK: c.APR_SOCK,
}  # fmt: skip


# Of what stat(2) tells nothing is left out.
_KNOWN = c.APR_FINFO_NORM | c.APR_FINFO_NLINK | c.APR_FINFO_CSIZE


class mp_finfo:
    """Immutable. Members are None where the file is missing; times are whole seconds, sizes bytes."""

    __module__ = "builtins"
    __slots__ = {
        "_status": "What stat(2) said.",
        "atime": "When it was read last, in seconds since the epoch.",
        "ctime": "When it was changed last, its rights and names included.",
        "device": "The number of the device it is on.",
        "filetype": "One of APR_REG, APR_DIR...; APR_NOFILE where it is missing.",
        "fname": "The name that was asked for.",
        "group": "The number of its group.",
        "inode": "The number of its inode.",
        "mtime": "When its contents were changed last.",
        "name": "Its true name: None, it is not looked for.",
        "nlink": "How many names it has.",
        "protection": "Its rights, as APR has them: a hexadecimal digit each for user, group and world.",
        "size": "Its size in bytes.",
        "user": "The number of its owner.",
        "valid": "Which of these are known: a sum of APR_FINFO_*.",
    }

    __reduce_ex__ = not_copied

    def __init__(self, fname: str | None, status: os.stat_result | None) -> None:
        values: dict[str, Any] = dict.fromkeys(self.__slots__)
        values["_status"] = status
        values["fname"] = fname
        values["filetype"] = c.APR_NOFILE
        if status is not None:
            values.update(
                filetype=_TYPES.get(st.S_IFMT(status.st_mode), c.APR_UNKFILE), valid=_KNOWN,
                protection=_protection(status.st_mode), user=status.st_uid, group=status.st_gid, size=status.st_size,
                inode=status.st_ino, device=status.st_dev, nlink=status.st_nlink, atime=int(status.st_atime),
                mtime=int(status.st_mtime), ctime=int(status.st_ctime),
            )  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return repr({name: getattr(self, name) for name in _SHOWN})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"attribute {name!r} of 'mp_finfo' objects is not writable")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'mp_finfo' object has no attribute {name!r}")

    def __getitem__(self, index: int) -> Any:
        """A member by its FINFO_* index. IndexError beyond FINFO_NAME."""
        if not 0 <= index <= c.FINFO_NAME:
            raise IndexError("tuple index out of range")
        return getattr(self, _BY_INDEX[index])


_SHOWN = (
    "fname", "filetype", "valid", "protection", "user", "group", "size", "inode", "device", "nlink", "atime", "mtime",
    "ctime", "name",
)  # fmt: skip

_BY_INDEX = (
    "protection", "inode", "device", "nlink", "user", "group", "size", "atime", "mtime", "ctime", "fname", "name",
)  # fmt: skip


def _protection(mode: int) -> int:
    """APR's permission bits: four bits for each of user, group and world."""
    return (
        (mode & 0o700) << 2 | (mode & 0o070) << 1 | (mode & 0o007)
        | (0x8000 if mode & st.S_ISUID else 0) | (0x4000 if mode & st.S_ISGID else 0) | (0x2000 if mode & st.S_ISVTX else 0)
    )  # fmt: skip
