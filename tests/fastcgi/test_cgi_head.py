import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import ProtocolError
from mpfcgi.fastcgi.cgi_head import parse_head


def test_status_reason_and_headers_are_read():
    head, rest = parse_head(b"Status: 404 Not Here\r\nX-A: 1\r\nX-A: 2\r\n\r\nbody\r\n\r\n")
    assert (head.status, head.reason) == (404, "Not Here")
    assert head.headers == [(b"X-A", b"1"), (b"X-A", b"2")]
    assert rest == b"body\r\n\r\n"


def test_without_a_status_it_is_200_or_with_a_location_302():
    assert parse_head(b"A: b\n\n")[0].status == 200
    assert parse_head(b"Location: /x\n\n")[0].status == 302


def test_a_head_that_goes_on_is_not_there_yet():
    assert parse_head(b"Status: 200 OK\r\n") is None


@pytest.mark.parametrize("data", [b"no header\r\n\r\n", b"Status: twohundred\r\n\r\n", b": x\r\n\r\n"])
def test_what_is_no_head_is_a_protocol_error(data):
    with pytest.raises(ProtocolError):
        parse_head(data)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_head_nothing_or_a_protocol_error(data):
    try:
        parse_head(data)
    except ProtocolError:
        pass
