"""Compiled pages, kept in memory: at most 512 (manual 4.9).

A page is compiled again when its file has changed. What it includes is not looked at, as in mod_python.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from types import CodeType
from typing import NamedTuple

PAGES = 512

Stamp = tuple[int, int, int]


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes with a file's contents."""
    return status.st_mtime_ns, status.st_size, status.st_ino


class Compiled(NamedTuple):
    """A page's code, whether it mentions `session` and `form`, and the names that its imports need."""

    stamp: Stamp | None
    code: CodeType
    session: bool
    form: bool
    names: dict[str, object]


class Memory:
    """The pages used last, by file name or by text."""

    def __init__(self, size: int = PAGES) -> None:
        self._size = size
        self._pages: OrderedDict[str | bytes, Compiled] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, key: str | bytes, stamp: Stamp | None) -> Compiled | None:
        """The page kept under `key`, if it has not changed since."""
        page = self._pages.get(key)
        if page is None or page.stamp != stamp:
            return None
        self._pages.move_to_end(key)
        return page

    def put(self, key: str | bytes, page: Compiled) -> None:
        self._pages[key] = page
        self._pages.move_to_end(key)
        if len(self._pages) > self._size:
            self._pages.popitem(last=False)
