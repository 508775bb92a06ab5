import socket
from time import monotonic

import pytest

from mpfcgi.fastcgi import ClientConnection
from mpfcgi.ipc import handoff
from mpfcgi.supervisor import destination as destinations
from mpfcgi.supervisor.destination import Arrival, Destination

HEAD = ClientConnection().begin_request({"REQUEST_URI": "/"})


@pytest.fixture
def pool():
    """A pool where two requests may wait for ten seconds, and its workers' end of the queue."""
    send, receive = handoff.queue_pair()
    destination = Destination("a.example", send, receive, 2, 10.0)
    yield destination, receive
    destination.close()


def request(arrived=0.0):
    arrival = Arrival(socket.socketpair()[0])
    arrival.raw, arrival.arrived = HEAD, arrived
    return arrival


def test_requests_wait_in_their_order_up_to_the_bound(pool):
    destination, workers = pool
    assert not destination.holds()
    for arrived in (1.0, 2.0):
        assert not destination.is_full()
        assert destination.pass_on(request(arrived))
    assert destination.is_full()
    _, early, mark = handoff.take(workers)
    assert (early, mark.arrived) == (HEAD, 1.0)
    assert not destination.is_full()
    handoff.take(workers)
    assert not destination.holds()


def test_what_has_waited_for_too_long_is_taken_out_and_nothing_else(pool):
    destination, workers = pool
    for arrived in (1.0, 5.0):
        destination.pass_on(request(arrived))
    assert list(destination.late(10.9)) == []
    (late,) = destination.late(11)
    assert late.raw == HEAD
    assert late.wire.active
    assert handoff.take(workers)[2].arrived == 5.0


def test_a_connection_that_says_nothing_is_never_late(pool):
    destination, workers = pool
    idle, other = socket.socketpair()
    with idle, other:
        handoff.send(destination._send, idle, b"", handoff.Mark(1.0, 0))
        assert list(destination.late(50)) == []
        assert handoff.take(workers)[2].arrived == 50


def test_without_a_limit_nothing_is_late():
    send, receive = handoff.queue_pair()
    destination = Destination("a.example", send, receive, 2, 0.0)
    destination.pass_on(request())
    assert list(destination.late(1e9)) == []
    destination.close()


def test_messages_of_others_do_not_count(pool):
    destination, workers = pool
    other, third = socket.socketpair()
    with other, third:
        for _ in range(5):
            # One is taken, and what another worker gives away, or another router sends, is the first then.
            destination.pass_on(request())
            handoff.send(destination._send, other)
            handoff.take(workers)
            assert not destination.is_full()
            handoff.send(destination._send, other, b"", handoff.Mark(monotonic(), 1 << 50 | 1))
            handoff.take(workers)
            assert not destination.is_full()
            handoff.take(workers)
        handoff.send(destination._send, other)
        destination.pass_on(request())
        destination.pass_on(request())
        assert destination.is_full()


def test_the_time_for_a_head_begins_with_it_and_not_with_the_silence_before(monkeypatch):
    monkeypatch.setattr(destinations, "monotonic", lambda: 100.0)
    arrival = Arrival(socket.socketpair()[0])
    monkeypatch.setattr(destinations, "monotonic", lambda: 150.0)
    assert arrival.age(150.5) == 50.5
    arrival.begin()
    assert arrival.age(150.5) == 0.5
