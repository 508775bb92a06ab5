"""The server's side of the wire: the checklist of FastCGI 1.0, and laws over any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import (
    AUTHORIZER,
    FILTER,
    ClientConnection,
    ConnectionClosed,
    DataEnded,
    DataReceived,
    Limits,
    ManagementReceived,
    ParamsReceived,
    ParamsRejected,
    ProtocolError,
    RequestAborted,
    RequestBegun,
    RequestEnded,
    ServerConnection,
    StderrReceived,
    StdinEnded,
    StdinReceived,
    StdoutEnded,
    StdoutReceived,
    UnknownTypeReceived,
    ValuesReceived,
)
from mpfcgi.fastcgi.connection import SEEN_MOST, SEEN_SIZE
from mpfcgi.fastcgi.constants import CANT_MPX_CONN, UNKNOWN_ROLE
from mpfcgi.fastcgi.pairs import encode_pairs
from mpfcgi.fastcgi.records import begin_request, record

CLIENT = ClientConnection()
NAMES = st.text("ABCDEFGH_", min_size=1, max_size=200)
VALUES = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=300)
PAIRS = st.dictionaries(NAMES, VALUES, max_size=8)


def events(server, *pieces):
    found = []
    for piece in pieces:
        server.receive_data(piece)
        while (event := server.next_event()) is not None:
            found.append(event)
    return found


def merged(found):
    """Events with neighbouring pieces of a stream joined: records may be cut anywhere."""
    result = []
    for event in found:
        if result and isinstance(event, StdinReceived) and isinstance(result[-1], StdinReceived):
            result[-1] = StdinReceived(event.request_id, result[-1].data + event.data)
        else:
            result.append(event)
    return result


def request(params, body=b"", **more):
    return CLIENT.begin_request(params, **more) + CLIENT.stdin(body) + CLIENT.stdin_end()


def client_events(data):
    client = ClientConnection()
    client.receive_data(data)
    found = []
    while (event := client.next_event()) is not None:
        found.append(event)
    return found


@given(PAIRS, st.binary(max_size=500), st.booleans(), st.lists(st.integers(0, 3000), max_size=6))
def test_any_cutting_of_the_bytes_gives_the_same_events(params, body, keep_conn, cuts):
    """3.1 items 6 and 18."""
    data = request(params, body, keep_conn=keep_conn)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[a:b] for a, b in zip(places, places[1:])]
    whole = merged(events(ServerConnection(), data))
    assert merged(events(ServerConnection(), *pieces)) == whole
    assert merged(events(ServerConnection(), *[data[i : i + 1] for i in range(len(data))])) == whole
    params.pop("HTTP_PROXY", None)
    expected = [RequestBegun(1, 1, keep_conn), ParamsReceived(1, 1, keep_conn, params)]
    assert whole == [*expected, *([StdinReceived(1, body)] if body else []), StdinEnded(1)]


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_raise_nothing_but_a_protocol_error(pieces):
    server = ServerConnection()
    try:
        events(server, *pieces)
    except ProtocolError:
        with pytest.raises(ProtocolError):
            server.next_event()


@given(PAIRS, st.booleans(), st.binary(max_size=20))
def test_the_short_way_agrees_with_the_general_one(params, keep_conn, extra):
    data = request(params, keep_conn=keep_conn) + extra
    short, general = ServerConnection(), ServerConnection()
    event = short.whole_request(data)
    try:
        found = events(general, data)
    except ProtocolError:
        assert event is None
        return
    if event is not None:
        assert found == [RequestBegun(1, 1, keep_conn), event, StdinEnded(1)]
        assert (short.active, short.keep_conn, short.stdin_ended) == (True, keep_conn, True)
        assert short.stdout_end_request(b"x") == general.stdout_end_request(b"x")
    else:
        assert short.buffered == b""
        assert not short.active


@given(PAIRS, st.booleans(), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=3))
def test_the_short_way_agrees_with_the_general_one_on_damaged_requests_too(params, keep_conn, damage):
    data = bytearray(request(params, keep_conn=keep_conn))
    for at, byte in damage:
        data[at % len(data)] = byte
    limits = Limits(params_bytes=1500, param_count=5)
    short, general = ServerConnection(limits=limits), ServerConnection(limits=limits)
    event = short.whole_request(bytes(data))
    if event is None:
        assert (short.active, short.buffered) == (False, b"")
        return
    assert events(general, bytes(data)) == [RequestBegun(1, 1, event.keep_conn), event, StdinEnded(1)]


def test_a_request_that_was_seen_on_another_connection_is_the_same_again():
    seen = {}
    data = [request({"A": "1"}, keep_conn=keep_conn) for keep_conn in (False, True)]
    for _ in range(2):
        for i, keep_conn in enumerate((False, True)):
            server = ServerConnection(seen=seen)
            assert server.whole_request(data[i]) == ParamsReceived(1, 1, keep_conn, {"A": "1"})
            assert (server.active, server.keep_conn) == (True, keep_conn)


def test_what_is_remembered_of_requests_is_bounded():
    seen = {}
    for number in range(2 * SEEN_MOST):
        ServerConnection(seen=seen).whole_request(request({"N": str(number)}))
        assert 0 < len(seen) <= SEEN_MOST
    ServerConnection(seen=seen).whole_request(large := request({"N": "x" * SEEN_SIZE}))
    assert large not in seen


def test_the_short_way_is_closed_while_anything_else_goes_on():
    data = request({"A": "1"})
    busy, waiting, closed = ServerConnection(), ServerConnection(), ServerConnection()
    events(busy, CLIENT.begin_request({}))
    events(waiting, data[:5])
    events(closed, b"")
    assert [server.whole_request(data) for server in (busy, waiting, closed)] == [None] * 3


@pytest.mark.parametrize("keep_conn", [False, True])
def test_the_flag_says_whether_the_connection_is_kept(keep_conn):
    """3.1 item 3."""
    server = ServerConnection()
    events(server, request({}, keep_conn=keep_conn))
    server.stdout_end_request(b"x")
    assert server.keep_conn is keep_conn


def test_nothing_is_sent_unasked():
    """3.1 item 16."""
    server = ServerConnection(values={"FCGI_MAX_CONNS": "1"})
    events(server, request({"A": "1"}, b"body"))
    server.stdout_end_request(b"x")
    assert server.data_to_send() == b""


def test_a_response_may_begin_before_the_body_ends_and_the_body_is_read_on():
    """3.1 items 23 and 25."""
    server = ServerConnection()
    events(server, CLIENT.begin_request({}) + CLIENT.stdin(b"one"))
    assert client_events(server.stdout(b"early")) == [StdoutReceived(1, b"early")]
    assert events(server, CLIENT.stdin(b"two") + CLIENT.stdin_end()) == [StdinReceived(1, b"two"), StdinEnded(1)]


def test_an_authorizer_may_be_sent_an_empty_stdin():
    """3.1 item 24: lighttpd does."""
    assert events(ServerConnection(), request({}, role=AUTHORIZER))[-1] == StdinEnded(1)


def test_a_filter_may_answer_without_reading_its_data():
    """3.1 item 37."""
    server = ServerConnection()
    events(server, request({}, role=FILTER) + CLIENT.data(b"some"))
    server.stdout_end_request(b"cached")
    assert events(server, CLIENT.data(b"more") + CLIENT.data_end()) == []
    assert events(server, request({}))[-1] == StdinEnded(1)


def test_get_values_with_a_request_id_is_skipped():
    """3.1 item 10."""
    server = ServerConnection(values={"FCGI_MAX_CONNS": "1"})
    assert events(server, CLIENT.begin_request({}), record(9, 1, encode_pairs({"FCGI_MAX_CONNS": ""})))[2:] == []
    assert server.data_to_send() == b""


def test_repeated_parameters_count_each_towards_the_limit():
    """3.1 item 19."""
    server = ServerConnection(limits=Limits(param_count=3))
    found = events(server, CLIENT.begin_request([("HTTP_X", "")] * 4))
    assert found[-1] == ParamsRejected(1, 1, False, 431, "more than 3 parameters")


def test_a_close_in_the_middle_of_a_request_is_seen():
    """3.1 item 35."""
    assert events(ServerConnection(), CLIENT.begin_request({}), b"")[-1] == ConnectionClosed()


def test_a_second_request_on_the_connection_is_refused_and_the_first_unharmed():
    """3.1 item 32."""
    server = ServerConnection()
    data = CLIENT.begin_request({"A": "1"}) + CLIENT.begin_request({"B": "2"}, request_id=2) + CLIENT.stdin_end()
    found = events(server, data)
    assert [type(event) for event in found] == [RequestBegun, ParamsReceived, StdinEnded]
    assert client_events(server.data_to_send()) == [RequestEnded(2, 0, CANT_MPX_CONN)]


def test_an_unknown_role_is_refused_and_the_rest_of_the_request_skipped():
    """3.1 item 33."""
    server = ServerConnection()
    assert events(server, request({"A": "1"}, b"body", role=9)) == []
    assert client_events(server.data_to_send()) == [RequestEnded(1, 0, UNKNOWN_ROLE)]
    assert events(server, request({"A": "1"}))[0] == RequestBegun(1, 1, False)


def test_a_request_that_begins_twice_is_a_protocol_error():
    """3.1 item 12."""
    with pytest.raises(ProtocolError, match="active"):
        events(ServerConnection(), begin_request(1, 1, 0) * 2)


def test_get_values_is_answered_at_any_time_with_what_is_known():
    """3.1 item 14."""
    server = ServerConnection(values={"FCGI_MPXS_CONNS": "0"})
    found = events(server, CLIENT.begin_request({}), CLIENT.get_values(["FCGI_MPXS_CONNS", "OTHER"]))
    assert found[-1] == ManagementReceived(9, ("FCGI_MPXS_CONNS", "OTHER"))
    assert client_events(server.data_to_send()) == [ValuesReceived({"FCGI_MPXS_CONNS": "0"})]


def test_an_unknown_management_type_is_answered_as_such():
    """3.1 item 15."""
    server = ServerConnection()
    events(server, record(77, 0, b"x"))
    assert client_events(server.data_to_send()) == [UnknownTypeReceived(77)]


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 8, 10, 11])
def test_application_records_with_id_zero_are_skipped(kind):
    """3.1 item 10."""
    server = ServerConnection()
    assert events(server, record(kind, 0, b"12345678")) == []
    assert server.data_to_send() == b""


def test_records_of_requests_that_are_over_are_skipped():
    """3.1 item 9."""
    server = ServerConnection()
    events(server, CLIENT.begin_request({}))
    server.stdout_end_request(b"early")
    assert events(server, CLIENT.stdin(b"late") + CLIENT.stdin_end() + record(4, 7, b"x")) == []


def test_records_of_application_to_server_types_are_skipped():
    """3.1 item 11."""
    server = ServerConnection()
    assert events(server, CLIENT.begin_request({}) + record(6, 1, b"x") + record(99, 1))[-1:] == [
        ParamsReceived(1, 1, False, {})
    ]


def test_another_version_is_a_protocol_error():
    """3.1 item 6."""
    with pytest.raises(ProtocolError, match="version 2"):
        events(ServerConnection(), b"\x02" + bytes(7))


def test_the_longest_content_and_padding_together_are_accepted():
    """3.1 item 7."""
    server = ServerConnection()
    data = CLIENT.begin_request({}) + b"\x01\x05\0\x01\xff\xff\xff\0" + b"b" * 65535 + b"p" * 255
    assert events(server, data)[-1] == StdinReceived(1, b"b" * 65535)


def test_a_short_begin_request_is_a_protocol_error():
    """3.1 item 13."""
    with pytest.raises(ProtocolError):
        events(ServerConnection(), record(1, 1, b"1234567"))


def test_an_abort_is_seen_and_one_for_another_request_ignored():
    """3.1 item 35."""
    server = ServerConnection()
    assert events(server, CLIENT.begin_request({}) + CLIENT.abort(5) + CLIENT.abort())[-1] == RequestAborted(1)


@pytest.mark.parametrize(
    ("limits", "params", "status"),
    [
        (Limits(params_bytes=50), {"A": "x" * 60}, 431),
        (Limits(param_count=1), {"A": "", "B": ""}, 431),
        (Limits(), {"A": "\0"}, 400),
    ],
)
def test_parameters_past_a_limit_are_rejected_in_band(limits, params, status):
    """3.1 items 19 and 20."""
    server = ServerConnection(limits=limits)
    assert server.whole_request(request(params, keep_conn=True)) is None
    found = events(server, request(params, keep_conn=True))
    assert isinstance(found[1], ParamsRejected)
    assert found[1].status == status
    assert [type(event) for event in found] == [RequestBegun, ParamsRejected]
    assert client_events(server.stdout_end_request(b"no"))[-1] == RequestEnded(1, 0, 0)
    assert events(server, request({}))[-1] == StdinEnded(1)


def test_the_proxy_header_is_dropped():
    """3.1 item 21: httpoxy."""
    assert events(ServerConnection(), request({"HTTP_PROXY": "http://evil"}))[1].params == {}


def test_an_authorizer_has_its_parameters_without_waiting_for_stdin():
    """3.1 item 24."""
    assert events(ServerConnection(), CLIENT.begin_request({"A": "1"}, role=AUTHORIZER))[-1] == ParamsReceived(
        1, 2, False, {"A": "1"}
    )


def test_a_filter_gets_its_data_after_its_body():
    """3.1 item 37."""
    data = request({}, b"in", role=FILTER) + CLIENT.data(b"file") + CLIENT.data_end()
    assert events(ServerConnection(), data)[2:] == [
        StdinReceived(1, b"in"), StdinEnded(1), DataReceived(1, b"file"), DataEnded(1),
    ]  # fmt: skip


def test_data_before_the_end_of_stdin_is_a_protocol_error():
    with pytest.raises(ProtocolError):
        events(ServerConnection(), CLIENT.begin_request({}, role=FILTER) + CLIENT.data(b"x"))


def test_stdin_before_the_end_of_the_parameters_is_a_protocol_error():
    with pytest.raises(ProtocolError):
        events(ServerConnection(), begin_request(1, 1, 0) + CLIENT.stdin(b"x"))


def test_the_close_of_the_peer_is_an_event():
    server = ServerConnection()
    server.receive_data(b"")
    assert server.next_event() == ConnectionClosed()


@given(st.binary(max_size=200_000), st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 65535]))
def test_a_response_is_read_back_whole(data, status, request_id):
    """3.1 items 8, 26 and 30."""
    server = ServerConnection()
    events(server, CLIENT.begin_request({}, request_id=request_id) + CLIENT.stdin_end(request_id))
    sent = server.stdout_end_request(data, status)
    assert len(sent) % 8 == 0
    found = client_events(sent)
    assert b"".join(event.data for event in found if isinstance(event, StdoutReceived)) == data
    assert found[-2:] == [StdoutEnded(request_id), RequestEnded(request_id, status, 0)]


def test_the_error_stream_is_ended_when_it_was_used():
    """3.1 item 26."""
    server = ServerConnection()
    events(server, request({}))
    sent = server.stderr(b"oops") + server.stdout_end_request(b"x")
    assert StderrReceived(1, b"oops") in client_events(sent)
    assert record(7, 1) in sent


def test_what_is_for_the_front_ends_log_comes_behind_the_response_and_is_bounded():
    client, server = ClientConnection(), ServerConnection()
    for _ in range(2):
        server.receive_data(client.begin_request({"REQUEST_METHOD": "GET"}) + client.stdin_end())
        while not isinstance(server.next_event(), StdinEnded):
            pass
        server.stderr_at_end(b"one\n")
        server.stderr_at_end(b"x" * 100_000)
        client.receive_data(server.stdout_end_request(b"Status: 200\r\n\r\nhello"))
        events = []
        while not events or not isinstance(events[-1], RequestEnded):
            events.append(client.next_event())
        kinds = [type(event) for event in events]
        said = b"".join(event.data for event in events if isinstance(event, StderrReceived))
        assert kinds.index(StdoutReceived) < kinds.index(StderrReceived)
        assert said.startswith(b"one\nxxx")
        assert len(said) == 16 * 1024
