"""A response's validators: mtime, Last-Modified, ETag, and what a client's conditions make of them (manual 4.5.4)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from mpfcgi.api import conditions
from mpfcgi.api.members import read_only

if TYPE_CHECKING:
    from mpfcgi.api.finfo import mp_finfo
    from mpfcgi.api.table import mp_table

# What an ETag is made of without FileETag.
DEFAULT_PARTS = frozenset(("mtime", "size"))


class Validators:
    """Mixed into the request object."""

    _settings: Any
    _stat: os.stat_result | None
    _finfo: mp_finfo | None
    _mtime = 0.0
    _method: str
    _status: int
    _no_local_copy: int
    mtime = read_only("_mtime", "When the resource changed last, in seconds since the epoch; 0.0 when it isn't known.")

    if TYPE_CHECKING:

        @property
        def headers_in(self) -> mp_table: ...

        @property
        def headers_out(self) -> mp_table: ...

    def meets_conditions(self) -> int:
        """OK, or the status that answers the client's conditions (304, 412). Set validators first."""
        if self._no_local_copy or not 200 <= self._status < 300:
            return conditions.OK
        etag = self.headers_out.get("ETag")
        modified = conditions.parse_date(self.headers_out.get("Last-Modified"))
        if modified is None and self._mtime:
            modified = self._mtime
        return conditions.evaluate(self.headers_in.get, self._method, etag, modified, time.time())

    def update_mtime(self, dependency_mtime: float, /) -> None:
        """Make `mtime` later, if it is earlier. The argument is in whole seconds since the epoch."""
        self._mtime = max(self._mtime, float(int(dependency_mtime + 0.0)))

    def set_last_modified(self) -> None:
        """Set Last-Modified from `mtime`; never later than now."""
        self.headers_out["Last-Modified"] = conditions.http_date(min(self._mtime, time.time()))

    def set_etag(self) -> None:
        """Set the ETag, from the file as FileETag says, or from `mtime` where there is no file."""
        etag = self._make_etag()
        if etag is not None:
            self.headers_out["ETag"] = etag

    def _make_etag(self) -> str | None:
        parts = self._settings.get("FileETag") or DEFAULT_PARTS
        status = self._stat if self._finfo is None else self._finfo._status
        if status is not None:
            return conditions.make_etag(parts, status.st_mtime_ns // 1000, status.st_size, status.st_ino, time.time())
        if "none" in parts or not self._mtime:
            return None
        return conditions.make_etag(frozenset(("mtime",)), int(self._mtime * 1_000_000), 0, 0, time.time())
