"""Connections that are given away, with real sockets and a queue, and without threads where none is needed."""

import socket
import threading
from types import SimpleNamespace

import pytest

from mpfcgi.ipc import handoff
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.worker import relief
from mpfcgi.worker.relief import Relief


class Connection:
    """A channel, as far as it matters here."""

    outgoing, upload, closing, gone = (), None, False, False

    def __init__(self, channels, busy=False, head=b""):
        self.sock, self.peer = socket.socketpair()
        self.sock.setblocking(False)
        self.fd = self.sock.fileno()
        self.head, self.idle = head, not busy and not head
        self._channels = channels
        channels.add(self)

    def release(self):
        self._channels.discard(self)
        return self.sock

    def close(self):
        self._channels.discard(self)
        self.sock.close()


@pytest.fixture
def desk():
    """A worker with a busy exchange, one idle sibling, and the queue between them."""
    scoreboard = Scoreboard(4)
    mine, other = scoreboard.take(), None
    mine.occupy(1, 0, "a.example")
    mine.ready()
    other = scoreboard.take()
    other.occupy(2, 0, "a.example")
    other.ready()
    send, receive = handoff.queue_pair()
    channels = set()
    own = Connection(channels)
    exchange = SimpleNamespace(channel=own)
    desk = SimpleNamespace(mine=mine, other=other, receive=receive, send=send, channels=channels, own=own)
    desk.exchange = desk.current = exchange
    setup = WorkerSetup(
        None, None, "a.example", control=send, slot=mine, mutexes=None, siblings=send, scoreboard=scoreboard
    )
    desk.relief = Relief(setup, channels, lambda: desk.current)
    mine.begin()
    return desk


def aged(desk, monkeypatch, seconds):
    began = desk.mine.since
    monkeypatch.setattr(relief, "monotonic", lambda: began + seconds)


def taken(desk):
    """The early bytes of what is in the queue."""
    found = []
    while (handed := handoff.receive(desk.receive)) is not None:
        found.append(handed[1])
        handed[0].close()
    return found


def test_a_request_that_has_just_begun_holds_nobody(desk, monkeypatch):
    Connection(desk.channels).peer.send(b"x")
    aged(desk, monkeypatch, 0.001)
    desk.relief.look(desk.exchange)
    assert taken(desk) == []


def test_what_waits_goes_first_and_what_says_nothing_later(desk, monkeypatch):
    silent, waiting = Connection(desk.channels), Connection(desk.channels)
    waiting.peer.send(b"a request")
    aged(desk, monkeypatch, 0.003)
    desk.relief.look(desk.exchange)
    assert desk.channels == {desk.own, silent}
    sock, _ = handoff.receive(desk.receive)
    # Unread: the other worker reads it.
    assert sock.recv(100) == b"a request"
    aged(desk, monkeypatch, 0.011)
    desk.relief.look(desk.exchange)
    assert desk.channels == {desk.own}
    assert taken(desk) == [b""]


def test_what_was_read_of_a_request_goes_along(desk, monkeypatch):
    Connection(desk.channels, head=b"\x01\x01begin")
    Connection(desk.channels, busy=True)
    Connection(desk.channels, head=b"\x01\x01" + bytes(handoff.MAX_EARLY))
    aged(desk, monkeypatch, 1)
    desk.relief.look(desk.exchange)
    assert taken(desk) == [b"\x01\x01begin"]
    assert len(desk.channels) == 3


@pytest.mark.parametrize("state", ["held", "leaving", "of another pool", "starting"])
def test_nobody_gets_what_nobody_can_take(desk, monkeypatch, state):
    Connection(desk.channels)
    if state == "held":
        desk.other.begin()
        began = desk.other.since
        monkeypatch.setattr("mpfcgi.ipc.scoreboard.monotonic", lambda: began + 1)
    elif state == "leaving":
        desk.other.leave()
        desk.other.begin()
        desk.other.idle()
    else:
        desk.other.occupy(2, 0, "b.example" if state == "of another pool" else "a.example")
        if state == "of another pool":
            desk.other.ready()
    aged(desk, monkeypatch, 1)
    desk.relief.look(desk.exchange)
    assert taken(desk) == []


def test_a_sibling_within_a_short_request_is_as_good_as_free(desk, monkeypatch):
    Connection(desk.channels)
    desk.other.begin()
    aged(desk, monkeypatch, 1)
    desk.relief.look(desk.exchange)
    assert taken(desk) == [b""]


def test_nothing_is_given_when_the_handler_has_returned_in_the_meantime(desk, monkeypatch):
    Connection(desk.channels)
    aged(desk, monkeypatch, 1)
    desk.current = None
    desk.relief.look(desk.exchange)
    assert taken(desk) == []
    assert not desk.relief.giving


def test_the_main_thread_waits_until_the_giving_is_over(desk):
    """It must not read from a connection that is on its way to another process."""
    order, sending = [], threading.Event()

    class Slow(Connection):
        def release(self):
            sending.set()
            desk.current = None
            order.append("given")
            return super().release()

    for _ in range(3):
        Slow(desk.channels)
    thread = threading.Thread(target=desk.relief.give, args=(desk.exchange,))
    with desk.relief._lock:
        thread.start()
    sending.wait(10)
    if desk.relief.giving:
        desk.relief.wait()
    order.append("main")
    thread.join()
    # The handler's end was seen after the first one.
    assert order == ["given", "main"]


def test_connections_without_room_stay_until_there_is_some(desk, monkeypatch):
    desk.send.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    for _ in range(40):
        Connection(desk.channels)
    count = len(desk.channels)
    desk.relief.part_with_idle()
    left = len(desk.channels)
    assert 0 < left < count
    assert len(taken(desk)) == count - left
    desk.relief.part_with_idle()
    assert len(desk.channels) < left
    # But not for ever: perhaps everybody has left.
    monkeypatch.setattr(relief, "NO_ROOM", 0)
    later = relief.monotonic() + 60
    monkeypatch.setattr(relief, "monotonic", lambda: later)
    desk.relief.part_with_idle()
    assert desk.channels == set()


def test_a_connection_that_is_closed_right_now_does_not_matter(desk):
    waits = Connection(desk.channels)
    waits.peer.sendall(b"x")
    gone = Connection(desk.channels)
    gone.fd = -1
    assert desk.relief._that_wait() == {waits.fd}
