"""`mod_python.Session`: data kept for a client between its requests (manual 4.8).

Here are what all sessions have in common, and the choice between them; each store has a module of its own. A subclass
of BaseSession stores a dictionary by `do_load`, `do_save`, `do_delete` and `do_cleanup`.
"""

from __future__ import annotations

import importlib
import random
import re
import secrets
import tempfile
import time
from typing import TYPE_CHECKING, Any

from mpfcgi.api import Cookie as cookies
from mpfcgi.api import _apache, apache
from mpfcgi.api import constants as c
from mpfcgi.api.table import first_values
from mpfcgi.api.text import quoted_uri

if TYPE_CHECKING:
    from mpfcgi.api.dbm_session import DbmSession
    from mpfcgi.api.file_session import FileSession
    from mpfcgi.api.memory_session import MemorySession

# Without RedisSession, which is there only with its library.
__all__ = ["BaseSession", "DbmSession", "FileSession", "MemorySession", "Session"]

COOKIE_NAME = "pysid"
DFT_TIMEOUT = 30 * 60
DFT_LOCK = True
# One session in so many orders a cleanup.
CLEANUP_CHANCE = 1000

_STORES = {
    "DbmSession": "mpfcgi.api.dbm_session",
    "FileSession": "mpfcgi.api.file_session",
    "MemorySession": "mpfcgi.api.memory_session",
    "RedisSession": "mpfcgi.api.redis_session",
}
# 128 random bits. Nothing else gets near a file name or a key of a store.
_SID = re.compile(r"[0-9a-f]{32}")


def Session(
    req: Any, sid: str | None = None, secret: str | bytes | None = None, timeout: float = 0, lock: int = 1
) -> BaseSession:
    """A session of the class that PythonOption mod_python.session.session_type (or `session`) names.

    Without one: a MemorySession where all requests come to one process with threads, a DbmSession everywhere else.
    Exception for an unknown type.
    """
    name = option(req, "mod_python.session.session_type", "session") or _default_type()
    if name not in _STORES:
        raise Exception(f"Unknown session type {name}")
    store: type[BaseSession] = __getattr__(name)
    return store(req, sid=sid, secret=secret, timeout=timeout, lock=lock)


def _default_type() -> str:
    threaded = apache.mpm_query(c.AP_MPMQ_IS_THREADED)
    forked = apache.mpm_query(c.AP_MPMQ_IS_FORKED)
    alone = not forked or apache.mpm_query(c.AP_MPMQ_MAX_DAEMONS) == 1
    return "MemorySession" if threaded and alone else "DbmSession"


