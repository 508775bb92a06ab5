"""The scoreboard: one slot of shared memory per worker, written by the worker, read by anyone.

Numbers are aligned and written whole, so a reader sees an old or a new value, never a mixture; the request line is
text for people and may be read while it changes.
"""

from __future__ import annotations

import mmap
import os
import zlib
from time import monotonic
from typing import NamedTuple

LINE_SIZE = 256
POOL_SIZE = 128
_NUMBERS = 9
SLOT_SIZE = _NUMBERS * 8 + LINE_SIZE + POOL_SIZE

# States of a slot.
FREE, STARTING, IDLE, BUSY, LEAVING = range(5)
STATE_NAMES = ("free", "starting", "idle", "busy", "leaving")

# A request that runs for longer holds its worker (seconds); others are over in a moment.
MOMENT = 0.01

_PID, _GENERATION, _STATE, _REQUESTS, _CONNECTIONS, _SINCE, _STARTED, _LINE_LENGTH, _GROUP = range(_NUMBERS)


class SlotReading(NamedTuple):
    """What a slot says: times are seconds of the monotonic clock."""

    pid: int
    generation: int
    state: int
    requests: int
    connections: int
    since: float
    started: float
    line: str
    pool: str


def name_in_slot(pool: str) -> str:
    """The name by which a slot knows the pool `pool`: its own, or one that is as different where that is too long."""
    return _label(pool).decode("utf-8", "surrogateescape")


def _label(pool: str) -> bytes:
    # Names are folders, too, which need not be UTF-8.
    name = pool.encode("utf-8", "surrogateescape")
    if len(name) < POOL_SIZE:
        return name
    digest = b"~%08x" % zlib.crc32(name)
    return name[: POOL_SIZE - 1 - len(digest)] + digest


