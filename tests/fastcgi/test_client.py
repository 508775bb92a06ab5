"""The client's side of the wire: what it understands of a server, and what it makes of anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import (
    OVERLOADED,
    ClientConnection,
    ProtocolError,
    RequestEnded,
    ServerConnection,
    StderrReceived,
    StdoutEnded,
    StdoutReceived,
    UnknownTypeReceived,
    ValuesReceived,
)
from mpfcgi.fastcgi.records import record


def events(*pieces):
    client, found = ClientConnection(), []
    for piece in pieces:
        client.receive_data(piece)
        found += iter(client.next_event, None)
    return found


def answer(*, stdout=b"", stderr=b""):
    """What our server sends for a request."""
    server = ServerConnection()
    server.receive_data(ClientConnection().begin_request({}))
    while server.next_event() is not None:
        pass
    return server.stderr(stderr) + server.stdout_end_request(stdout)


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(0, 400), max_size=5))
def test_any_cutting_of_an_answer_gives_the_same_events(body, cuts):
    data = answer(stdout=body, stderr=b"oops")
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    pieces = [data[a:b] for a, b in zip(places, places[1:])]
    assert events(*pieces) == events(data) == events(*[data[i : i + 1] for i in range(len(data))])
    assert events(data) == [
        StderrReceived(1, b"oops"), StdoutReceived(1, body), StdoutEnded(1), RequestEnded(1, 0, 0),
    ]  # fmt: skip


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_raise_nothing_but_a_protocol_error(pieces):
    try:
        events(*pieces)
    except ProtocolError:
        pass


@pytest.mark.parametrize("kind", range(256))
def test_a_record_of_any_type_is_an_event_or_skipped_or_a_protocol_error(kind):
    try:
        found = events(record(kind, 1, b"x"))
    except ProtocolError:
        return
    assert len(found) <= 1


def test_a_short_end_request_is_a_protocol_error():
    with pytest.raises(ProtocolError, match="END_REQUEST"):
        events(record(3, 1, b"1234567"))


def test_a_refusal_for_overload_is_seen():
    """3.1 item 34."""
    server = ServerConnection()
    server.receive_data(ClientConnection().begin_request({}))
    while server.next_event() is not None:
        pass
    assert events(server.end_request(0, OVERLOADED))[-1] == RequestEnded(1, 0, OVERLOADED)


def test_answers_to_management_records_are_events():
    server = ServerConnection(values={"FCGI_MAX_CONNS": "7"})
    server.receive_data(ClientConnection().get_values(["FCGI_MAX_CONNS"]) + record(200, 0))
    while server.next_event() is not None:
        pass
    assert events(server.data_to_send()) == [ValuesReceived({"FCGI_MAX_CONNS": "7"}), UnknownTypeReceived(200)]


def test_a_body_larger_than_a_record_is_cut_into_records():
    """3.1 item 8."""
    body = bytes(range(256)) * 600
    data = ClientConnection().stdin(body)
    server = ServerConnection()
    server.receive_data(ClientConnection().begin_request({}) + data)
    pieces = [event.data for event in iter(server.next_event, None) if hasattr(event, "data")]
    assert b"".join(pieces) == body
    assert [len(piece) for piece in pieces] == [65528, 65528, len(body) - 2 * 65528]
