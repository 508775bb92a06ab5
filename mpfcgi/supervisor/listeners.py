"""The sockets that front-ends connect to: bound before anything is forked, kept by their address across reloads."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import pwd
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from mpfcgi.config import ConfigError, Listen, Mistakes
from mpfcgi.ipc import inherited
from mpfcgi.supervisor import access_list
from mpfcgi.supervisor.stale import identity_of, remove_stale, turn
from mpfcgi.supervisor.systemd import described, is_bound_to

Key = tuple[str, str]


class Listeners:
    """All listening sockets, by family and address."""

    def __init__(self, before: Iterable[Sequence[Any]] = (), passed: Sequence[socket.socket] = ()) -> None:
        """`before` are the `descriptors` of the program before an upgrade, `passed` sockets of a service manager."""
        self._sockets: dict[Key, socket.socket] = {}
        # Which file is ours: another daemon may have put its own in the place.
        self._inodes: dict[Key, tuple[int, int]] = {}
        self._passed = list(passed)
        for family, address, fd, inode in before:
            self._sockets[family, address] = sock = socket.socket(fileno=fd)
            if family == "fd":
                # With the rules for who may connect.
                self._sockets[family, address] = inherited.adopt(fd)
                sock.close()
            if inode is not None:
                self._inodes[family, address] = (inode[0], inode[1])

    def descriptors(self) -> list[list[Any]]:
        """What the next program makes them of again."""
        return [[*key, sock.fileno(), self._inodes.get(key)] for key, sock in self._sockets.items()]

    def adopt(self, listens: Iterable[Listen]) -> None:
        """Open those that are not open yet; those of the same address stay, with what is said of them now. ConfigError.

        One whose file somebody has removed, or replaced by another, is opened anew. When one can't be opened, those that
        were opened for it are closed again.
        """
        fresh: list[Key] = []
        lost: dict[Key, socket.socket] = {}
        try:
            kept = []
            for listen in listens:
                key = (listen.family, listen.address)
                if key in self._sockets and listen.family == "unix" and self._is_lost(key):
                    # Nobody can connect to it any more.
                    lost[key] = self._sockets[key]
                if key not in self._sockets or (key in lost and key not in fresh):
                    self._sockets[key] = self._open(listen, key)
                    fresh.append(key)
                elif key not in fresh:
                    kept.append(listen)
            for listen in kept:
                self._adjust(listen)
        except ConfigError:
            for key in fresh:
                self._close(key)
            self._sockets.update(lost)
            raise
        for sock in lost.values():
            sock.close()

    def keep_only(self, listens: Iterable[Listen]) -> None:
        """Close all others."""
        kept = {(listen.family, listen.address) for listen in listens}
        for key in [key for key in self._sockets if key not in kept]:
            self._close(key)

    def of(self, listens: Iterable[Listen]) -> list[socket.socket]:
        """The sockets of these lines."""
        return [self._sockets[listen.family, listen.address] for listen in listens]

    def unclaimed(self) -> list[str]:
        """A sentence for each socket of a service manager that no line names."""
        ours = {described(sock) for sock in self._sockets.values()}
        return [
            f"the service manager has opened {name}, and no Listen line names it: who connects there gets no answer"
            for name in map(described, self._passed)
            if name not in ours
        ]

    def with_lines(self, listens: Iterable[Listen]) -> list[tuple[socket.socket, Listen]]:
        """The same, each with its line."""
        return [(self._sockets[listen.family, listen.address], listen) for listen in listens]

    def close(self) -> None:
        """Close all and remove the files of unix sockets."""
        self.keep_only(())

    def _open(self, listen: Listen, key: Key) -> socket.socket:
        for sock in self._passed:
            if is_bound_to(sock, listen):
                # It is the service manager's: its file and its rights are, too.
                self._passed.remove(sock)
                sock.setblocking(False)
                return sock
        try:
            if listen.family == "unix":
                sock = _bind_unix(listen)
                if (identity := identity_of(listen.address)) is not None:
                    self._inodes[key] = identity
                return sock
            if listen.family == "tcp":
                return _bind_tcp(listen)
            return _adopt_descriptor(listen)
        except OSError as error:
            what = f"can't listen on {listen.address}: {error.strerror or error}"
            raise ConfigError(what, listen.place, _remedy(listen, error))

    def _adjust(self, listen: Listen) -> None:
        """Give an open socket the rights and the backlog of its line, which may have been edited."""
        key = (listen.family, listen.address)
        try:
            if listen.family != "fd":
                self._sockets[key].listen(listen.backlog)
            if self._is_ours(key):
                _set_rights(listen)
        except OSError as error:
            raise ConfigError(f"can't change {listen.address}: {error.strerror}", listen.place)

    def _is_lost(self, key: Key) -> bool:
        return not os.path.lexists(key[1]) or (key in self._inodes and not self._is_ours(key))

    def _is_ours(self, key: Key) -> bool:
        """Whether the file of a unix socket is the one that we made."""
        return key in self._inodes and identity_of(key[1]) == self._inodes[key]

    def _close(self, key: Key) -> None:
        try:
            # While it is open: once it is not, another daemon may put its own there, whose number may be the same.
            if self._is_ours(key):
                os.unlink(key[1])
        except OSError:
            pass
        self._sockets.pop(key).close()
        self._inodes.pop(key, None)


def _bind_unix(listen: Listen) -> socket.socket:
    path = listen.address
    _make_folder(os.path.dirname(path))
    with turn(path):
        return _bind_in_turn(path, listen)


def _bind_in_turn(path: str, listen: Listen) -> socket.socket:
    _make_way(path, listen)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        # Before listen(): nobody connects while the permissions are not yet right.
        _set_rights(listen)
        sock.listen(listen.backlog)
    except (OSError, ConfigError):
        if sock.getsockname():
            # It was bound: the file is ours.
            os.unlink(path)
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def check(listens: Iterable[Listen]) -> None:
    """ConfigError for users and groups that are named for a socket, and that there are not."""
    mistakes = Mistakes()
    for listen in listens:
        users = [(_user, name) for name in (listen.owner, *listen.acl_users)]
        groups = [(group_id, name) for name in (listen.group, *listen.acl_groups)]
        for look_up, name in (*users, *groups):
            with mistakes.noted():
                if name is not None:
                    look_up(name, listen)
    mistakes.end()


def missing_folders(listens: Iterable[Listen]) -> list[str]:
    """A sentence for each unix socket whose folder is not there, and is none that a daemon makes."""
    return [
        f"{listen.place}: Listen unix:{listen.address}: there is no folder {folder}; make it before the daemon is started"
        for listen in listens
        if listen.family == "unix" and _is_missing(folder := os.path.dirname(listen.address))
        if not makes_folder(folder)
    ]


def _is_missing(path: str) -> bool:
    """Whether it is certain that something is not there: it may be behind a folder that is closed to us."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def _make_folder(path: str) -> None:
    """Make the folder of a socket if it is called `run`, or is in /run or the like, which is empty after each boot.

    Others may pass through it, for a web server is one. Any other name that is missing may be a slip of the pen.
    """
    if makes_folder(path):
        with contextlib.suppress(FileExistsError):
            # Perhaps by another daemon that starts now.
            os.mkdir(path)
            os.chmod(path, 0o755)


