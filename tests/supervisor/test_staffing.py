import signal

from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.supervisor import staffing
from mpfcgi.supervisor.staffing import BackOff, Kill, Member, Retire, Snapshot, Spawn, plan, recovered, wake


def crew(wanted, *members, **more):
    return Snapshot(wanted, members, **more)


def test_the_missing_are_started():
    assert plan(crew(3, Member(1, 0.0)), 10.0) == [Spawn(), Spawn()]


def test_of_too_many_the_oldest_leave():
    assert plan(crew(1, Member(1, 5.0), Member(2, 3.0), Member(3, 4.0)), 10.0) == [Retire(2), Retire(3)]


def test_one_that_leaves_is_replaced():
    assert plan(crew(1, Member(1, 0.0, asked=9.0)), 10.0) == [Spawn()]


def test_nothing_is_started_before_the_pause_is_over():
    snapshot = crew(1, backoff=BackOff(0.1, 10.0))
    assert plan(snapshot, 9.9) == []
    assert wake(snapshot) == 10.0
    assert plan(snapshot, 10.0) == [Spawn()]


def test_who_does_not_leave_gets_sigterm_and_then_sigkill():
    stubborn = Member(1, 0.0, asked=100.0)
    assert plan(crew(0, stubborn), 129.0) == []
    assert wake(crew(0, stubborn)) == 130.0
    assert plan(crew(0, stubborn), 130.0) == [Kill(1, signal.SIGTERM)]
    warned = Member(1, 0.0, asked=100.0, signals=1)
    assert plan(crew(0, warned), 134.0) == []
    assert plan(crew(0, warned), 135.0) == [Kill(1, signal.SIGKILL)]
    assert plan(crew(0, Member(1, 0.0, asked=100.0, signals=2)), 999.0) == []


def test_a_process_that_lived_long_enough_is_replaced_at_once():
    assert BackOff(0.4, 3.0).after_death(started=5.0, now=5.0 + staffing.EARLY) == BackOff()


def test_pauses_double_up_to_a_limit():
    backoff, delays = BackOff(), []
    for _ in range(12):
        backoff = backoff.after_failure(backoff.until)
        delays.append(backoff.delay)
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == staffing.LONGEST_DELAY


def test_deaths_of_one_attempt_count_once():
    first = BackOff().after_death(0.0, 0.5)
    assert first.after_death(0.0, 0.5) == first


def test_a_crew_has_recovered_when_all_have_lived_long_enough():
    backing = BackOff(0.1, 0.0)
    assert not recovered(crew(2, Member(1, 0.0), backoff=backing), 10.0)
    assert not recovered(crew(1, Member(1, 9.5), backoff=backing), 10.0)
    assert wake(crew(1, Member(1, 9.5), backoff=backing)) == 9.5 + staffing.EARLY
    assert recovered(crew(1, Member(1, 9.0), backoff=backing), 10.0)
    assert not recovered(crew(1, Member(1, 9.0)), 10.0)


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
