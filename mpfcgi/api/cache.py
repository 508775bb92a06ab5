"""`mod_python.cache`: caches that build what they are asked for, and build it again when its source has changed.

A cache is used as `cache[name]`. Subclasses say how a name becomes a key (`key`), when a value is stale (`check`) and how
it is made (`build`). Several threads may ask at once: a value is built by one of them, and the others wait for it. Not in
the manual; the interface is that of mod_python 3.5.0.
"""

from __future__ import annotations

import os
import re
import weakref
from calendar import timegm
from collections import OrderedDict
from collections.abc import Callable
from email.utils import parsedate
from threading import Lock, RLock
from time import time
from types import ModuleType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

NOT_INITIALIZED: Any = object()
NOT_MODIFIED = 304
# Seconds until a server that is asked must answer.
PATIENCE = 60

re_max_age = re.compile(r"max-age\s*=\s*(\d+)", re.IGNORECASE)
re_not_word = re.compile(r"\W+")


class Entry:
    """What a cache keeps for a key. `check` and `build` may set attributes of their own."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self._value: Any = NOT_INITIALIZED
        self._lock = RLock()


class Cache:
    """Values by name, at most `max_size` of them: the one not used for longest is dropped. 0 is no bound."""

    def __init__(self, max_size: int = 0) -> None:
        self.max_size = max_size
        # The last used stands last.
        self._entries: OrderedDict[Any, Entry] = OrderedDict()
        self._lock = Lock()

    def key(self, name: Any) -> Any:
        """The key of a name: the name itself, unless a subclass says otherwise."""
        return name

    def check(self, key: Any, name: Any, entry: Entry) -> Any:
        """None where the entry's value still holds; otherwise what `build` is to make it from. For subclasses."""
        return None

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """The value of a name; `opened` is what `check` gave. For subclasses: NotImplementedError."""
        raise NotImplementedError(f"{type(self).__name__} has no build method")

    def commit(self) -> None:
        """Called when a value was added, changed or removed. For subclasses that keep the cache somewhere."""

    def __getitem__(self, name: Any) -> Any:
        return self._checkitem(name)[2]

    def __setitem__(self, name: Any, value: Any) -> None:
        entry = self._get_entry(self.key(name))
        with entry._lock:
            self._pack(entry, value)
        self.commit()

    def __delitem__(self, name: Any) -> None:
        with self._lock:
            del self._entries[self.key(name)]
        self.commit()

    def clear(self) -> None:
        """Drop all values."""
        with self._lock:
            self._entries.clear()
        self.commit()

    def mru(self) -> Any:
        """The key that was used last; None where there is none."""
        with self._lock:
            return next(reversed(self._entries), None)

    def lru(self) -> Any:
        """The key that was not used for longest; None where there is none."""
        with self._lock:
            return next(iter(self._entries), None)

    def _checkitem(self, name: Any) -> tuple[int, Any, Any, Entry]:
        """(whether it was built just now, key, value, entry)."""
        key = self.key(name)
        entry = self._get_entry(key)
        with entry._lock:
            opened = self.check(key, name, entry)
            value = self._unpack(entry)
            if opened is None and value is not NOT_INITIALIZED:
                return 0, key, value, entry
            try:
                value = self.build(key, name, opened, entry)
            except BaseException:
                self._forget(entry)
                raise
            self._pack(entry, value)
        self.commit()
        return 1, key, value, entry

    def _get_entry(self, key: Any) -> Entry:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = Entry(key)
            self._entries.move_to_end(key)
            while self.max_size and len(self._entries) > self.max_size:
                self._entries.popitem(last=False)
            return entry

    def _forget(self, entry: Entry) -> None:
        """One that never got a value is not kept; one that had it keeps the old value, and is checked again."""
        with self._lock:
            if entry._value is NOT_INITIALIZED and self._entries.get(entry.key) is entry:
                del self._entries[entry.key]

    def _pack(self, entry: Entry, value: Any) -> None:
        entry._value = value

    def _unpack(self, entry: Entry) -> Any:
        return entry._value


class WeakCache(Cache):
    """Keeps a value only as long as someone else does."""

    def _pack(self, entry: Entry, value: Any) -> None:
        entry._value = weakref.ref(value)

    def _unpack(self, entry: Entry) -> Any:
        if entry._value is NOT_INITIALIZED:
            return NOT_INITIALIZED
        value = entry._value()
        return NOT_INITIALIZED if value is None else value