def makes_folder(path: str) -> bool:
    """Whether a folder is missing that a daemon makes for its socket."""
    parent = os.path.dirname(path)
    for_this = os.path.basename(path) == "run" or parent in ("/run", "/var/run", os.environ.get("XDG_RUNTIME_DIR"))
    return for_this and not os.path.isdir(path) and os.path.isdir(parent)


def _remedy(listen: Listen, error: OSError) -> str:
    """What to do about an address that can't be listened on; "" when its error says it all."""
    folder = os.path.dirname(listen.address)
    if listen.family == "unix" and isinstance(error, FileNotFoundError):
        return f"make the folder {folder} first"
    if listen.family == "unix" and isinstance(error, PermissionError):
        return f"who starts the daemon must be able to write to {folder}"
    if listen.family == "tcp" and isinstance(error, PermissionError):
        return "ports below 1024 are for root; FastCGI needs none of them"
    if error.errno == errno.EADDRINUSE:
        return "is mpfcgi running already?"
    return ""


def _set_rights(listen: Listen) -> None:
    if listen.owner is not None or listen.group is not None:
        try:
            os.chown(
                listen.address,
                -1 if listen.owner is None else _user(listen.owner, listen),
                -1 if listen.group is None else group_id(listen.group, listen),
            )
        except PermissionError:
            who = " and ".join(f"{name} {value}" for name, value in _named(listen) if value is not None)
            raise ConfigError(
                f"can't give {listen.address} to {who}",
                listen.place,
                "only root may, and for a group its members; write acl_users= or acl_groups= for who is to connect",
            )
    access_list.forbid(listen.address)
    if listen.mode is not None:
        os.chmod(listen.address, listen.mode)
    if listen.acl_users or listen.acl_groups:
        users = [_user(name, listen) for name in listen.acl_users]
        _allow(listen, users, [group_id(name, listen) for name in listen.acl_groups])


def _allow(listen: Listen, users: list[int], groups: list[int]) -> None:
    try:
        access_list.allow(listen.address, users, groups)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        raise ConfigError(
            f"the file system of {listen.address} has no access control lists (acl_users=, acl_groups=)", listen.place,
            "put the socket elsewhere, such as in /run, or write mode=0666",
        )  # fmt: skip


def _make_way(path: str, listen: Listen) -> None:
    """Remove a socket that a dead process left. ConfigError when it is alive or something else is there."""
    try:
        who = remove_stale(path)
    except FileExistsError:
        raise ConfigError(f"can't listen on {path}: it is there and is no socket", listen.place)
    if who is not None:
        raise ConfigError(f"can't listen on {path}: {who} does", listen.place, "is mpfcgi running already?")


def _named(listen: Listen) -> tuple[tuple[str, str | None], ...]:
    return ("owner", listen.owner), ("group", listen.group)


def _user(name: str, listen: Listen) -> int:
    try:
        return int(name) if name.isdecimal() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ConfigError(f"there is no user {name!r}", listen.place)


def group_id(name: str, listen: Listen) -> int:
    """The id of a group that a Listen line has, by name or number. ConfigError when there is none."""
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError(f"there is no group {name!r}", listen.place)


def _bind_tcp(listen: Listen) -> socket.socket:
    host, _, port = listen.address.rpartition(":")
    host = host.strip("[]")
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: a response is not held back for the acknowledgement of its beginning.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(address)
        sock.listen(listen.backlog)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _adopt_descriptor(listen: Listen) -> socket.socket:
    """A socket that the starter of this process has opened (systemd, spawn-fcgi). It is left open at the end."""
    try:
        return inherited.adopt(int(listen.address))
    except OSError:
        raise ConfigError(
            f"can't listen on fd:{listen.address}: the descriptor is no listening socket",
            listen.place,
            "who starts mpfcgi must open it, as systemd's socket units and spawn-fcgi do",
        )