class Slot:
    """One worker's slot. `begin` and `idle` are on the path of every request."""

    __slots__ = ("_line", "_memory", "_numbers", "_pool", "_requests", "_rest", "_times", "index", "taken")

    def __init__(self, memory: memoryview, index: int) -> None:
        at = index * SLOT_SIZE
        numbers_end = at + _NUMBERS * 8
        self.index = index
        # For the one who gives slots away. What the memory says of it, a worker may have written.
        self.taken = False
        self._memory = memory
        # The state between two requests.
        self._rest = IDLE
        self._numbers = memory[at:numbers_end].cast("Q")
        self._times = memory[at:numbers_end].cast("d")
        self._line = memory[numbers_end : numbers_end + LINE_SIZE]
        self._pool = memory[numbers_end + LINE_SIZE : at + SLOT_SIZE]
        self._requests = 0

    def occupy(self, pid: int, generation: int, pool: str) -> None:
        """Take the slot for a new worker."""
        name = _label(pool)
        self._pool[:] = name + bytes(POOL_SIZE - len(name))
        self._requests, self._rest = 0, IDLE
        for field in (_REQUESTS, _CONNECTIONS, _LINE_LENGTH, _GROUP):
            self._numbers[field] = 0
        self._numbers[_PID] = pid
        self._numbers[_GENERATION] = generation
        self._times[_STARTED] = self._times[_SINCE] = monotonic()
        self._numbers[_STATE] = STARTING

    @property
    def free(self) -> bool:
        """Whether no worker has it."""
        return self._numbers[_STATE] == FREE

    @property
    def state(self) -> int:
        """The state as the worker has last written it."""
        return self._numbers[_STATE]

    @property
    def requests(self) -> int:
        """The number of requests that the worker has ended."""
        return self._numbers[_REQUESTS]

    @property
    def since(self) -> float:
        """When the last request began."""
        return self._times[_SINCE]

    def release(self) -> None:
        """The worker has ended."""
        self.taken = False
        self._numbers[_STATE] = FREE
        self._numbers[_PID] = 0

    @property
    def served(self) -> int:
        """The requests that this process has ended; for the worker itself."""
        return self._requests

    def begin(self) -> None:
        """A request starts."""
        numbers = self._numbers
        numbers[_LINE_LENGTH] = 0
        self._times[_SINCE] = monotonic()
        numbers[_STATE] = BUSY

    def describe(self, line: bytes) -> None:
        """What the request that runs is: its method, host and path. For those that take longer than a moment."""
        line = line[:LINE_SIZE]
        self._line[: len(line)] = line
        self._numbers[_LINE_LENGTH] = len(line)

    def join(self, group: int) -> None:
        """The request is one of a group; 0 when it is of none any more."""
        self._numbers[_GROUP] = group

    @property
    def place(self) -> tuple[int, float, int]:
        """The group of the request that runs, and what orders those in it."""
        group = self._numbers[_GROUP] if self._numbers[_STATE] == BUSY else 0
        return group, self._times[_SINCE], self.index

    def idle(self) -> None:
        """The request is over."""
        self._requests = count = self._requests + 1
        numbers = self._numbers
        numbers[_REQUESTS] = count
        numbers[_STATE] = self._rest

    def ready(self) -> None:
        """The worker has started."""
        self._numbers[_STATE] = IDLE

    def leave(self) -> None:
        """The worker takes no more connections. It may still answer requests."""
        self._rest = LEAVING
        self._numbers[_STATE] = LEAVING

    def is_free_sibling_of(self, other: Slot) -> bool:
        """Whether its worker could serve what `other`, of the same pool, has no time for; or can in a moment."""
        state = self._numbers[_STATE]
        if state != IDLE and (state != BUSY or monotonic() - self._times[_SINCE] > MOMENT):
            return False
        return self.index != other.index and bytes(self._pool) == bytes(other._pool)

    def set_connections(self, count: int) -> None:
        """How many connections the worker has open."""
        self._numbers[_CONNECTIONS] = count

    def board(self) -> list[SlotReading]:
        """What all slots that are taken say, for a worker that wants to know about the others."""
        slots = (Slot(self._memory, index) for index in range(len(self._memory) // SLOT_SIZE))
        return [slot.read() for slot in slots if not slot.free]

    def read(self) -> SlotReading:
        """All that it says now."""
        numbers = self._numbers
        line = bytes(self._line[: min(numbers[_LINE_LENGTH], LINE_SIZE)])
        return SlotReading(
            numbers[_PID],
            numbers[_GENERATION],
            numbers[_STATE],
            numbers[_REQUESTS],
            numbers[_CONNECTIONS],
            self._times[_SINCE],
            self._times[_STARTED],
            line.decode("latin-1"),
            bytes(self._pool).rstrip(b"\0").decode("utf-8", "surrogateescape"),
        )


class Scoreboard:
    """`size` slots in memory that forked processes share, and other programs by its descriptor `file`, if there is one.

    `stacks` is the descriptor of a file for what a worker does right now, which it writes when it is asked; None without.
    """

    def __init__(self, size: int, file: int | None = None) -> None:
        self.stacks: int | None = None
        self.file = file
        if file is not None:
            os.ftruncate(file, size * SLOT_SIZE)
        self._map = mmap.mmap(-1 if file is None else file, size * SLOT_SIZE)
        self._memory = memoryview(self._map)
        self.slots = tuple(Slot(self._memory, index) for index in range(size))
        # All states at once: a column of the table.
        self._states = self._memory.cast("Q")[_STATE :: SLOT_SIZE // 8]
        self._groups = self._memory.cast("Q")[_GROUP :: SLOT_SIZE // 8]

    def has_free_sibling(self, slot: Slot) -> bool:
        """Whether another worker of the pool that `slot` is in has time."""
        return any(
            self.slots[index].is_free_sibling_of(slot)
            for index, state in enumerate(self._states.tolist())
            if state in (IDLE, BUSY)
        )

    def before(self, slot: Slot) -> list[SlotReading]:
        """The workers whose requests are of the same group as that of `slot`, and began before it."""
        own = slot.place
        taken = [
            self.slots[index] for index, group in enumerate(self._groups.tolist())
            if group == own[0] and index != slot.index
        ]  # fmt: skip
        return [other.read() for other in taken if other.place[0] == own[0] and other.place < own]

    @property
    def fds(self) -> list[int]:
        """The descriptors that a child must keep."""
        return [] if self.stacks is None else [self.stacks]

    def take(self) -> Slot:
        """A free slot. OverflowError when all are taken."""
        for slot in self.slots:
            if not slot.taken:
                slot.taken = True
                return slot
        raise OverflowError(f"all {len(self.slots)} worker slots are taken")
