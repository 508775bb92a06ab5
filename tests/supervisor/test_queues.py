import socket

import pytest

from mpfcgi.ipc import handoff
from mpfcgi.supervisor.queues import Queues, move


@pytest.fixture
def connection():
    ours, theirs = socket.socketpair()
    yield ours
    ours.close()
    theirs.close()


def early(queue):
    """The early bytes of what waits in a queue, in order."""
    found = []
    while handed := handoff.receive(queue[1]):
        found.append(handed[1])
        handed[0].close()
    return found


def test_a_queue_is_one_for_its_name():
    queues = Queues()
    assert queues.of("a") is queues.of("a")
    assert queues.of("a") is not queues.of("b")


def test_it_says_whether_connections_wait(connection):
    queues = Queues()
    handoff.send(queues.of("a")[0], connection)
    assert queues.waits(["a", "b"])
    assert not queues.waits(["b"])


def test_queues_without_a_reader_are_strays():
    queues = Queues()
    a, b = queues.of("a"), queues.of("b")
    assert queues.strays({"a"}, routed=True) == [b[1]]
    assert queues.strays({"a", "b"}, routed=False) == [queues.hand_backs[1]]
    queues.forget({"a"})
    assert b[0].fileno() == -1
    assert queues.of("a") is a


def test_connections_are_moved_in_order(connection):
    queues = Queues()
    source, target = queues.of("a"), queues.of("b")
    for number in range(3):
        handoff.send(source[0], connection, b"%d" % number)
    assert not move(source[1], target[0])
    assert early(target) == [b"0", b"1", b"2"]


def test_none_is_lost_where_there_is_no_room(connection):
    queues = Queues()
    source, target = queues.of("a"), queues.of("b")
    while handoff.send(target[0], connection, b"before"):
        pass
    handoff.send(source[0], connection, b"after")
    assert move(source[1], target[0])
    assert b"after" not in early(target)
    assert not move(source[1], target[0])
    assert early(target) == [b"after"]


def test_the_largest_message_fits_where_there_seems_to_be_room(connection):
    queues = Queues()
    source, target = queues.of("a"), queues.of("b")
    moved = 0
    while True:
        assert handoff.send(source[0], connection, b"x" * handoff.MAX_EARLY)
        if move(source[1], target[0]):
            break
        moved += 1
    assert len(early(target)) == moved > 0
