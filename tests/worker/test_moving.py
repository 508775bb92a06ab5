"""The bytes that travel with a connection: read again, they are the request that was read before."""

import socket
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import FILTER, RESPONDER, ClientConnection, Limits
from mpfcgi.ipc.handoff import MAX_EARLY
from mpfcgi.worker.channel import Channel
from mpfcgi.worker.moving import early_bytes


class Worker:
    """What a channel asks of its worker; requests that have come whole are in `served`."""

    limits, values, seen, routed, timeout, body_in_memory = Limits(), {}, {}, False, 60.0, 1 << 20

    def __init__(self):
        self.served, self.waiting = [], set()

    def serve(self, exchange):
        self.served.append((exchange.role, dict(exchange.params), exchange.read()))
        exchange.finish()

    def keeps(self, channel, request, head):
        return request.params

    def body_rules(self, params):
        return 0, True

    def watch(self, channel, events):
        pass

    def forget(self, channel):
        pass


@pytest.fixture(scope="module")
def ends():
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    yield pair
    for end in pair:
        end.close()


def fed(ends, data):
    worker = Worker()
    channel = Channel(ends[0], worker)
    if data:
        channel.feed(data)
    return channel, worker


def request(body, role=RESPONDER, number=1):
    client = ClientConnection()
    params = {"REQUEST_URI": "/x", "HTTP_HOST": "a", "HTTP_X": "\xe4"}
    begun = client.begin_request(params, role=role, keep_conn=True, request_id=number)
    return begun + client.stdin(body, number) + client.stdin_end(number), (role, params, body)


@given(st.binary(max_size=200), st.integers(1, 65535), st.data())
def test_a_request_cut_anywhere_is_served_whole_elsewhere(ends, body, number, data):
    whole, wanted = request(body, number=number)
    # Of one byte it can't be told what it is: it stays.
    cut = data.draw(st.integers(0, len(whole) - 1).filter(lambda cut: cut != 1))
    early = early_bytes(fed(ends, whole[:cut])[0])
    channel, worker = fed(ends, early)
    assert worker.served == []
    channel.feed(whole[cut:])
    assert worker.served == [wanted]
    while True:
        try:
            ends[1].recv(65536)
        except BlockingIOError:
            break


def test_what_was_looked_at_can_go_on_where_it_is(ends):
    whole, wanted = request(b"body" * 100)
    channel, worker = fed(ends, whole[:300])
    assert early_bytes(channel) == early_bytes(channel)
    channel.feed(whole[300:])
    assert worker.served == [wanted]


def test_what_is_too_large_or_a_filters_stays(ends):
    whole, _ = request(bytes(MAX_EARLY))
    assert early_bytes(fed(ends, whole[:-20])[0]) is None
    whole, _ = request(b"body", FILTER)
    assert early_bytes(fed(ends, whole)[0]) is None


def test_a_connection_in_use_stays():
    channel = SimpleNamespace(outgoing=[], closing=False, gone=False, upload=None, head=b"", idle=False)
    assert early_bytes(channel) is None
    for name in ("outgoing", "closing", "gone"):
        assert early_bytes(SimpleNamespace(**{**vars(channel), "idle": True, name: True})) is None
    # The middle of a request whose beginning was read together with the one before.
    assert early_bytes(SimpleNamespace(**{**vars(channel), "head": b"\x01\x04\0\x01"})) is None
