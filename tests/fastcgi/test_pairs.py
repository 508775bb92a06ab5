"""Name-value pairs: how many are read, and what becomes of names that come again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import ProtocolError
from mpfcgi.fastcgi.pairs import TooManyPairs, decode_pairs, encode_pairs

NAMES = st.text("ABCDEFGH_", min_size=1, max_size=200)
VALUES = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=300)
PAIRS = st.dictionaries(NAMES, VALUES, max_size=8)
LISTS = st.lists(st.tuples(st.sampled_from(["HTTP_A", "HTTP_B", "C", ""]), st.text("xyz", max_size=140)), max_size=12)


@given(LISTS)
def test_headers_that_come_again_are_joined_in_order_and_of_other_names_the_last_counts(pairs):
    """3.1 item 21: duplicates."""
    expected = {}
    for name, value in pairs:
        expected[name] = f"{expected[name]}, {value}" if name in expected and name.startswith("HTTP_") else value
    assert decode_pairs(encode_pairs(pairs)) == expected


@given(LISTS, st.integers(0, 12))
def test_as_many_pairs_as_allowed_are_read_and_no_more(pairs, most):
    """3.1 item 19."""
    block = encode_pairs(pairs)
    if len(pairs) <= most:
        assert decode_pairs(block, most) == decode_pairs(block)
    else:
        with pytest.raises(TooManyPairs):
            decode_pairs(block, most)


def test_pairs_past_the_limit_are_not_looked_at():
    """3.1 item 19: the third pair is malformed, and nobody sees it."""
    with pytest.raises(TooManyPairs):
        decode_pairs(encode_pairs([("A", ""), ("B", "")]) + b"\x7f\x7f", 1)


@given(st.binary(max_size=200))
def test_any_block_gives_pairs_or_a_protocol_error(block):
    """3.1 item 20."""
    try:
        decode_pairs(block)
    except ProtocolError:
        pass


@pytest.mark.parametrize("length", [127, 128, 65535, 70000])
def test_a_length_takes_four_bytes_from_128_on(length):
    """3.1 item 17."""
    assert len(encode_pairs([("n", "v" * length)])) == length + (3 if length < 128 else 6)


@given(PAIRS)
def test_pairs_are_read_as_they_were_written(pairs):
    assert decode_pairs(encode_pairs(pairs)) == pairs


@pytest.mark.parametrize(("name", "value"), [(1, 1), (127, 128), (128, 127), (200, 70000), (0, 0)])
def test_lengths_of_one_and_four_bytes_in_all_combinations(name, value):
    """3.1 item 17."""
    assert decode_pairs(encode_pairs([("n" * name, "v" * value)])) == {"n" * name: "v" * value}


def test_a_four_byte_length_is_legal_for_a_short_value():
    """3.1 item 17."""
    assert decode_pairs(b"\x80\0\0\x01\x80\0\0\x01ab") == {"a": "b"}


def test_a_header_that_comes_twice_has_both_values():
    assert decode_pairs(encode_pairs([("HTTP_X", "a"), ("HTTP_X", "b"), ("Q", "1"), ("Q", "2")])) == {
        "HTTP_X": "a, b",
        "Q": "2",
    }


@pytest.mark.parametrize("block", [b"\x01", b"\x01\x01a", b"\x80\0\0", b"\xff\xff\xff\xff\x01a"])
def test_pairs_that_end_early_are_a_protocol_error(block):
    """3.1 item 20."""
    with pytest.raises(ProtocolError):
        decode_pairs(block)
