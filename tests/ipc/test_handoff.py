"""Connections that go from one process to another."""

import os
import socket

import pytest

from mpfcgi.ipc import handoff


def test_a_connection_and_its_bytes_go_to_another_process():
    send_end, receive_end = handoff.queue_pair()
    ours, theirs = socket.socketpair()
    # Sent before: what is not there yet would not be waited for.
    assert handoff.send(send_end, theirs, b"early")
    pid = os.fork()
    if pid == 0:
        try:
            sock, early = handoff.receive(receive_end)
            sock.sendall(b"got " + early)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    theirs.close()
    assert ours.recv(100) == b"got early"
    assert ours.recv(100) == b""


def test_the_largest_piece_fits_and_a_larger_one_is_refused():
    send_end, receive_end = handoff.queue_pair()
    ours, _theirs = socket.socketpair()
    assert handoff.send(send_end, ours, b"x" * handoff.MAX_EARLY)
    assert handoff.receive(receive_end)[1] == b"x" * handoff.MAX_EARLY
    assert not handoff.send(send_end, ours, b"x" * (handoff.MAX_EARLY + 1))


def test_a_full_queue_says_so_and_an_empty_one_too():
    send_end, receive_end = handoff.queue_pair()
    ours, _theirs = socket.socketpair()
    count = 0
    while handoff.send(send_end, ours, b"x" * 1000):
        count += 1
    assert count > 10
    for _ in range(count):
        sock, _ = handoff.receive(receive_end)
        sock.close()
    assert handoff.receive(receive_end) is None
    send_end.close()
    with pytest.raises(EOFError):
        handoff.receive(receive_end)


def test_a_message_can_be_looked_at_without_being_taken():
    send_end, receive_end = handoff.queue_pair()
    assert handoff.peek(receive_end) is None
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert handoff.send(send_end, theirs, b"early", handoff.Mark(12.5, 3))
        descriptors = os.listdir("/proc/self/fd")
        assert handoff.peek(receive_end) == handoff.peek(receive_end) == (12.5, 3)
        assert os.listdir("/proc/self/fd") == descriptors
        connection, early, mark = handoff.take(receive_end)
        assert (early, mark) == (b"early", (12.5, 3))
        connection.close()
    send_end.close()
    receive_end.close()
