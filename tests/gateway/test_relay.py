"""Connections passed on byte by byte: whatever comes in pieces, from ends that leave at any time."""

import os
import signal
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import ClientConnection, RequestEnded, ServerConnection, StdoutReceived
from mpfcgi.fastcgi.constants import FCGI_BEGIN_REQUEST
from mpfcgi.gateway.relay import Records, Relay

REQUEST = ClientConnection().begin_request({"REQUEST_URI": "/", "X": "y" * 300}, keep_conn=True)
REQUEST += ClientConnection().stdin(b"body" * 9) + ClientConnection().stdin_end()


@given(st.lists(st.integers(0, 3 * len(REQUEST))))
def test_any_cutting_of_the_bytes_gives_the_same_count(cuts):
    data = REQUEST * 3
    records = Records(FCGI_BEGIN_REQUEST)
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        records.feed(data[at:cut])
        at = cut
    assert records.count == 3


class Site:
    """A relay in a thread of this process: `connect` to it; `accept` what it passes on."""

    def __init__(self, folder):
        self.front = self._listen(folder / "front.sock")
        self.back = self._listen(folder / "back.sock")
        self._back_name = str(folder / "back.sock")
        self.relay = Relay(self.front, self._connect_back)
        # run() wants the main thread for its signals: here it is told by calls.
        self._woken, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _listen(self, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(path))
        sock.listen()
        sock.settimeout(20)
        return sock

    def _connect_back(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self._back_name)
        return sock

    def _run(self):
        while not (self.relay._stopping and not self.relay._pairs):
            self.relay._turn(self._woken)

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20)
        sock.connect(self.front.getsockname())
        return sock

    def accept(self):
        sock = self.back.accept()[0]
        sock.settimeout(20)
        return sock

    def stop(self):
        self.relay._stop(signal.SIGTERM, None)
        self._wake.send(b"x")

    def join(self):
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.stop()
    site.join()


def read(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            break
        data += piece
    return data


def end_of(sock):
    while sock.recv(65536):
        pass
    return True


def test_large_bodies_pass_both_ways_at_once(site):
    up, down = os.urandom(8 << 20), os.urandom(8 << 20)
    # Not FastCGI at all: heads of records are looked at, and nothing else.
    front = site.connect()
    back = site.accept()
    senders = [threading.Thread(target=front.sendall, args=(up,)), threading.Thread(target=back.sendall, args=(down,))]
    received = {}
    readers = [
        threading.Thread(target=lambda: received.update(down=read(front, len(down)))),
        threading.Thread(target=lambda: received.update(up=read(back, len(up)))),
    ]
    for thread in (*senders, *readers):
        thread.start()
    for thread in (*senders, *readers):
        thread.join(60)
    assert (received["up"], received["down"]) == (up, down)
    front.close()
    assert end_of(back)
    back.close()


def test_a_web_server_that_leaves_is_seen_by_the_daemon(site):
    front = site.connect()
    back = site.accept()
    front.sendall(REQUEST)
    assert read(back, len(REQUEST)) == REQUEST
    front.close()
    assert end_of(back)


def test_the_last_bytes_of_a_daemon_that_closes_arrive(site):
    """Also while the web server goes on with the body that nobody wants."""
    front = site.connect()
    back = site.accept()
    front.sendall(REQUEST)
    read(back, len(REQUEST))
    back.sendall(b"z" * 100_000)
    back.close()
    front.sendall(b"more of the body" * 1000)
    assert read(front, 200_000) == b"z" * 100_000
    front.close()


def test_an_answer_is_finished_after_the_signal_and_a_kept_connection_closed(site):
    kept, busy = site.connect(), site.connect()
    kept_back, busy_back = site.accept(), site.accept()
    wire = ServerConnection()
    for front, back in ((kept, kept_back), (busy, busy_back)):
        front.sendall(REQUEST)
        assert read(back, len(REQUEST)) == REQUEST
    wire.request_id = 1
    answer = wire.stdout_end_request(b"Status: 200 OK\r\n\r\nhello")
    kept_back.sendall(answer)
    assert read(kept, len(answer)) == answer
    site.stop()
    assert end_of(kept)
    busy_back.sendall(answer)
    client = ClientConnection()
    client.receive_data(read(busy, len(answer)))
    assert isinstance(client.next_event(), StdoutReceived)
    while not isinstance(event := client.next_event(), RequestEnded):
        assert event is not None
    assert end_of(busy)
    site.join()
    # What comes now waits for another process.
    late = site.connect()
    late.close()


def test_without_a_daemon_a_connection_is_left_to_who_listens_next(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "front.sock"))
    listener.listen()
    waiting = socket.socket(socket.AF_UNIX)
    waiting.connect(str(tmp_path / "front.sock"))

    def connect():
        raise ConnectionRefusedError("nobody there")

    assert isinstance(Relay(listener, connect).run(), ConnectionRefusedError)
    accepted, _ = listener.accept()
    accepted.close()