class FileCache(Cache):
    """The contents of files by their names, read again when a file's time has changed. OSError for missing files."""

    def __init__(self, max_size: int = 0, mode: str = "rb") -> None:
        super().__init__(max_size)
        self.mode = mode

    def check(self, key: Any, name: Any, entry: Entry) -> Any:
        """The file, open, where it has changed."""
        if getattr(entry, "_changed", None) == os.stat(key).st_mtime_ns:
            return None
        return open(key, self.mode)

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """The contents of the file."""
        return self._read(opened, entry)

    def _read(self, opened: Any, entry: Entry) -> Any:
        with opened:
            changed = os.fstat(opened.fileno()).st_mtime_ns
            contents = opened.read()
        # What it is known by: set last, so that a file that could not be read is opened again.
        entry._changed = changed  # type: ignore[attr-defined]
        return contents


class ModuleCache(FileCache):
    """Modules by the names of their files, executed again when a file has changed. They are not in sys.modules."""

    def __init__(self, max_size: int = 0) -> None:
        super().__init__(max_size, "rb")

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """A new module."""
        return _module(key, self._read(opened, entry))


class HTTPEntity:
    """What a server sent: `entity` is the body, `metadata` the headers."""

    def __init__(self, entity: bytes, metadata: Any) -> None:
        self.entity = entity
        self.metadata = metadata

    def __repr__(self) -> str:
        return f"HTTPEntity({self.entity!r}, {self.metadata})"

    def __str__(self) -> str:
        return self.entity.decode("utf-8", "replace")


class HTTPCache(Cache):
    """What servers send, by URL.

    Cache-Control's max-age and Expires say how long it holds; after that a server is asked with its ETag and its
    Last-Modified whether it has changed. URLError and HTTPError where it can't be had.
    """

    def check(self, key: Any, name: Any, entry: Entry) -> Any:
        """The server's answer, open, unless what is there still holds."""
        known: dict[str, Any] = getattr(entry, "_known", {})
        if time() < known.get("until", 0):
            return None
        request = Request(key)
        for validator, condition in (("etag", "If-None-Match"), ("changed", "If-Modified-Since")):
            if known.get(validator):
                request.add_header(condition, known[validator])
        try:
            return urlopen(request, timeout=PATIENCE)
        except HTTPError as error:
            if error.code != NOT_MODIFIED or self._unpack(entry) is NOT_INITIALIZED:
                raise
            error.close()
            known["until"] = _holds_until(error.headers)
            return None

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """The entity."""
        return HTTPEntity(self._read(opened, entry), opened.headers)

    def _read(self, opened: Any, entry: Entry) -> bytes:
        with opened:
            body: bytes = opened.read()
        headers = opened.headers
        entry._known = {  # type: ignore[attr-defined]
            "until": _holds_until(headers), "etag": headers.get("ETag"), "changed": headers.get("Last-Modified"),
        }  # fmt: skip
        return body


class HttpModuleCache(HTTPCache):
    """Modules by the URLs of their sources: name only servers whose code may run here. They are not in sys.modules."""

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """A new module."""
        return _module(key, self._read(opened, entry))


class FunctionCache(Cache):
    """Results of a function by its arguments, which must be hashable: `cache(1, 2, name=3)`."""

    def __init__(self, function: Callable[..., Any], max_size: int = 0) -> None:
        super().__init__(max_size)
        self.function = function

    def __call__(self, *args: Any, **kw: Any) -> Any:
        return self[args, tuple(sorted(kw.items()))]

    def build(self, key: Any, name: Any, opened: Any, entry: Entry) -> Any:
        """What the function returns."""
        args, kw = key
        return self.function(*args, **dict(kw))


def parseRFC822Time(t: str) -> float:
    """A date of HTTP or mail as seconds since the epoch. ValueError for what is none."""
    parsed = parsedate(t)
    if parsed is None:
        raise ValueError(f"not a date: {t!r}")
    return float(timegm(parsed))


def _holds_until(headers: Any) -> float:
    """When an answer is to be asked for again; 0 where nothing says that it holds."""
    age = re_max_age.search(headers.get("Cache-Control", ""))
    if age is not None:
        return time() + int(age[1])
    try:
        return parseRFC822Time(headers.get("Expires", ""))
    except ValueError:
        return 0.0


def _module(source: str, code: bytes) -> ModuleType:
    module = ModuleType(re_not_word.sub("_", source))
    module.__file__ = source
    exec(compile(code, source, "exec"), module.__dict__)
    return module
