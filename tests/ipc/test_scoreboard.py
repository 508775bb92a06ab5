"""The scoreboard that all processes of a daemon share."""

import os

import pytest

from mpfcgi.ipc.scoreboard import BUSY, FREE, IDLE, Scoreboard, name_in_slot


def test_a_worker_writes_its_slot_and_another_process_reads_it():
    board = Scoreboard(2)
    slot = board.take()
    pid = os.fork()
    if pid == 0:
        slot.occupy(os.getpid(), 3, "www.example.com")
        slot.ready()
        slot.begin()
        slot.describe(b"GET host/path" + b"x" * 1000)
        os._exit(0)
    os.waitpid(pid, 0)
    reading = board.slots[0].read()
    assert (reading.pid, reading.generation, reading.state, reading.pool) == (pid, 3, BUSY, "www.example.com")
    assert reading.line.startswith("GET host/pathxxx")
    assert len(reading.line) == 256
    slot.idle()
    assert (slot.read().state, slot.read().requests) == (IDLE, 1)
    slot.release()
    assert slot.read().state == FREE


def test_a_pool_s_name_may_be_any_folder_and_long_ones_stay_different():
    board = Scoreboard(3)
    names = ["/home/d\udcff/", "/home/" + "é" * 200 + "/a/", "/home/" + "é" * 200 + "/b/"]
    for name in names:
        board.take().occupy(1, 0, name)
    assert [slot.read().pool for slot in board.slots] == [name_in_slot(name) for name in names]
    assert len({name_in_slot(name) for name in names}) == 3
    assert name_in_slot(names[0]) == names[0]


def test_what_a_worker_writes_over_the_board_takes_and_gives_no_slot():
    board = Scoreboard(3)
    board.take().occupy(1, 0, "p")
    board._memory[:] = b"\3" * len(board._memory)
    board.take().occupy(2, 0, "p")
    board._memory[:] = bytes(len(board._memory))
    assert board.take().index == 2
    with pytest.raises(OverflowError):
        board.take()
    board.slots[1].release()
    assert board.take().index == 1


def test_taken_slots_run_out():
    board = Scoreboard(1)
    board.take().occupy(1, 0, "p")
    with pytest.raises(OverflowError):
        board.take()
