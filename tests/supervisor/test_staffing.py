import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.supervisor.staffing import (
    DEAF_TIME,
    FOREVER,
    LOOK,
    Abandon,
    BackOff,
    Destroy,
    Dump,
    Kill,
    Member,
    Pace,
    Policy,
    Retire,
    Snapshot,
    Spawn,
    plan,
    recovered,
    wake,
    wanted,
    wants_requests,
)

DYNAMIC = Policy("dynamic", 6, min_spare=1, max_spare=3)
ON_DEMAND = Policy("ondemand", 2, idle_timeout=10)


def busy(pid, **more):
    return Member(pid, 0, busy=True, active=50, **more)


def idle(pid, since=0, **more):
    return Member(pid, 0, active=since, **more)


@pytest.mark.parametrize(
    ("snapshot", "now", "actions"),
    [
        (Snapshot(2, ()), 0, [Spawn(), Spawn()]),
        (Snapshot(2, (Member(1, 0), Member(2, 0))), 5, []),
        (Snapshot(1, (Member(1, 1), Member(2, 0))), 5, [Retire(2)]),
        (Snapshot(1, (Member(1, 0, asked=4),)), 5, [Spawn()]),
        (Snapshot(1, (), BackOff(0.1, 9.0)), 8, []),
        (Snapshot(1, (), BackOff(0.1, 9.0)), 9, [Spawn()]),
        (Snapshot(0, (Member(1, 0, asked=10),)), 39, []),
        (Snapshot(0, (Member(1, 0, asked=10),)), 40, [Kill(1, signal.SIGTERM)]),
        (Snapshot(0, (Member(1, 0, asked=10, signals=1),)), 45, [Kill(1, signal.SIGKILL)]),
        (Snapshot(0, (Member(1, 0, asked=10, signals=2),)), 99, []),
        # An idle one leaves rather than a busy one, however old that is.
        (Snapshot(1, (busy(1), idle(2, 40))), 50, [Retire(2)]),
        # A worn one leaves when its replacement is ready, and not before.
        (Snapshot(1, (Member(1, 0, worn=True),)), 5, [Spawn()]),
        (Snapshot(1, (Member(1, 0, worn=True), Member(2, 4, ready=False))), 5, []),
        (Snapshot(1, (Member(1, 0, worn=True), Member(2, 4))), 5, [Retire(1)]),
        (Snapshot(0, (Member(1, 0, worn=True),)), 5, [Retire(1)]),
        # Where there is no room beside it, it leaves first.
        (Snapshot(1, (Member(1, 0, worn=True),), room=0), 5, [Retire(1)]),
        # Whose line has ended is given a moment for its own end.
        (Snapshot(1, (Member(1, 0, deaf=10),)), 10, []),
        (Snapshot(1, (Member(1, 0, deaf=10),)), 10 + DEAF_TIME, [Abandon(1)]),
        # A request that went on for too long: first its traceback, then its end.
        (Snapshot(1, (busy(1, since=4),), request_limit=2), 5.9, []),
        (Snapshot(1, (busy(1, since=4),), request_limit=2), 6, [Dump(1)]),
        (Snapshot(1, (busy(1, since=4, dumped=6),), request_limit=2), 6.4, []),
        (Snapshot(1, (busy(1, since=4, dumped=6),), request_limit=2), 6.5, [Destroy(1)]),
        (Snapshot(0, (busy(1, since=4, asked=5),), request_limit=2), 6, [Dump(1)]),
        # No more are started than there is room and time for.
        (Snapshot(5, (), room=2), 5, [Spawn()] * 2),
        (Snapshot(5, (), pace=Pace(rate=2, burst=4, left=0, at=5)), 5, []),
        (Snapshot(5, (), pace=Pace(rate=2, burst=4, left=0, at=5)), 6, [Spawn()] * 2),
        (Snapshot(9, (), pace=Pace(rate=2, burst=4, left=0, at=5)), 60, [Spawn()] * 4),
    ],
)
def test_the_plan_follows_from_the_snapshot(snapshot, now, actions):
    assert plan(snapshot, now) == actions


@pytest.mark.parametrize(
    ("snapshot", "number"),
    [
        (Snapshot(2, (idle(1), idle(2)), policy=Policy("static", 2)), 2),
        # So many more than are busy, up to the most.
        (Snapshot(2, (idle(1), busy(2)), policy=DYNAMIC), 2),
        (Snapshot(2, (busy(1), busy(2)), policy=DYNAMIC), 3),
        (Snapshot(6, tuple(busy(pid) for pid in range(6)), policy=DYNAMIC), 6),
        # And down again, by those that are idle for more than a moment.
        (Snapshot(6, (busy(1), *(idle(pid) for pid in range(2, 7))), policy=DYNAMIC), 4),
        (Snapshot(6, (busy(1), idle(2), *(idle(pid, 50) for pid in range(3, 7))), policy=DYNAMIC), 5),
        # Those that start count as spare.
        (Snapshot(3, (busy(1), busy(2), Member(3, 50, ready=False)), policy=DYNAMIC), 3),
        # On demand: one more where nobody is free, gone after a time.
        (Snapshot(0, (), policy=ON_DEMAND), 0),
        (Snapshot(0, (), policy=ON_DEMAND, waiting=True), 1),
        (Snapshot(1, (Member(1, 50, ready=False),), policy=ON_DEMAND, waiting=True), 1),
        (Snapshot(1, (busy(1),), policy=ON_DEMAND, waiting=True), 2),
        (Snapshot(2, (busy(1), busy(2)), policy=ON_DEMAND, waiting=True), 2),
        (Snapshot(1, (idle(1, 40.5),), policy=ON_DEMAND), 1),
        (Snapshot(1, (idle(1, 40),), policy=ON_DEMAND), 0),
    ],
)
def test_the_number_of_workers_follows_the_policy(snapshot, number):
    assert wanted(snapshot, 50) == number


