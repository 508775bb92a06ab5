"""Which parts of a file a Range header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.worker import ranges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-4", [(0, 5)]), ("bytes=5-", [(5, 5)]), ("bytes=-3", [(7, 3)]), ("bytes=0-0,9-9", [(0, 1), (9, 1)]),
        ("bytes=20-", []), ("bytes=5-2", None), ("bytes=", None), ("items=0-1", None), ("bytes=a-b", None),
        ("bytes=0-99", [(0, 10)]),
        ("bytes=0-1,2-3", [(0, 4)]), ("bytes=0-3,2-5,9-", [(0, 6), (9, 1)]), ("bytes=2-3,0-1", [(0, 4)]), ("bytes=-0", None),
        ("bytes=0-99999999999999999999", None), ("bytes=,1-2", None), ("bytes=" + ",".join(["0-1"] * 51), None),
    ],
)  # fmt: skip
def test_ranges_are_read_against_the_size(header, found):
    assert ranges.parse(header, 10) == found


@given(st.text("bytes=0123456789-, ", max_size=30), st.integers(0, 1000))
def test_ranges_never_leave_the_file(text, size):
    for start, count in ranges.parse("bytes=" + text, size) or []:
        assert count > 0
        assert start >= 0
        assert start + count <= size
