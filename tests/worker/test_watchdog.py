"""The watchdog's looks, one by one, without its thread."""

import threading

from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.worker import watchdog as module
from mpfcgi.worker.watchdog import QUIET_LOOKS, Watchdog


class Running:
    """An exchange whose handler runs."""

    def __init__(self, uri="/slow"):
        self.params = {"REQUEST_METHOD": "GET", "HTTP_HOST": "a.example", "REQUEST_URI": uri}
        self.flushes = 0

    def flush_late(self):
        self.flushes += 1


def watching():
    slot = Scoreboard(1).take()
    slot.occupy(1, 0, "a.example")
    return Watchdog(slot), slot


def serve(watchdog, slot, exchange):
    slot.begin()
    watchdog.current = exchange
    watchdog.look()
    watchdog.current = None
    slot.idle()


def test_a_worker_between_two_requests_is_not_idle():
    """To sleep and be woken for each of them would cost as much as they do."""
    watchdog, slot = watching()
    for _ in range(3):
        serve(watchdog, slot, Running())
        assert all(watchdog.look() for _ in range(QUIET_LOOKS))


def test_a_worker_without_requests_is_idle_after_a_while():
    watchdog, slot = watching()
    serve(watchdog, slot, Running())
    watchdog.look()
    assert [watchdog.look() for _ in range(QUIET_LOOKS)][-1] is False


def test_requests_between_two_looks_count():
    watchdog, slot = watching()
    for _ in range(2 * QUIET_LOOKS):
        slot.begin()
        slot.idle()
        assert watchdog.look()


def test_a_request_that_is_seen_twice_is_described_and_flushed():
    watchdog, slot = watching()
    watchdog.current = exchange = Running()
    watchdog.look()
    assert (slot.read().line, exchange.flushes) == ("", 0)
    watchdog.look()
    watchdog.look()
    assert (slot.read().line, exchange.flushes) == ("GET a.example/slow", 2)


def test_a_look_that_fails_is_told_and_not_the_last(monkeypatch):
    monkeypatch.setattr(module, "AFTER_MISTAKE", 0)
    slot = Scoreboard(1).take()
    told, again = [], threading.Event()

    class Odd(Running):
        def flush_late(self):
            if told:
                again.set()
            raise ValueError("odd")

    watchdog = Watchdog(slot, failed=told.append)
    slot.begin()
    watchdog.current = Odd()
    watchdog.start()
    assert again.wait(20)
    watchdog.current = None
    watchdog.stop()
    assert str(told[0]) == "odd"