@pytest.mark.parametrize(
    ("snapshot", "answer"),
    [
        (Snapshot(0, (), policy=ON_DEMAND), True),
        (Snapshot(1, (idle(1),), policy=ON_DEMAND), False),
        (Snapshot(1, (busy(1),), policy=ON_DEMAND), True),
        (Snapshot(2, (busy(1), busy(2)), policy=ON_DEMAND), False),
        (Snapshot(0, (), BackOff(1, 51), policy=ON_DEMAND), False),
        (Snapshot(0, (), policy=ON_DEMAND, room=0), False),
        (Snapshot(2, (busy(1), busy(2)), policy=Policy("static", 2)), False),
    ],
)
def test_waiting_requests_are_looked_for_where_a_worker_can_be_started(snapshot, answer):
    assert wants_requests(snapshot, 50) is answer


def test_early_deaths_double_the_delay_and_late_ones_end_it():
    backoff, now, delays = BackOff(), 0.0, []
    for _ in range(12):
        backoff = backoff.after_death(now, now)
        delays.append(backoff.delay)
        now = backoff.until
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == 30.0
    assert backoff.after_death(now - 5, now) == BackOff()


def test_it_says_when_to_look_again():
    assert wake(Snapshot(1, (Member(1, 0),)), 2) is None
    assert wake(Snapshot(1, (), BackOff(1, 7.0)), 2) == 7.0
    assert wake(Snapshot(0, (Member(1, 0, asked=1),), patience=3), 2) == 4
    assert wake(Snapshot(0, (Member(1, 0, asked=1, ready=False),), patience=3), 2) == 2
    assert wake(Snapshot(0, (Member(1, 0, asked=1),), patience=FOREVER), 2) is None
    assert wake(Snapshot(1, (), pace=Pace(2, 4, left=0, at=5)), 5) == 5.5
    assert wake(Snapshot(1, (Member(1, 0, expires=60),)), 5) == 60
    assert wake(Snapshot(1, (busy(1, since=4),), request_limit=2), 5.5) == 6
    assert wake(Snapshot(1, (), room=0), 5) == 5 + LOOK
    assert wake(Snapshot(0, (), policy=ON_DEMAND), 2) is None
    # When it is known again whether a request waits.
    assert wake(Snapshot(0, (), BackOff(1, 7.0), policy=ON_DEMAND), 2) == 7.0
    assert wake(Snapshot(0, (), BackOff(1, 7.0), policy=ON_DEMAND), 7.0) is None
    assert wake(Snapshot(1, (idle(1, 2),), policy=ON_DEMAND), 11.5) == 12
    assert wake(Snapshot(1, (busy(1),), policy=DYNAMIC), 50) == 50 + LOOK


def test_a_crew_recovers_when_all_live_long_enough():
    crew = Snapshot(1, (Member(1, 10.0),), BackOff(0.1, 9.0))
    assert not recovered(crew, 10.5)
    assert recovered(crew, 11.0)


def test_deaths_of_one_attempt_count_once():
    first = BackOff().after_death(0.0, 0.5)
    assert first.after_death(0.0, 0.5) == first


members = st.builds(
    Member,
    pid=st.integers(1, 9),
    started=st.floats(0, 50),
    asked=st.none() | st.floats(0, 50),
    signals=st.integers(0, 2),
    ready=st.booleans(),
    busy=st.booleans(),
    worn=st.booleans(),
)
policies = st.builds(
    Policy, st.sampled_from(["static", "dynamic", "ondemand"]), most=st.integers(3, 6), min_spare=st.integers(1, 2),
    max_spare=st.integers(2, 3), idle_timeout=st.floats(0, 20),
)  # fmt: skip


@given(st.builds(
    Snapshot, wanted=st.integers(0, 5), members=st.lists(members, unique_by=lambda m: m.pid).map(tuple),
    backoff=st.builds(BackOff, delay=st.floats(0, 30), until=st.floats(0, 60)),
), st.floats(0, 100))  # fmt: skip
def test_a_plan_brings_the_crew_to_its_number_and_never_sleeps_through_a_duty(snapshot, now):
    actions = plan(snapshot, now)
    staying = sum(member.asked is None for member in snapshot.members)
    after = staying + actions.count(Spawn()) - sum(isinstance(action, Retire) for action in actions)
    fresh = sum(not member.worn for member in snapshot.staying)
    assert after >= snapshot.wanted or now < snapshot.backoff.until
    if fresh == staying:
        assert after <= max(snapshot.wanted, staying) - max(staying - snapshot.wanted, 0)
    if any(not isinstance(action, Retire) for action in actions):
        assert wake(snapshot, now) <= now


@given(st.builds(
    Snapshot, wanted=st.integers(0, 6), members=st.lists(members, unique_by=lambda m: m.pid).map(tuple),
    policy=policies, waiting=st.booleans(),
), st.floats(50, 100))  # fmt: skip
def test_a_policy_keeps_its_bounds_and_settles(snapshot, now):
    number = wanted(snapshot, now)
    assert 0 <= number <= max(snapshot.policy.most, snapshot.wanted)
    if snapshot.policy.manager == "dynamic":
        working = sum(member.busy for member in snapshot.staying)
        assert number >= min(working + snapshot.policy.min_spare, snapshot.policy.most)
