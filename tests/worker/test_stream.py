"""A raw connection, read and written as the manual says (4.5.5)."""

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.worker import stream
from mpfcgi.worker.stream import EndOfConnection, Stream


class Pair:
    """A stream, its client's socket, and the line that tells the worker to stop."""

    def __init__(self):
        ours, self.client = socket.socketpair()
        ours.setblocking(False)
        self.commands, self.supervisor = socket.socketpair()
        self.stopped = False
        self.stream = Stream(ours, 0.05, self.commands, lambda: self.stopped)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for sock in (self.stream.sock, self.client, self.commands, self.supervisor):
            sock.close()


@pytest.fixture
def pair():
    with Pair() as pair:
        yield pair


def test_read_gives_what_is_there_and_no_more_than_asked_for(pair):
    pair.client.sendall(b"abcdef")
    assert pair.stream.read(4) == b"abcd"
    assert pair.stream.read() == b"ef"


def test_read_of_everything_waits_for_the_end(pair):
    pair.client.sendall(b"x" * 100_000)
    pair.client.shutdown(socket.SHUT_WR)
    assert pair.stream.read(-1) == b"x" * 100_000
    with pytest.raises(EndOfConnection):
        pair.stream.read(-1)


def test_a_line_in_pieces_is_one_line_and_what_follows_is_kept(pair):
    pair.client.sendall(b"one\r\ntwo")
    assert pair.stream.readline() == b"one\r\n"
    pair.client.sendall(b" more\nrest")
    assert pair.stream.readline() == b"two more\n"
    pair.client.close()
    assert pair.stream.readline() == b"rest"
    with pytest.raises(EndOfConnection):
        pair.stream.readline()


def test_a_line_is_cut_where_it_is_longer_than_asked_for(pair):
    pair.client.sendall(b"abcdef\n")
    assert [pair.stream.readline(3) for _ in range(3)] == [b"abc", b"def", b"\n"]


def test_a_line_without_an_end_does_not_fill_the_memory(pair, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_LINE", 10)
    pair.client.sendall(b"x" * 25)
    pair.client.close()
    assert [len(pair.stream.readline()) for _ in range(3)] == [10, 10, 5]


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=10), st.integers(0, 7))
def test_lines_are_those_of_the_bytes_however_they_arrive(pieces, size):
    with Pair() as pair:
        for piece in pieces:
            pair.client.sendall(piece)
        pair.client.shutdown(socket.SHUT_WR)
        lines = []
        with contextlib.suppress(EndOfConnection):
            while True:
                lines.append(pair.stream.readline(size))
    assert b"".join(lines) == b"".join(pieces)
    assert all(b"\n" not in line[:-1] and (not size or len(line) <= size) for line in lines)


def test_the_end_is_told_once_by_read_and_then_is_an_error(pair):
    pair.client.sendall(b"abc")
    pair.client.close()
    assert [pair.stream.read(5), pair.stream.read(5)] == [b"abc", None]
    for read in (pair.stream.read, pair.stream.readline):
        with pytest.raises(OSError, match="Connection read error"):
            read()


def test_a_client_that_only_sends_no_more_has_not_gone(pair):
    pair.client.shutdown(socket.SHUT_WR)
    assert pair.stream.read() is None
    assert not pair.stream.aborted
    pair.stream.write(b"still here")
    assert pair.client.recv(100) == b"still here"
    pair.client.close()
    assert pair.stream.aborted
    with pytest.raises(BrokenPipeError):
        pair.stream.write(b"x")


def test_a_client_that_takes_nothing_is_given_up(pair):
    with pytest.raises(TimeoutError):
        pair.stream.write(b"x" * 10_000_000)
    assert pair.stream.aborted


def test_a_worker_that_is_to_stop_reads_the_end(pair):
    pair.stopped = True
    pair.supervisor.send(b"Q")
    assert pair.stream.read() is None
    with pytest.raises(EndOfConnection):
        pair.stream.readline()
