"""Cleanups of sessions in memory, which look at the old ones alone."""

import time

import pytest

from mpfcgi.api import Session, memory_session
from tests.support.requests import finish, request


@pytest.fixture
def saved(services, monkeypatch):
    """Saves a session at a time, in seconds from now; the id that it has then."""
    monkeypatch.setattr(memory_session, "_sessions", memory_session._Sessions())
    begin = time.time()

    def save(at, timeout, sid=None):
        monkeypatch.setattr(time, "time", lambda: begin + at)
        req = request(services, f"pysid={sid}" if sid else None)
        session = Session.MemorySession(req)
        session.set_timeout(timeout)
        session.save()
        finish(req)
        return session.id()

    def left(at):
        """The ids that a cleanup leaves at a time."""
        monkeypatch.setattr(time, "time", lambda: begin + at)
        req = request(services)
        Session.MemorySession(req).cleanup()
        finish(req)
        return set(memory_session._sessions._stored)

    save.left = left
    return save


def test_a_session_that_lasts_long_does_not_keep_those_behind_it(saved):
    long, expired, young = saved(0, 1000), saved(1, 10), saved(15, 10)
    left = saved.left(20)
    assert left == {long, young}
    assert expired not in left


def test_a_session_that_is_saved_again_is_young_again(saved):
    first, second = saved(0, 10), saved(1, 10)
    assert saved(9, 10, first) == first
    assert saved.left(15) == {first}
    assert second != first


def test_all_are_removed_in_the_end(saved):
    for at in range(5):
        saved(at, 10 + at)
    assert saved.left(100) == set()
