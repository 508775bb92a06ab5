import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.supervisor.staffing import BackOff, Kill, Member, Retire, Snapshot, Spawn, plan, recovered, wake


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
    ],
)
def test_the_plan_follows_from_the_snapshot(snapshot, now, actions):
    assert plan(snapshot, now) == actions


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
    assert wake(Snapshot(1, (Member(1, 0),))) is None
    assert wake(Snapshot(1, (), BackOff(1, 7.0))) == 7.0
    assert wake(Snapshot(0, (Member(1, 0, asked=1),), patience=3)) == 4


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
)


@given(st.builds(
    Snapshot, wanted=st.integers(0, 5), members=st.lists(members, unique_by=lambda m: m.pid).map(tuple),
    backoff=st.builds(BackOff, delay=st.floats(0, 30), until=st.floats(0, 60)),
), st.floats(0, 100))  # fmt: skip
def test_a_plan_brings_the_crew_to_its_number_and_never_sleeps_through_a_duty(snapshot, now):
    actions = plan(snapshot, now)
    staying = sum(member.asked is None for member in snapshot.members)
    after = staying + actions.count(Spawn()) - sum(isinstance(action, Retire) for action in actions)
    assert after == snapshot.wanted or (after < snapshot.wanted and now < snapshot.backoff.until)
    if any(not isinstance(action, Retire) for action in actions):
        assert wake(snapshot) <= now
