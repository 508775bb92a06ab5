import pytest

from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.worker import wear
from mpfcgi.worker.watchdog import Watchdog
from mpfcgi.worker.wear import resident, wear_of


@pytest.mark.parametrize(
    ("max_requests", "memory_limit", "served", "why"),
    [
        (10, 0, 9, None),
        (10, 0, 10, "it has answered 10 requests (MaxRequests)"),
        (0, 1 << 50, 99, None),
        (0, 4096, 1, "more than MemoryLimit 4 KiB"),
    ],
)
def test_a_worker_is_worn_past_its_limits(max_requests, memory_limit, served, why):
    said = wear_of(max_requests, memory_limit).why(served)
    assert said is None if why is None else why in said


def test_memory_that_can_not_be_looked_up_wears_nothing(monkeypatch):
    def out_of_files():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(wear, "resident", out_of_files)
    assert wear_of(0, 4096).why(1) is None


def test_without_limits_nothing_is_looked_at():
    assert wear_of(0, 0) is None


def test_memory_that_is_used_counts():
    before = resident()
    used = b"x" * (50 << 20)
    assert resident() > before + len(used) // 2


def test_the_watchdog_asks_after_requests_only_and_no_more_once_it_is_so():
    slot = Scoreboard(1).take()
    asked = []
    watchdog = Watchdog(slot, worn=lambda served: asked.append(served) or served >= 2)
    for _ in range(4):
        watchdog.look()
        watchdog.look()
        slot.begin()
        slot.idle()
    assert asked == [1, 2]
