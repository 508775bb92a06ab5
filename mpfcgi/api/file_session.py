"""Sessions in a file each (manual 4.8): `mp_sess/7f/7f0c...` in a directory, mode 0600.

A file is written as a whole, so a crash leaves the old session or the new one. What is no session is as good as none.
"""

from __future__ import annotations

import os
from typing import Any

from mpfcgi.api.constants import APLOG_NOTICE
from mpfcgi.api.file_cleanup import Sweep
from mpfcgi.api.own_files import check_owner, in_temporary_directory, read_own, replace, unlink, write_over
from mpfcgi.api.Session import BaseSession, flag, option, seconds
from mpfcgi.api.stored import dumped, found

FOLDER = "mp_sess"
DFT_FAST_CLEANUP = True
DFT_VERIFY_CLEANUP = True
DFT_GRACE_PERIOD = 240
DFT_CLEANUP_TIME_LIMIT = 2
_OPTIONS = "mod_python.file_session."


class FileSession(BaseSession):
    """A session in a file of its own, below PythonOption mod_python.file_session.database_directory.

    `fast_cleanup` and `verify_cleanup` say how expired files are told (-1: as the options say): by the file's time and
    this session's timeout first, by what is in the file then. See `cleanup`.
    """

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, sid: str | None = None, secret: str | bytes | None = None, timeout: float = 0, lock: int = 1,
        fast_cleanup: int = -1, verify_cleanup: int = -1,
    ) -> None:  # fmt: skip
        self._fast_cleanup = bool(fast_cleanup) if fast_cleanup != -1 else flag(
            req, DFT_FAST_CLEANUP, _OPTIONS + "enable_fast_cleanup", "session_fast_cleanup"
        )  # fmt: skip
        self._verify_cleanup = bool(verify_cleanup) if verify_cleanup != -1 else flag(
            req, DFT_VERIFY_CLEANUP, _OPTIONS + "verify_session_timeout", "session_verify_cleanup"
        )  # fmt: skip
        self._grace_period = seconds(req, DFT_GRACE_PERIOD, _OPTIONS + "cleanup_grace_period", "session_grace_period")
        self._cleanup_time_limit = seconds(
            req, DFT_CLEANUP_TIME_LIMIT, _OPTIONS + "cleanup_time_limit", "session_cleanup_time_limit"
        )
        directory = option(
            req, _OPTIONS + "database_directory", "mod_python.session.database_directory", "session_directory"
        )
        self._sessdir = os.path.join(directory, FOLDER) if directory else in_temporary_directory(FOLDER)
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def do_load(self) -> dict[str, Any] | None:
        path = self._path()
        try:
            data = read_own(path)
        except FileNotFoundError:
            return None
        return found(data, path, self._req.log_error)

    def do_save(self, dict: dict[str, Any]) -> None:
        data = dumped(dict)
        path = self._path()
        self._check_folder()
        if not write_over(path, data):
            self._make_folders(os.path.dirname(path))
            replace(path, data)

    def do_delete(self) -> None:
        self._check_folder()
        unlink(self._path())

    def do_cleanup(self) -> None:
        """Remove expired files after the request: for a time at most, the next cleanup goes on from there."""
        sweep = Sweep(
            self._sessdir,
            self._timeout,
            self._fast_cleanup,
            self._verify_cleanup,
            self._grace_period,
            self._cleanup_time_limit,
            self._req.log_error,
        )
        self._req._when_over(_clean_up, sweep)
        self._req.log_error("FileSession: registered filesession cleanup.", APLOG_NOTICE)

    def _path(self) -> str:
        assert self._sid
        return os.path.join(self._sessdir, self._sid[:2], self._sid)

    def _make_folders(self, inner: str) -> None:
        for folder in (self._sessdir, inner):
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                pass
        self._check_folder()

    def _check_folder(self) -> None:
        # Who owns it could list the ids, and take over the sessions.
        try:
            check_owner(self._sessdir, os.lstat(self._sessdir))
        except FileNotFoundError:
            pass


def _clean_up(sweep: Sweep) -> None:
    sweep.run(read_own)
