"""Whether a web server's user can connect to a unix socket: the answer to most "502 Bad Gateway", with what to do.

Every folder on the way must let the user pass, and the socket must be writable for it (unix(7), "Pathname socket
ownership and permissions").
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass

from mpfcgi.config import Config, ConfigError, Listen
from mpfcgi.supervisor import listeners
from mpfcgi.supervisor.access_list import has_list

# What a socket is made with, before the umask.
MADE_WITH = 0o777


@dataclass(frozen=True)
class Who:
    """A user, with its groups."""

    name: str
    uid: int
    groups: frozenset[int]


def user(name: str) -> Who:
    """A user by name or number. ConfigError when there is none."""
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"there is no user {name}") from None
    return Who(entry.pw_name, entry.pw_uid, frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid)))


def problems(config: Config, who: Who) -> list[str]:
    """What keeps a user from connecting to the unix sockets of a configuration, a sentence with a remedy for each thing."""
    found = [problem for listen in config.fastcgi_listens if listen.family == "unix" for problem in _of(listen, who)]
    return list(dict.fromkeys(found))


def _of(listen: Listen, who: Who) -> list[str]:
    found: list[str] = []
    for folder in _folders(listen.address):
        try:
            found += _closed(folder, who)
        except PermissionError:
            # Behind one that is closed to us.
            break
        except (FileNotFoundError, NotADirectoryError):
            if listeners.makes_folder(folder):
                break
            return [*found, f"{folder} is not there: mkdir -m 755 {folder}"]
    return found + _of_socket(listen, who)


def to_folder(path: str, who: Who, reads: bool = False) -> list[str]:
    """What keeps a user from the files in a folder, or, with `reads`, from their names too; as far as it is there."""
    found: list[str] = []
    try:
        for folder in _folders(os.path.join(path, "")):
            found += _closed(folder, who, reads and folder == os.path.realpath(path))
    except OSError:
        pass
    return found


def _closed(folder: str, who: Who, reads: bool = False) -> list[str]:
    """The sentence for a folder that a user can't pass, or read. OSError."""
    status = os.stat(folder)
    found = []
    for right, letter, verb in ((1, "x", "pass"), (4, "r", "read")) if reads else ((1, "x", "pass"),):
        bit = _lacking(status.st_mode, status.st_uid, status.st_gid, who, right)
        if bit and not has_list(folder):
            found.append(f"{who.name} can't {verb} {_shown(folder, status)}: chmod {bit}+{letter} {folder}")
    return found


def _of_socket(listen: Listen, who: Who) -> list[str]:
    path = listen.address
    try:
        status = os.stat(path)
    except OSError:
        return _of_future_socket(listen, who)
    if not _lacking(status.st_mode, status.st_uid, status.st_gid, who, 2) or has_list(path):
        return []
    return [f"{who.name} can't connect to {_shown(path, status)}: {_remedy(who)}"]


def _of_future_socket(listen: Listen, who: Who) -> list[str]:
    """The same for one that a daemon will make which this user starts."""
    if listen.mode is not None:
        mode = listen.mode
    else:
        mask = os.umask(0)
        os.umask(mask)
        mode = MADE_WITH & ~mask
    uid = user(listen.owner).uid if listen.owner is not None else os.geteuid()
    listed = who.uid in {user(name).uid for name in listen.acl_users}
    listed = listed or not who.groups.isdisjoint(listeners.group_id(name, listen) for name in listen.acl_groups)
    if listed or not _lacking(
        mode, uid, os.getegid() if listen.group is None else listeners.group_id(listen.group, listen), who, 2
    ):
        return []
    return [f"{who.name} can't connect to {listen.address} as it will be made (mode {mode:04o}): {_remedy(who)}"]


def _remedy(who: Who) -> str:
    group = _group_name(pwd.getpwuid(who.uid).pw_gid)
    return f"write Listen ... acl_users={who.name}, or mode=0660 group={group}, or mode=0666"


def _lacking(mode: int, uid: int, gid: int, who: Who, right: int) -> str:
    """Whom (u, g or o) to give the right (4, 2 or 1) that a user lacks; "" when it has it."""
    if who.uid == 0:
        return ""
    for letter, holds, shift in (("u", uid == who.uid, 6), ("g", gid in who.groups, 3), ("o", True, 0)):
        if holds:
            return "" if mode >> shift & right else letter
    return ""


def _shown(path: str, status: os.stat_result) -> str:
    return f"{path} ({stat.filemode(status.st_mode)} {_user_name(status.st_uid)} {_group_name(status.st_gid)})"


def _folders(path: str) -> list[str]:
    """The folders on the way to a file, from / on; those that links lead through, too."""
    found = []
    for one in (path, os.path.realpath(path)):
        folder = os.path.dirname(one)
        while True:
            found.append(folder)
            if folder == os.path.dirname(folder):
                break
            folder = os.path.dirname(folder)
    return sorted(dict.fromkeys(found), key=len)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
