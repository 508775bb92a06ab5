"""The removal of expired session files (manual 4.8, FileSession): for a limited time, then on from there.

Where it stopped stands in `mp_sess/.cleanup`, which is locked meanwhile, so that two processes don't clean up at once, and
removed when all files have been looked at.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mpfcgi.api.constants import APLOG_NOTICE
from mpfcgi.api.stored import DamagedError, loaded

STATE = ".cleanup"
_FOLDERS = [f"{number:02x}" for number in range(256)]
_SESSION = re.compile(r"[0-9a-f]{32}")
# A save that was cut off before it was complete.
_REST = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{8}")


@dataclass
class Sweep:
    """One cleanup of `folder`. `timeout`, `grace` and `limit` are seconds; no limit when that is 0.

    With `fast`, only files that have not been written for `timeout` and `grace` are looked at, and removed unless
    `verify`; otherwise what a file itself says decides.
    """

    folder: str
    timeout: float
    fast: bool
    verify: bool
    grace: float
    limit: float
    log: Callable[[str, int], None]

    def run(self, read: Callable[[str], bytes], clock: Callable[[], float] = time.monotonic) -> int:
        """Remove what has expired; how many files that were. Nothing when another process is at it."""
        try:
            fd = os.open(os.path.join(self.folder, STATE), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            # No folder: there are no sessions yet.
            return 0
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return self._run(fd, read, clock)
        except BlockingIOError:
            return 0
        finally:
            os.close(fd)

    def _run(self, state: int, read: Callable[[str], bytes], clock: Callable[[], float]) -> int:
        deadline = clock() + self.limit if self.limit else None
        position = os.pread(state, 100, 0).decode("ascii", "replace") if deadline is not None else ""
        looked = removed = 0
        for position in self._files(position):  # noqa: B020
            looked += 1
            removed += self._remove_if_expired(os.path.join(self.folder, position), read)
            if deadline is not None and clock() > deadline:
                break
        else:
            position = ""
        if position:
            os.ftruncate(state, 0)
            os.pwrite(state, position.encode("ascii"), 0)
        else:
            # All is done. Who opened the file just now may clean up beside the next one: twice the work, no harm.
            os.unlink(os.path.join(self.folder, STATE))
        self.log(f"FileSession: cleanup removed {removed} of {looked} files", APLOG_NOTICE)
        return removed

    def _files(self, after: str) -> Iterator[str]:
        """Files of sessions and their rests, as `7f/7f0c...`, in order, from behind `after`."""
        for folder in _FOLDERS:
            if folder < after[:2]:
                continue
            try:
                names = sorted(os.listdir(os.path.join(self.folder, folder)))
            except (FileNotFoundError, NotADirectoryError):
                continue
            for name in names:
                file = f"{folder}/{name}"
                if file > after and (_SESSION.fullmatch(name) or _REST.fullmatch(name)):
                    yield file

    def _remove_if_expired(self, path: str, read: Callable[[str], bytes]) -> bool:
        try:
            if not self._expired(path, read):
                return False
            os.unlink(path)
        except OSError:
            # Removed by its own request, or another user's: not ours to remove.
            return False
        return True

    def _expired(self, path: str, read: Callable[[str], bytes]) -> bool:
        now = time.time()
        old = now - os.lstat(path).st_mtime > self.timeout + self.grace
        if _REST.fullmatch(os.path.basename(path)):
            return old
        if self.fast and (not old or not self.verify):
            return old
        try:
            stored = loaded(read(path))
        except DamagedError:
            return old
        return bool(now - stored["_accessed"] > stored["_timeout"] + self.grace)
