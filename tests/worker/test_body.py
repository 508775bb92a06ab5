"""Bodies that are collected, and bodies that are still on their way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api.errors import BodyTooLarge
from mpfcgi.worker.body import SpooledBody, StreamedBody


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=8), st.integers(0, 30), st.booleans())
def test_a_streamed_body_reads_like_a_collected_one(pieces, size, lines):
    collected = SpooledBody(16)
    for piece in pieces:
        collected.append(piece)
    collected.rewind()
    source = iter([*pieces, b""])
    streamed = StreamedBody(lambda: next(source))
    for _ in range(len(pieces) + 2):
        if lines:
            assert streamed.readline() == collected.readline()
        else:
            assert streamed.read(size) == collected.read(size)
    assert streamed.read() == collected.read()


@given(
    st.lists(st.binary(min_size=1, max_size=20), max_size=8), st.integers(1, 60), st.integers(-1, 30), st.integers(0, 8)
)
def test_a_streamed_body_never_gives_more_than_its_limit(pieces, limit, size, held):
    """Whether the pieces are held before they are asked for, or not."""
    source = iter([*pieces[held:], b""])
    streamed = StreamedBody(lambda: next(source), 16, limit)
    for piece in pieces[:held]:
        streamed.hold(piece)
    whole = b"".join(pieces)
    taken = b""
    try:
        while data := streamed.read(size or 1):
            taken += data
        refused = False
    except BodyTooLarge:
        refused = True
        with pytest.raises(BodyTooLarge, match=f"larger than LimitRequestBody {limit}$"):
            streamed.read()
    assert refused == (len(whole) > limit)
    assert refused or taken == whole
    assert whole.startswith(taken)
    assert len(taken) <= limit