class BaseSession(dict[Any, Any]):
    """A session: a dictionary that is found again by the id in the client's cookie.

    Args:
        req: the request.
        sid: an id to use rather than the cookie's. ValueError when it is none.
        secret: signs the cookie; one that isn't signed with it is not accepted.
        lock: whether no other request may have the session until this one is over or calls `unlock`.
        timeout: seconds without a save after which a new session ends; 0 is half an hour.

    Whether it was found or is new says `is_new`. What was changed must be saved.
    """

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, sid: str | None = None, secret: str | bytes | None = None, lock: int = 1, timeout: float = 0
    ) -> None:
        super().__init__()
        self._req, self._secret, self._lock = req, secret, lock
        self._created = self._accessed = 0.0
        self._timeout: float = 0
        self._new, self._locked, self._invalid = True, False, False
        self._cookie_name = option(req, "mod_python.session.cookie_name", "session_cookie_name") or COOKIE_NAME
        self._digest = option(req, "mod_python.session.cookie_digest") or cookies.DEFAULT_DIGEST
        if sid and not _is_sid(sid):
            raise ValueError(f"Invalid Session ID: sid={sid}")
        self._sid: str | None = sid or self._sid_of_cookie()
        self.init_lock()
        if self._sid:
            self.lock()
            self._new = not self.load()
        if self._new:
            self._begin(timeout)
        self._accessed = time.time()
        if random.random() * CLEANUP_CHANCE < 1:
            self.cleanup()

    def _begin(self, timeout: float) -> None:
        if self._sid:
            self.unlock()
        self._sid = secrets.token_hex(16)
        self.lock()
        cookies.add_cookie(self._req, self.make_cookie())
        self._created = time.time()
        self._timeout = timeout or DFT_TIMEOUT

    # -- what it is

    def is_new(self) -> bool:
        """True when there was no such session, or it had expired."""
        return self._new

    def id(self) -> str | None:
        """The session id."""
        return self._sid

    def created(self) -> float:
        """When it was created, in seconds since the epoch."""
        return self._created

    def last_accessed(self) -> float:
        """When it was last used, in seconds since the epoch."""
        return self._accessed

    def timeout(self) -> float:
        """Seconds without a save after which it ends."""
        return self._timeout

    def set_timeout(self, secs: float) -> None:
        """Let it end `secs` seconds after its last save; that is saved with it."""
        self._timeout = secs

    # -- the store

    def load(self) -> int:
        """Read it from the store, over what is here: 1. 0 when it is not there or has expired."""
        found = self.do_load()
        if found is None or time.time() - found["_accessed"] > found["_timeout"]:
            return 0
        self._created, self._accessed, self._timeout = found["_created"], found["_accessed"], found["_timeout"]
        self.update(found["_data"])
        return 1

    def save(self) -> None:
        """Write it to the store. After `invalidate`, nothing."""
        if not self._invalid:
            self._accessed = time.time()
            self.do_save({
                "_data": self.copy(), "_created": self._created, "_accessed": self._accessed, "_timeout": self._timeout,
            })  # fmt: skip

    def delete(self) -> None:
        """Remove it from the store, and its data from here."""
        self.do_delete()
        self.clear()

    def invalidate(self) -> None:
        """End it: remove it from the store, and the cookie from the client."""
        cookie = self.make_cookie()
        cookie.expires = 0  # type: ignore[assignment]
        cookies.add_cookie(self._req, cookie)
        self.delete()
        self._invalid = True

    def cleanup(self) -> None:
        """Have the store remove expired sessions, after the request. Called now and then (CLEANUP_CHANCE)."""
        self.do_cleanup()

    def do_load(self) -> dict[str, Any] | None:
        """For stores: the dictionary that `do_save` was given, or None."""
        raise AttributeError(f"{type(self).__name__} has no store: use Session(), or define do_load()")

    def do_save(self, dict: dict[str, Any]) -> None:
        """For stores: keep a dictionary with _data, _created, _accessed and _timeout."""
        raise AttributeError(f"{type(self).__name__} has no store: use Session(), or define do_save()")

    def do_delete(self) -> None:
        """For stores: remove the session, if it is there."""
        raise AttributeError(f"{type(self).__name__} has no store: use Session(), or define do_delete()")

    def do_cleanup(self) -> None:
        """For stores: register with the request what removes expired sessions."""

    # -- the lock

    def init_lock(self) -> None:
        """For subclasses that lock in their own way."""

    def lock(self) -> None:
        """Wait until no other request has the session; it is given back at the end of the request."""
        if self._lock and not self._locked:
            self._take_lock()
            self._locked = True
            self._req._when_over(_unlock, self)

    def unlock(self) -> None:
        """Let other requests have the session."""
        if self._lock and self._locked:
            self._locked = False
            self._give_lock()

    def _take_lock(self) -> None:
        _apache._global_lock(self._req.server, self._sid)

    def _give_lock(self) -> None:
        _apache._global_unlock(self._req.server, self._sid)

    # -- the cookie

    def make_cookie(self) -> cookies.Cookie:
        """The cookie that brings the client back to the session."""
        if self._secret:
            cookie: cookies.Cookie = cookies.SignedCookie(
                self._cookie_name, self._sid, self._secret, digest=self._digest
            )
        else:
            cookie = cookies.Cookie(self._cookie_name, self._sid)
        path = option(self._req, "mod_python.session.application_path", "ApplicationPath")
        cookie.path = path or _handler_path(self._req)
        domain = option(self._req, "mod_python.session.application_domain")
        if domain:
            cookie.domain = domain
        return cookie

    def _sid_of_cookie(self) -> str | None:
        if self._secret:
            found = cookies.get_cookie(
                self._req, self._cookie_name, cookies.SignedCookie, secret=self._secret, digest=self._digest,
                mismatch=cookies.Cookie.IGNORE,
            )  # fmt: skip
        else:
            found = cookies.get_cookie(self._req, self._cookie_name)
        return found.value if found is not None and _is_sid(found.value) else None


def option(req: Any, *names: str) -> str | None:
    """The first of some PythonOptions that has a value; None without."""
    options = first_values(req._settings, "options")
    for name in names:
        value = options.get(name.lower())
        if value:
            return value
    return None


def flag(req: Any, default: bool, *names: str) -> bool:
    """A PythonOption that is on or off. ValueError naming it for anything else."""
    text = option(req, *names)
    if text is None:
        return default
    if text.lower() not in ("1", "0", "on", "off", "true", "false", "yes", "no"):
        raise ValueError(f"PythonOption {names[0]} is {text!r}: write 1 or 0")
    return text.lower() in ("1", "on", "true", "yes")


def seconds(req: Any, default: float, *names: str) -> float:
    """A PythonOption that is a number of seconds. ValueError naming it for anything else."""
    text = option(req, *names)
    if text is None:
        return default
    if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        raise ValueError(f"PythonOption {names[0]} is {text!r}: write a number of seconds")
    return float(text)


def _unlock(session: BaseSession) -> None:
    session.unlock()


def _is_sid(text: object) -> bool:
    return isinstance(text, str) and _SID.fullmatch(text) is not None


def _handler_path(req: Any) -> str:
    """The URL of the folder whose handler runs; '/' where it has none, as with <Location>, Alias and virtual hosts."""
    hlist = req.hlist
    directory = hlist.directory if hlist is not None else None
    root = req.document_root().rstrip("/") + "/"
    if not directory or not directory.startswith(root):
        return "/"
    path = directory[len(root) - 1 :].rstrip("/") + "/"
    if not req.uri.startswith(path):
        return "/"
    # A ';' would begin the cookie's next attribute.
    return quoted_uri(path).replace(";", "%3B").replace(",", "%2C")


def __getattr__(name: str) -> Any:
    if name in _STORES:
        return getattr(importlib.import_module(_STORES[name]), name)
    if name == "tempdir":
        return tempfile.gettempdir()
    raise AttributeError(f"module 'mod_python.Session' has no attribute {name!r} (manual section 4.8)")
