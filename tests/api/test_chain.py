import io

from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api.chain import CONTENT_SET, RESOURCE, FilteredBody, OutputChain


class Upper:
    order = RESOURCE

    def take(self, data, flush, eos, forward):
        forward(data.upper(), flush, eos)

    def pull(self, size, upstream):
        data, eos = upstream(size)
        return data.upper(), eos


class Mark(Upper):
    def __init__(self, mark, order=RESOURCE):
        self.mark, self.order = mark, order

    def take(self, data, flush, eos, forward):
        forward(b"%b(%b)" % (self.mark, data), flush, eos)


class Doubled(Upper):
    def pull(self, size, upstream):
        data, eos = upstream(size)
        return data + data, eos


class Late(Upper):
    """Gives nothing until the end."""

    def __init__(self):
        self.held = b""

    def pull(self, size, upstream):
        data, eos = upstream(size)
        self.held += data
        return (self.held, True) if eos else (b"", False)


def collected(*stages):
    sent = []
    chain = OutputChain(lambda *piece: sent.append(piece))
    for stage in stages:
        chain.add(stage)
    return chain, sent


def test_the_first_added_sees_a_piece_first_and_encodings_come_last():
    chain, sent = collected(Mark(b"z", CONTENT_SET), Mark(b"a"), Mark(b"b"))
    chain.take(b"x", True, False)
    assert sent == [(b"z(b(a(x)))", True, False)]


def test_a_filter_that_is_added_while_another_runs_sees_what_that_one_passes_on():
    class Adding(Upper):
        def take(self, data, flush, eos, forward):
            chain.add(Mark(b"new"))
            forward(data, flush, eos)

    chain, sent = collected(Adding())
    chain.take(b"x", False, True)
    assert sent == [(b"new(x)", False, True)]


def test_nothing_comes_out_of_a_chain_that_has_failed():
    chain, sent = collected(Upper())
    chain.failed = 500
    chain.take(b"x", True, True)
    assert sent == []


def body_of(data, *stages, length=True):
    body = FilteredBody(io.BytesIO(data).read, len(data) if length else None)
    for stage in stages:
        body.add(stage)
    return body


def test_the_end_comes_with_the_last_bytes_of_a_body_whose_length_is_known():
    seen = []

    class Noting(Upper):
        def pull(self, size, upstream):
            seen.append(upstream(size))
            return seen[-1]

    assert body_of(b"abcde", Noting()).read(5) == b"abcde"
    assert seen == [(b"abcde", True)]


def test_no_filter_is_asked_about_a_body_that_is_not_there():
    class Unwanted(Upper):
        def pull(self, size, upstream):
            raise AssertionError("asked")

    for length in (True, False):
        assert body_of(b"", Unwanted(), length=length).read() == b""


@given(st.binary(max_size=300), st.lists(st.integers(-1, 40), max_size=20), st.booleans())
def test_however_a_filtered_body_is_read_all_of_it_comes(data, sizes, length):
    body = body_of(data, Doubled(), length=length)
    parts = []
    for number, size in enumerate(sizes):
        part = (body.readline if number % 2 else body.read)(size)
        assert size < 0 or len(part) <= size
        assert number % 2 == 0 or b"\n" not in part[:-1]
        parts.append(part)
    rest = body.read()
    assert len(b"".join(parts) + rest) == 2 * len(data)
    assert body.read() == body.readline() == b""


@given(st.binary(max_size=300), st.integers(1, 50))
def test_reading_waits_for_a_filter_that_holds_back(data, size):
    body = body_of(data, Late())
    assert b"".join(iter(lambda: body.read(size), b"")) == data
    assert b"".join(iter(body_of(data, Late()).readline, b"")) == data
