"""Who is started, asked to leave and killed, and when. Pure: a snapshot and a time in, actions out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

# Seconds: a process that dies this soon after its start counts as one that can't start.
EARLY = 1.0
FIRST_DELAY, LONGEST_DELAY = 0.1, 30.0
# After the request to leave: until SIGTERM, and from there until SIGKILL.
PATIENCE, LAST_WORDS = 30.0, 5.0


@dataclass(frozen=True, slots=True)
class Member:
    """One process: its id, its start, when it was asked to leave, and how many signals it got since."""

    pid: int
    started: float
    asked: float | None = None
    signals: int = 0


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait before the next start, after starts that failed. `delay` is 0 when all is well."""

    delay: float = 0.0
    until: float = 0.0

    def after_death(self, started: float, now: float) -> BackOff:
        """The back-off after a process that nobody had asked to leave has ended."""
        if now - started >= EARLY:
            return BackOff()
        return self.after_failure(now)

    def after_failure(self, now: float) -> BackOff:
        """Each failed attempt doubles the delay; deaths in the same attempt count once."""
        if self.delay and now < self.until:
            return self
        delay = min(self.delay * 2 or FIRST_DELAY, LONGEST_DELAY)
        return BackOff(delay, now + delay)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A crew at one moment: how many are wanted, who is there. `patience` is the time for leaving gracefully."""

    wanted: int
    members: tuple[Member, ...]
    backoff: BackOff = BackOff()
    patience: float = PATIENCE


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start one process."""


@dataclass(frozen=True, slots=True)
class Retire:
    """Ask a process to finish its work and leave."""

    pid: int


@dataclass(frozen=True, slots=True)
class Kill:
    """Send a process that does not leave a signal."""

    pid: int
    signal: int


Action = Spawn | Retire | Kill


def plan(snapshot: Snapshot, now: float) -> list[Action]:
    """What is to be done now: surplus members leave, oldest first; the missing are started; the stubborn killed."""
    staying = [member for member in snapshot.members if member.asked is None]
    actions: list[Action] = []
    surplus = len(staying) - snapshot.wanted
    if surplus > 0:
        actions += [Retire(member.pid) for member in sorted(staying, key=lambda member: member.started)[:surplus]]
    elif surplus < 0 and now >= snapshot.backoff.until:
        actions += [Spawn()] * -surplus
    for member in snapshot.members:
        step = _next_step(member, snapshot.patience)
        if step is not None and now >= step[0]:
            actions.append(Kill(member.pid, step[1]))
    return actions


def wake(snapshot: Snapshot) -> float | None:
    """When to look again if nothing happens before; None for never. A time that has passed means at once."""
    times = [step[0] for member in snapshot.members if (step := _next_step(member, snapshot.patience)) is not None]
    staying = [member for member in snapshot.members if member.asked is None]
    if len(staying) < snapshot.wanted:
        times.append(snapshot.backoff.until)
    elif snapshot.backoff.delay:
        times += _matured(staying)
    return min(times, default=None)


def recovered(snapshot: Snapshot, now: float) -> bool:
    """Whether a crew that was backing off has all its members alive for long enough."""
    staying = [member for member in snapshot.members if member.asked is None]
    return bool(
        snapshot.backoff.delay
        and snapshot.wanted
        and len(staying) >= snapshot.wanted
        and all(now >= time for time in _matured(staying))
    )


def _matured(members: list[Member]) -> Iterator[float]:
    return (member.started + EARLY for member in members)


def _next_step(member: Member, patience: float) -> tuple[float, int] | None:
    """When a leaving member gets its next signal, and which."""
    if member.asked is None or member.signals >= 2:
        return None
    if member.signals == 0:
        return member.asked + patience, signal.SIGTERM
    return member.asked + patience + LAST_WORDS, signal.SIGKILL
