"""Descriptors that are kept for the time when there are no others."""

from __future__ import annotations

import os


class Spare:
    """Keeps `number` descriptors open, for somebody to close and have room for others."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._kept: list[int] = []
        self.take()

    def take(self) -> bool:
        """Have as many again; whether that is so."""
        try:
            while len(self._kept) < self._number:
                self._kept.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            return False
        return True

    def give(self) -> bool:
        """Let them be used for something else; whether there were any."""
        kept, self._kept = self._kept, []
        for descriptor in kept:
            os.close(descriptor)
        return bool(kept)
