"""Parameters that are added to a request which is still bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import ParamsReceived, ProtocolError, ServerConnection
from mpfcgi.fastcgi.amend import with_params
from mpfcgi.fastcgi.constants import FCGI_PARAMS, FCGI_STDIN
from mpfcgi.fastcgi.pairs import encode_pairs
from mpfcgi.fastcgi.records import begin_request, record, stream

LATIN = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=200)
NAMES = st.text("ABC_", min_size=1, max_size=20)


def request(params, rest=b""):
    return begin_request(1, 1, 1) + stream(FCGI_PARAMS, 1, encode_pairs(params)) + record(FCGI_PARAMS, 1) + rest


@given(st.dictionaries(NAMES, LATIN), st.dictionaries(NAMES.map("X".__add__), LATIN), st.binary(max_size=50))
def test_the_request_has_both_and_its_body(params, more, body):
    wire = ServerConnection()
    wire.receive_data(with_params(request(params, stream(FCGI_STDIN, 1, body)), more))
    events = []
    while (event := wire.next_event()) is not None:
        events.append(event)
    (received,) = [event for event in events if isinstance(event, ParamsReceived)]
    assert received.params == {**params, **more}
    assert b"".join(event.data for event in events if hasattr(event, "data")) == body


def test_large_additions_take_several_records():
    wire = ServerConnection()
    wire.receive_data(with_params(request({"A": "1"}), {"B": "x" * 200_000}))
    events = [wire.next_event() for _ in range(3)]
    (received,) = [event for event in events if isinstance(event, ParamsReceived)]
    assert len(received.params["B"]) == 200_000


@given(st.binary(max_size=100))
def test_parameters_that_do_not_end_are_an_error(data):
    with pytest.raises(ProtocolError):
        with_params(begin_request(1, 1, 1) + record(FCGI_STDIN, 1, data), {"A": "1"})
