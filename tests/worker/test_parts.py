import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api.errors import BodyTooLarge
from mpfcgi.config import ConfigError
from mpfcgi.worker import errorpages, logformat, logs, ranges
from mpfcgi.worker.body import SpooledBody, StreamedBody
from mpfcgi.worker.plan import extension_of


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


def test_error_lines_are_apaches_and_stay_one_line():
    line = logs.error_line(3, 'a "b"\nc\\é\x1b', "127.0.0.1:80", 7, 0.25, time.gmtime)
    assert line == (
        b'[Thu Jan 01 00:00:00.250000 1970] [:error] [pid 7:tid 7] [client 127.0.0.1:80] a "b"\\nc\\\\\\xc3\\xa9\\x1b\n'
    )


@pytest.mark.parametrize("text", ["%", "%z", "%{x}", "a %!", "%{Foo}q"])
def test_an_unknown_log_format_is_a_config_error(text):
    with pytest.raises(ConfigError):
        logformat.compile_format(text)


@given(st.text("%hlutrsbiDoT{}<>X", max_size=12))
def test_any_log_format_compiles_or_is_a_config_error(text):
    try:
        logformat.compile_format(text)
    except ConfigError:
        pass


def test_a_traceback_page_is_escaped():
    try:
        raise ValueError("<b>")
    except ValueError as error:
        page = errorpages.traceback_page("PythonHandler <m>", error)
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.startswith(
        '\n<pre>\nMod_python error: "PythonHandler &lt;m&gt;"\n\nTraceback (most recent call last):\n'
    )


@pytest.mark.parametrize(
    ("name", "extension"), [("/a/b.py", ".py"), ("/a.d/b", ""), ("/x.foo.bar", ".foo.bar"), ("/.py", ".py")]
)
def test_the_extension_of_a_name_begins_at_its_first_dot(name, extension):
    assert extension_of(name) == extension


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
