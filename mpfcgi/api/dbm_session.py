"""Sessions in one dbm file (manual 4.8), mode 0640, which all workers open in turn."""

from __future__ import annotations

import contextlib
import dbm
import errno
import importlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from mpfcgi.api import _apache
from mpfcgi.api.constants import APLOG_NOTICE
from mpfcgi.api.own_files import check_owner, in_temporary_directory
from mpfcgi.api.Session import BaseSession, option
from mpfcgi.api.stored import DamagedError, dumped, found, loaded
from mpfcgi.api.unsynced import unsynced
from mpfcgi.ipc.mutex.contract import STORES

FILE = "mp_sess.dbm"
Inodes = tuple[int, ...]
# What the kinds of dbm add to the name, and what all of them do.
_SUFFIXES_OF = {
    "dbm.dumb": (".dat", ".dir"), "dbm.gnu": ("",), "dbm.ndbm": (".db", ".dir", ".pag"), "dbm.sqlite3": ("", "-wal", "-shm"),
}  # fmt: skip
_SUFFIXES = ("", ".db", ".dat", ".dir", ".pag", "-wal", "-shm")
# What dbm modules raise for a file that is none of theirs.
_ERRORS = (OSError, ValueError, SyntaxError)
# The module that reads a file, with the file's inodes for which that holds: to find out costs as much as to read it.
_modules: dict[str, tuple[Inodes, Any]] = {}


class DbmSession(BaseSession):
    """A session in a dbm file: `dbm`, or what the options name, or mp_sess.dbm in a temporary directory.

    `dbmtype` is the dbm module to use, such as `dbm.dumb`; by default the one that made the file, or Python's first.
    """

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, dbm: str | None = None, sid: str | None = None, secret: str | bytes | None = None,
        dbmtype: Any = dbm, timeout: float = 0, lock: int = 1,
    ) -> None:  # fmt: skip
        self._dbmfile = dbm or _file(req)
        self._dbmtype = dbmtype
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def do_load(self) -> dict[str, Any] | None:
        data = self._do(lambda file: file.get(self._key()))
        return found(data, self._dbmfile, self._req.log_error)

    def do_save(self, dict: dict[str, Any]) -> None:
        data = dumped(dict)

        def store(file: Any) -> None:
            file[self._key()] = data

        self._do(store)

    def do_delete(self) -> None:
        def remove(file: Any) -> None:
            if self._key() in file:
                del file[self._key()]

        self._do(remove)

    def do_cleanup(self) -> None:
        """Remove expired sessions from the file after the request."""
        self._req._when_over(self._do, _remove_expired)
        self._req.log_error("DbmSession: registered database cleanup.", APLOG_NOTICE)

    def _key(self) -> bytes:
        assert self._sid
        return self._sid.encode("ascii")

    def _do(self, act: Callable[[Any], Any]) -> Any:
        """Call `act` with the file, which no other process has open meanwhile.

        A file that is damaged is put aside, and `act` gets a new one.
        """
        server = self._req.server
        # Other workers wait while this one has the file: what can be found out before, is.
        module = self._module()
        _apache._global_lock(server, None, STORES)
        try:
            try:
                return self._do_once(act, module)
            except self._errors() as error:
                if not self._is_damage(error):
                    raise
                self._put_aside(error)
                return self._do_once(act, self._dbmtype)
        finally:
            _apache._global_unlock(server, None, STORES)

    def _do_once(self, act: Callable[[Any], Any], module: Any) -> Any:
        with unsynced(), contextlib.closing(module.open(self._dbmfile, "c", 0o640)) as file:
            return act(file)

    def _module(self) -> Any:
        """The module for the file, where `dbm` is to find out. PermissionError when a file of it is somebody else's."""
        known, module = _modules.get(self._dbmfile, ((), dbm))
        if known and self._dbmtype is dbm and self._inodes(_SUFFIXES_OF[module.__name__]) == known:
            return module
        if not self._inodes(_SUFFIXES) or self._dbmtype is not dbm:
            return self._dbmtype
        name = dbm.whichdb(self._dbmfile)
        if name not in _SUFFIXES_OF:
            # A file that another worker is just making, or a kind that `dbm` knows.
            return dbm
        module = importlib.import_module(name)
        _modules[self._dbmfile] = self._inodes(_SUFFIXES_OF[name]), module
        return module

    def _errors(self) -> tuple[type[Exception], ...]:
        own = self._dbmtype.error
        return (*_ERRORS, *(own if isinstance(own, tuple) else (own,)), *_sqlite_errors("Error"))

    def _is_damage(self, error: Exception) -> bool:
        # A file that may not be read, or a full disk, is no reason to lose sessions.
        if isinstance(error, _sqlite_errors("OperationalError")):
            return False
        if isinstance(error.__context__, _sqlite_errors("OperationalError")):
            return False
        # Berkeley DB says EINVAL.
        return self._is_there() and getattr(error, "errno", None) in (None, 0, errno.EINVAL)

    def _put_aside(self, error: Exception) -> None:
        aside = f"{self._dbmfile}.damaged-{int(time.time())}"
        self._req.log_error(f"DbmSession: {self._dbmfile} is damaged: {error}; put aside as {aside}, a new one made")
        for suffix in _SUFFIXES:
            if os.path.exists(self._dbmfile + suffix):
                os.replace(self._dbmfile + suffix, aside + suffix)

    def _is_there(self) -> bool:
        return any(os.path.exists(self._dbmfile + suffix) for suffix in _SUFFIXES)

    def _inodes(self, suffixes: tuple[str, ...]) -> Inodes:
        """The inodes of the files that there are. PermissionError for one that somebody else can write."""
        inodes = []
        for suffix in suffixes:
            try:
                status = os.lstat(self._dbmfile + suffix)
            except FileNotFoundError:
                continue
            check_owner(self._dbmfile + suffix, status)
            inodes.append(status.st_ino)
        return tuple(inodes)


def _file(req: Any) -> str:
    named = option(req, "mod_python.dbm_session.database_filename", "session_dbm")
    if named:
        return named
    directory = option(
        req, "mod_python.dbm_session.database_directory", "mod_python.session.database_directory", "session_directory"
    )
    return os.path.join(directory, FILE) if directory else in_temporary_directory(FILE, _SUFFIXES)


def _sqlite_errors(name: str) -> tuple[type[Exception], ...]:
    """Errors of the kind of dbm that Python 3.13 brought, which lets some of SQLite's own through, if it is in use."""
    module = sys.modules.get("sqlite3")
    return () if module is None else (getattr(module, name),)


def _remove_expired(file: Any) -> None:
    now = time.time()
    for key in list(file.keys()):
        try:
            stored = loaded(file[key])
            expired = now - stored["_accessed"] > stored["_timeout"]
        except DamagedError:
            expired = True
        if expired:
            del file[key]
