"""Sessions in Valkey or Redis: data and lock both, so that hosts behind one balancer share them.

Beyond mod_python. The server forgets expired sessions by itself. A lock is a lease, renewed while its holder lives: the
one of a worker that was killed ends after PythonOption mod_python.redis_session.lock_timeout. What is read is unpickled,
so only the daemons may reach the server.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

from mpfcgi.api.Session import BaseSession, option, seconds
from mpfcgi.api.stored import dumped, found

try:
    import redis
    from redis.backoff import ConstantBackoff
    from redis.lock import Lock
    from redis.retry import Retry
except ImportError as error:
    raise ImportError("RedisSession needs the redis package: pip install 'mpfcgi[redis]'") from error

_OPTIONS = "mod_python.redis_session."
DFT_URL = "redis://127.0.0.1:6379/0"
DFT_PREFIX = "mp_sess:"
DFT_LOCK_TIMEOUT = 10
# Seconds without an answer after which a server counts as gone.
PATIENCE = 5
# Seconds between two attempts to get a lock.
ATTEMPTS = 0.003
_PASSWORD = re.compile(r"//([^/:@]*):[^/]*@")

# Stores the session, unless the lock has gone to somebody else meanwhile.
_SAVE = """
if redis.call('get', KEYS[2]) ~= ARGV[3] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class LockLostError(Exception):
    """The session's lock ran out while the request was at work, so that another request may have changed the session."""


class RedisSession(BaseSession):
    """A session on the server of PythonOption mod_python.redis_session.url, under `prefix` and its id.

    ConnectionError while the server can't be reached; LockLostError from `save` when the lock was lost with it.
    """

    __module__ = "mod_python.Session"

    def __init__(
        self, req: Any, sid: str | None = None, secret: str | bytes | None = None, timeout: float = 0, lock: int = 1
    ) -> None:
        self._url = option(req, _OPTIONS + "url") or DFT_URL
        self._prefix = option(req, _OPTIONS + "prefix") or DFT_PREFIX
        self._lease = max(seconds(req, DFT_LOCK_TIMEOUT, _OPTIONS + "lock_timeout"), 1.0)
        self._client = _client(self._url)
        self._held: _Held | None = None
        super().__init__(req, sid=sid, secret=secret, timeout=timeout, lock=lock)

    def do_load(self) -> dict[str, Any] | None:
        with self._answering():
            data = self._client.get(self._key())
        return found(data, self._key(), self._req.log_error)

    def do_save(self, dict: dict[str, Any]) -> None:
        data, milliseconds = dumped(dict), max(int(dict["_timeout"] * 1000), 1)
        with self._answering():
            if self._held is None:
                self._client.set(self._key(), data, px=milliseconds)
                return
            saved = self._client.eval(_SAVE, 2, self._key(), self._held.name, data, milliseconds, self._held.token)
        if not saved:
            raise LockLostError(f"the lock of session {self._sid} was lost, and the session not saved")

    def do_delete(self) -> None:
        with self._answering():
            self._client.delete(self._key())

    def _take_lock(self) -> None:
        with self._answering():
            self._held = _leases.take(self._client, self._url, self._key() + ":lock", self._lease)

    def _give_lock(self) -> None:
        held, self._held = self._held, None
        assert held is not None
        try:
            with self._answering():
                _leases.give(held)
        except (ConnectionError, redis.exceptions.LockError) as error:
            self._req.log_error(f"RedisSession: the lock of session {self._sid} was lost: {error}")

    def _key(self) -> str:
        return f"{self._prefix}{self._sid}"

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError) as error:
            raise ConnectionError(
                f"RedisSession: no answer from {_without_password(self._url)} (PythonOption {_OPTIONS}url): {error}"
            ) from None


class _Held:
    """A lock that this process has, how often its thread took it, and who else may give it back: nobody."""

    def __init__(self, lock: Lock, key: tuple[str, str, int]) -> None:
        self.lock, self.key, self.depth = lock, key, 1

    @property
    def name(self) -> Any:
        return self.lock.name

    @property
    def token(self) -> Any:
        return self.lock.local.token


class _Leases:
    """The locks of this process, which a thread renews so that handlers may take longer than a lease."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str, int], _Held] = {}
        self._keeper: threading.Thread | None = None
        self._interval = float(DFT_LOCK_TIMEOUT)

    def take(self, client: Any, url: str, name: str, lease: float) -> _Held:
        """Wait for the lock `name`. A thread that has it gets it again."""
        key = (url, name, threading.get_ident())
        held = self._held.get(key)
        if held is not None:
            held.depth += 1
            return held
        lock = Lock(client, name, timeout=lease, sleep=ATTEMPTS, thread_local=False)
        lock.acquire()
        held = self._held[key] = _Held(lock, key)
        self._keep(lease)
        return held

    def give(self, held: _Held) -> None:
        """Give it back. redis' LockError when it had run out."""
        held.depth -= 1
        if held.depth == 0:
            del self._held[held.key]
            held.lock.release()

    def _keep(self, lease: float) -> None:
        self._interval = min(self._interval, lease / 3)
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._renew, name="session locks", daemon=True)
            self._keeper.start()

    def _renew(self) -> None:
        while True:
            time.sleep(self._interval)
            for held in list(self._held.values()):
                try:
                    held.lock.reacquire()
                except redis.exceptions.RedisError:
                    # Given back just now, or lost with its server: `save` finds out, whose business it is.
                    pass


_leases = _Leases()
_clients: dict[str, Any] = {}


def _forget() -> None:
    # A child shares no connection and no lock with its parent, and has none of its threads.
    global _leases
    _leases = _Leases()
    _clients.clear()


os.register_at_fork(after_in_child=_forget)


def _client(url: str) -> Any:
    client = _clients.get(url)
    if client is None:
        try:
            client = _clients[url] = redis.Redis.from_url(
                url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(ConstantBackoff(0.02), 2)
            )
        except ValueError as error:
            raise ValueError(f"PythonOption {_OPTIONS}url is {_without_password(url)!r}: {error}") from None
    return client


def _without_password(url: str) -> str:
    return _PASSWORD.sub(r"//\1@", url.partition("?")[0])
