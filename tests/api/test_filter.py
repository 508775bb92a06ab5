"""The filter object: what mod_python 3.5.0 shows of it on Python 3."""

import pytest

from mpfcgi.api.filter import mp_filter


def of_output(data=b"one\ntwo", flush=False, eos=True):
    sent = []
    made = mp_filter("the request", "up", "module::up", "/srv/", False)
    return made._of_output(data, flush, eos, lambda *piece: sent.append(piece)), sent


def of_input(data=b"one\ntwo", eos=True):
    pulls = []

    def pull(size):
        pulls.append(size)
        return data, eos

    return mp_filter("the request", "in", "module::in", None, True)._of_input(9, pull), pulls


def test_members_are_the_real_ones_and_can_not_be_set():
    filter, _ = of_output()
    members = filter.name, filter.handler, filter.is_input, filter.closed, filter.softspace, filter.dir, filter.req
    assert members == ("up", "module::up", 0, 0, 0, "/srv/", "the request")
    assert (type(filter).__name__, of_input()[0].is_input) == ("mp_filter", 1)
    filter.softspace = 1
    for name in ("name", "handler", "is_input", "closed", "req", "mine"):
        with pytest.raises(AttributeError):
            setattr(filter, name, 1)


def test_none_comes_once_at_the_end_of_the_body_and_nothing_at_the_end_of_a_piece():
    filter, _ = of_output()
    assert [filter.read(), filter.read(), filter.read(), filter.readline()] == [b"one\ntwo", None, b"", b""]
    filter, _ = of_output(eos=False)
    assert [filter.read(), filter.read(), filter.readline()] == [b"one\ntwo", b"", b""]
    filter, _ = of_output(b"")
    assert filter.read(0) is None


def test_pieces_and_lines_are_read_by_length():
    filter, _ = of_output(b"one\ntwo\nthree")
    assert [filter.read(2), filter.readline(), filter.readline(2), filter.readline(9), filter.readline(-1)] == [
        b"on", b"e\n", b"tw", b"o\n", b"three",
    ]  # fmt: skip
    assert filter.readline() is None


def test_write_takes_text_and_bytes_and_nothing_else():
    filter, sent = of_output()
    filter.write("é")
    filter.write(b"!")
    for wrong in (5, None, bytearray(b"x")):
        with pytest.raises(TypeError):
            filter.write(wrong)
    assert sent == []
    filter.flush()
    filter.close()
    assert sent == [("é!".encode(), True, False), (b"", False, True)]


def test_a_closed_filter_neither_reads_nor_writes():
    filter, sent = of_output()
    filter.close()
    assert filter.closed == 1
    for act in (filter.read, filter.readline, lambda: filter.write(b"x")):
        with pytest.raises(ValueError, match="closed filter"):
            act()
    filter.close()
    filter.flush()
    filter.pass_on()
    assert sent == [(b"", False, True)]


def test_pass_on_lets_the_piece_through_as_it_is():
    filter, sent = of_output(flush=True, eos=False)
    filter.pass_on()
    assert (sent, filter.read(), filter.closed) == ([(b"one\ntwo", True, False)], b"", 0)
    filter, _ = of_input()
    filter.pass_on()
    assert (filter._written(), filter._eos, filter.read()) == (b"one\ntwo", True, b"")


def test_an_input_filter_reads_upstream_once_and_only_when_asked():
    filter, pulls = of_input()
    assert pulls == []
    assert [filter.read(3), filter.read(), filter.read()] == [b"one", b"\ntwo", None]
    assert pulls == [9]
