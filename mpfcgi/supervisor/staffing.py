"""Who is started, asked to leave and killed, and when. Pure: a snapshot and a time in, actions out.

The policies are PHP-FPM's: `static` keeps a number of workers; `dynamic` keeps some more than are busy; `ondemand` starts
one when a request finds none that is free, and lets it go when it has been idle for long.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Union

# Seconds: a process that dies this soon after its start counts as one that can't start.
EARLY = 1.0
FIRST_DELAY, LONGEST_DELAY = 0.1, 30.0
# After the request to leave: until SIGTERM, and from there until SIGKILL.
PATIENCE, LAST_WORDS = 30.0, 5.0
FOREVER = float("inf")
# The same where it was never ready: it may hang in an import, and has nothing to finish.
UNREADY = 1.0
# Seconds that a spare worker must have been idle before it counts as one too many.
SETTLED = 1.0
# Seconds between two looks at workers that change their state without telling.
LOOK = 1.0
# Seconds from the end of a process's line to its own.
DEAF_TIME = 1.0
# Seconds for writing a traceback.
DUMP_TIME = 0.5


@dataclass(frozen=True)
class Member:
    """One process: its id, its start, when it was asked to leave, and how many signals it got since.

    A `busy` one serves a request; `active` is when one was last seen to (None for not yet). A `worn` one is to be
    replaced: it leaves when its replacement is `ready`. At the time `expires` it will be worn.
    """

    pid: int
    started: float
    asked: float | None = None
    signals: int = 0
    ready: bool = True
    busy: bool = False
    active: float | None = None
    worn: bool = False
    expires: float | None = None
    # When its request began, if it is busy, and when it was asked where that hangs.
    since: float | None = None
    dumped: float | None = None
    # When its control line ended: it does not hear any more.
    deaf: float | None = None

    @property
    def idle_since(self) -> float:
        return self.started if self.active is None else self.active


class NotNow(OSError):
    """No process can be started at the moment, and it is to be tried again soon."""


@dataclass(frozen=True)
class BackOff:
    """How long to wait before the next start, after starts that failed. `delay` is 0 when all is well."""

    delay: float = 0.0
    until: float = 0.0

    def after_death(self, started: float, now: float) -> BackOff:
        """The back-off after a process that nobody had asked to leave has ended."""
        if now - started >= EARLY:
            return BackOff()
        return self.after_failure(now)

    def after_waiting(self, now: float) -> BackOff:
        """The same delay again: it is no failure yet."""
        delay = self.delay or FIRST_DELAY
        return BackOff(delay, now + delay)

    def after_failure(self, now: float) -> BackOff:
        """Each failed attempt doubles the delay; deaths in the same attempt count once."""
        if self.delay and now < self.until:
            return self
        delay = min(self.delay * 2 or FIRST_DELAY, LONGEST_DELAY)
        return BackOff(delay, now + delay)


@dataclass(frozen=True)
class Pace:
    """How many processes may be started: `rate` in a second, `burst` after a pause. `left` of them at the time `at`."""

    rate: float
    burst: float
    left: float
    at: float = 0.0

    def allowed(self, now: float) -> int:
        # A grain more: what is due exactly now must not be missed by the rounding of times.
        return int(min(self.burst, self.left + (now - self.at) * self.rate) + 1e-6)

    def after_start(self, now: float) -> Pace:
        left = min(self.burst, self.left + (now - self.at) * self.rate) - 1
        return replace(self, left=left, at=now)

    @property
    def next_start(self) -> float:
        """When one more may be started."""
        return self.at + max(1 - self.left, 0) / self.rate


@dataclass(frozen=True)
class Policy:
    """How many workers a pool has: `manager` is static, dynamic or ondemand, `most` the upper bound."""

    manager: str
    most: int
    min_spare: int = 0
    max_spare: int = 0
    idle_timeout: float = 0.0


@dataclass(frozen=True)
class Snapshot:
    """A crew at one moment: how many are wanted, who is there. `patience` is the time for leaving gracefully.

    A crew without a `policy` has the number that is wanted. A request is `waiting` for one that is free. `room` is how
    many more processes all crews together may have, None for no limit.
    """

    wanted: int
    members: tuple[Member, ...]
    backoff: BackOff = BackOff()
    patience: float = PATIENCE
    policy: Policy | None = None
    waiting: bool = False
    pace: Pace | None = None
    room: int | None = None
    # Seconds after which a request must be over, whatever it takes.
    request_limit: float | None = None

    @property
    def staying(self) -> list[Member]:
        return [member for member in self.members if member.asked is None]


@dataclass(frozen=True)
class Spawn:
    """Start one process."""


@dataclass(frozen=True)
class Retire:
    """Ask a process to finish its work and leave."""

    pid: int


@dataclass(frozen=True)
class Kill:
    """Send a process that does not leave a signal."""

    pid: int
    signal: int


@dataclass(frozen=True)
class Dump:
    """Let a process that hangs write its traceback."""

    pid: int


@dataclass(frozen=True)
class Destroy:
    """End a process that hangs, at once."""

    pid: int


@dataclass(frozen=True)
class Abandon:
    """End a process that is none of ours any more, at once: user code has closed its line, or runs another program."""

    pid: int


Action = Union[Spawn, Retire, Kill, Dump, Destroy, Abandon]


def wanted(snapshot: Snapshot, now: float) -> int:
    """How many there should be from now on, by the policy."""
    policy = snapshot.policy
    if policy is None or policy.manager == "static":
        return snapshot.wanted
    staying = snapshot.staying
    busy = sum(member.busy for member in staying)
    if policy.manager == "dynamic":
        settled = sum(not member.busy and now >= member.idle_since + SETTLED for member in staying)
        surplus = min(max(snapshot.wanted - busy - policy.max_spare, 0), settled)
        return min(max(snapshot.wanted - surplus, busy + policy.min_spare), policy.most)
    left = sum(member.busy or now < member.idle_since + policy.idle_timeout for member in staying)
    return min(left + (snapshot.waiting and left == busy), policy.most)


def wants_requests(snapshot: Snapshot, now: float) -> bool:
    """Whether a request that waits would get one more worker."""
    policy = snapshot.policy
    if policy is None or policy.manager == "static":
        return False
    staying = snapshot.staying
    return (
        len(staying) < policy.most
        and all(member.busy for member in staying)
        and now >= snapshot.backoff.until
        and snapshot.room != 0
    )


def plan(snapshot: Snapshot, now: float) -> list[Action]:
    """What is to be done now: surplus members leave, idle and old ones first; the missing are started; the stubborn
    killed. Worn members leave when their replacements are ready.
    """
    fresh = [member for member in snapshot.staying if not member.worn]
    worn = [member for member in snapshot.staying if member.worn]
    missing = snapshot.wanted - len(fresh)
    starts = min(missing, *_bounds(snapshot, now)) if missing > 0 and now >= snapshot.backoff.until else 0
    actions: list[Action] = [Spawn()] * starts
    if missing > 0 and worn and snapshot.room == 0:
        # There is no room for a replacement beside it.
        actions.append(Retire(_first_to_leave(worn)[0].pid))
    else:
        replaced = sum(member.ready for member in fresh) + len(worn) - snapshot.wanted
        actions += [Retire(member.pid) for member in _first_to_leave(worn)[: max(replaced, 0)]]
    actions += [Retire(member.pid) for member in _first_to_leave(fresh)[: max(-missing, 0)]]
    for member in snapshot.members:
        step = _next_step(member, snapshot.patience)
        if step is not None and now >= step[0]:
            actions.append(Kill(member.pid, step[1]))
        if (overdue := _overdue(member, snapshot)) is not None and now >= overdue:
            actions.append(Dump(member.pid) if member.dumped is None else Destroy(member.pid))
        if member.deaf is not None and now >= member.deaf + DEAF_TIME:
            actions.append(Abandon(member.pid))
    return actions


def wake(snapshot: Snapshot, now: float) -> float | None:
    """When to look again if nothing happens before; None for never. A time that has passed means at once."""
    times = [step[0] for member in snapshot.members if (step := _next_step(member, snapshot.patience)) is not None]
    times += [member.deaf + DEAF_TIME for member in snapshot.members if member.deaf is not None]
    staying = snapshot.staying
    if sum(not member.worn for member in staying) < snapshot.wanted:
        paced = snapshot.pace.next_start if snapshot.pace is not None else 0.0
        times.append(max(snapshot.backoff.until, paced) if snapshot.room != 0 else now + LOOK)
    elif snapshot.backoff.delay:
        times += _matured(staying)
    times += [member.expires for member in staying if member.expires is not None and not member.worn]
    if snapshot.request_limit is not None and snapshot.members:
        times += [time for member in snapshot.members if (time := _overdue(member, snapshot)) is not None]
        times.append(now + LOOK)
    policy = snapshot.policy
    if policy is not None and policy.manager != "static" and now < snapshot.backoff.until:
        # Until then nobody looks whether a request waits: see wants_requests.
        times.append(snapshot.backoff.until)
    if policy is not None and policy.manager != "static" and staying:
        if policy.manager == "ondemand" and not any(member.busy for member in staying):
            times.append(min(member.idle_since for member in staying) + policy.idle_timeout)
        times.append(now + LOOK)
    return min(times, default=None)


def recovered(snapshot: Snapshot, now: float) -> bool:
    """Whether a crew that was backing off has all its members alive for long enough."""
    staying = snapshot.staying
    return bool(
        snapshot.backoff.delay
        and snapshot.wanted
        and len(staying) >= snapshot.wanted
        and all(now >= time for time in _matured(staying))
    )


def _bounds(snapshot: Snapshot, now: float) -> Iterator[int]:
    """How many may be started."""
    if snapshot.pace is not None:
        yield max(snapshot.pace.allowed(now), 0)
    yield snapshot.wanted if snapshot.room is None else max(snapshot.room, 0)


def _first_to_leave(members: Sequence[Member]) -> list[Member]:
    return sorted(members, key=lambda member: (member.busy, member.idle_since, member.started))


def _matured(members: list[Member]) -> Iterator[float]:
    return (member.started + EARLY for member in members)


def _overdue(member: Member, snapshot: Snapshot) -> float | None:
    """When a member whose request has not ended gets its next signal for that."""
    if snapshot.request_limit is None or member.since is None:
        return None
    return member.since + snapshot.request_limit if member.dumped is None else member.dumped + DUMP_TIME


def _next_step(member: Member, patience: float) -> tuple[float, int] | None:
    """When a leaving member gets its next signal, and which."""
    if member.asked is None or member.signals >= 2:
        return None
    if not member.ready:
        patience = min(patience, UNREADY)
    if patience == FOREVER:
        return None
    if member.signals == 0:
        return member.asked + patience, signal.SIGTERM
    return member.asked + patience + LAST_WORDS, signal.SIGKILL
