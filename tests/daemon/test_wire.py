"""The corners of FastCGI 1.0 over real sockets, against the running daemon: with one interpreter, where workers accept, and
with several, where the router reads the head of a request. The records are made and read here, not by our own wire."""

from __future__ import annotations

import json
import socket
import struct

import pytest

from tests.support.scripted import (
    ABORT,
    BEGIN,
    END,
    GET_VALUES,
    HEAD,
    PARAMS,
    STDERR,
    STDIN,
    STDOUT,
    UNKNOWN,
    VALUES,
    Reader,
)
from tests.support.servers import Daemon

pytestmark = pytest.mark.daemon

COMPLETE, CANT_MULTIPLEX, OVERLOADED, UNKNOWN_ROLE = range(4)
CONFIG = """\
Listen unix:mpfcgi.sock
ErrorLog error.log
Timeout 5
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
"""
HOST = """\
<VirtualHost *>
    ServerName {name}
    DocumentRoot {folder}/htdocs
    <Directory {folder}/htdocs>
        SetHandler mod_python
        PythonHandler seen
    </Directory>
</VirtualHost>
"""
SEEN = """\
import json
from mod_python import apache

def handler(req):
    body = req.read()
    req.content_type = "application/json"
    if req.args == "stderr":
        req.log_error("said on the way")
    req.write(json.dumps({"uri": req.uri, "length": len(body), "headers": dict(req.headers_in), "host": req.interpreter}))
    return apache.OK
"""


@pytest.fixture(scope="module", params=[1, 2], ids=["workers accept", "the router accepts"])
def daemon(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    (folder / "htdocs").mkdir()
    (folder / "htdocs" / "seen.py").write_text(SEEN)
    hosts = "".join(HOST.format(name=name, folder=folder) for name in ("one.test", "two.test")[: request.param])
    daemon = Daemon(folder, CONFIG + hosts)
    yield daemon
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log()


def record(kind, number, content=b"", padding=0):
    return HEAD.pack(1, kind, number, len(content), padding) + content + bytes(padding)


def begin(number=1, role=1, keep=True):
    return record(BEGIN, number, struct.pack(">HB5x", role, int(keep)))


def pair(name, value, long=False):
    def length(text):
        return struct.pack(">I", len(text) | 1 << 31) if long or len(text) > 127 else bytes([len(text)])

    return length(name) + length(value) + name + value


def pairs(uri="/a", long=False, **more):
    fields = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": uri,
        "HTTP_HOST": "one.test",
        "SERVER_PROTOCOL": "HTTP/1.1",
        **more,
    }
    return b"".join(pair(name.encode(), value.encode(), long) for name, value in fields.items())


def whole(number=1, keep=True, body=b"", **fields):
    """A request from its beginning to its end."""
    stdin = record(STDIN, number, body) if body else b""
    params = record(PARAMS, number, pairs(**fields)) + record(PARAMS, number)
    return begin(number, keep=keep) + params + stdin + record(STDIN, number)


class Peer(Reader):
    """A front-end that sends what it is told to."""

    def __init__(self, daemon):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(daemon.socket)

    def send(self, *data):
        self.sock.sendall(b"".join(data))
        return self

    def answer(self, number=1, values=0):
        """Status and JSON of the response `number`; its records are checked on the way, and `values` answers beside it."""
        out = b""
        ended = False
        while True:
            kind, got, content = self.record()
            if kind == VALUES:
                values -= 1
                continue
            assert got == number
            if kind == STDOUT:
                assert not ended
                out += content
                ended = not content
            elif kind == END:
                assert struct.unpack(">IB3x", content) == (0, COMPLETE)
                assert ended or not out, "a stream is ended by an empty record (FastCGI 3.3)"
                break
            else:
                assert kind == STDERR
        for _ in range(values):
            assert self.record()[0] == VALUES
        head, _, body = out.partition(b"\r\n\r\n")
        status = int(next(line for line in head.split(b"\r\n") if line.startswith(b"Status: ")).split()[1])
        return status, json.loads(body) if b"application/json" in head else body

    def closed(self):
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_well(self):
        """A whole request is answered on the same connection."""
        self.send(whole(uri="/well"))
        status, seen = self.answer()
        return (status, seen["uri"]) == (200, "/well")


@pytest.fixture
def peer(daemon):
    peer = Peer(daemon)
    yield peer
    peer.sock.close()


def test_records_may_come_byte_by_byte(peer):
    for byte in whole(body=b"abc", uri="/bytes"):
        peer.send(bytes([byte]))
    status, seen = peer.answer()
    assert (status, seen["uri"], seen["length"]) == (200, "/bytes", 3)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("long", [False, True])
def test_parameters_may_break_anywhere_between_records(peer, size, long):
    """Within a name, a value or a length (FastCGI appendix B, example 2)."""
    text = pairs(uri="/cut", long=long, HTTP_X_LONG="v" * 300)
    cut = [record(PARAMS, 1, text[at : at + size], padding=at % 9) for at in range(0, len(text), size)]
    peer.send(begin(), *cut, record(PARAMS, 1), record(STDIN, 1))
    status, seen = peer.answer()
    assert (status, seen["uri"], seen["headers"]["X-Long"]) == (200, "/cut", "v" * 300)


def test_the_largest_record_and_padding_are_taken_together(peer):
    peer.send(begin(), record(PARAMS, 1, pairs(), 255), record(PARAMS, 1, b"", 255))
    peer.send(record(STDIN, 1, b"x" * 65535, 255) * 3, record(STDIN, 1))
    assert peer.answer()[1]["length"] == 3 * 65535
    assert peer.is_well()


def test_empty_names_and_values_and_repeated_names_are_legal(peer):
    text = pairs(HTTP_X_ONE="1") + pair(b"", b"") + pair(b"HTTP_X_NONE", b"") + pair(b"HTTP_X_ONE", b"2")
    peer.send(begin(), record(PARAMS, 1, text), record(PARAMS, 1), record(STDIN, 1))
    status, seen = peer.answer()
    assert (status, seen["headers"]["X-One"], seen["headers"]["X-None"]) == (200, "1, 2", "")


def test_a_parameter_with_a_nul_is_refused_in_band(daemon, peer):
    peer.send(whole(HTTP_X="a\0b"))
    assert peer.answer()[0] == 400
    # The connection may have ended.
    assert Peer(daemon).is_well()


def test_too_many_parameters_are_refused_in_band(peer):
    big = pair(b"HTTP_X", b"x" * 60000)
    peer.send(begin(), record(PARAMS, 1, pairs()))
    for _ in range(40):
        peer.send(record(PARAMS, 1, big))
    peer.send(record(PARAMS, 1), record(STDIN, 1))
    assert peer.answer()[0] == 431


@pytest.mark.parametrize("text", [b"\x05\x05HTT", b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x80"])
def test_parameters_that_end_within_a_pair_end_the_connection(daemon, text):
    peer = Peer(daemon).send(begin(), record(PARAMS, 1, text), record(PARAMS, 1), record(STDIN, 1))
    assert peer.closed()
    assert Peer(daemon).is_well()


VALUES_ASKED = pair(b"FCGI_MPXS_CONNS", b"") + pair(b"FCGI_MAX_CONNS", b"") + pair(b"X_UNKNOWN", b"")


def values(content):
    """What FCGI_GET_VALUES_RESULT says."""
    found = {}
    while content:
        name, value = content[2 : 2 + content[0]], content[2 + content[0] : 2 + content[0] + content[1]]
        found[name.decode()] = value.decode()
        content = content[2 + content[0] + content[1] :]
    return found


def test_values_are_told_before_any_request(peer):
    kind, number, content = peer.send(record(GET_VALUES, 0, VALUES_ASKED)).record()
    assert (kind, number) == (VALUES, 0)
    found = values(content)
    assert found.keys() == {"FCGI_MPXS_CONNS", "FCGI_MAX_CONNS"}
    assert found["FCGI_MPXS_CONNS"] == "0"
    assert found["FCGI_MAX_CONNS"].isdecimal()
    assert peer.is_well()


def test_unknown_values_have_an_empty_answer(peer):
    assert peer.send(record(GET_VALUES, 0, pair(b"X", b""))).record() == (VALUES, 0, b"")
    assert peer.is_well()


def test_values_are_told_within_a_request(peer):
    text = pairs(uri="/within")
    peer.send(begin(), record(PARAMS, 1, text[:30]), record(GET_VALUES, 0, VALUES_ASKED))
    peer.send(record(PARAMS, 1, text[30:]), record(PARAMS, 1), record(STDIN, 1, b"ab"))
    peer.send(record(GET_VALUES, 0, VALUES_ASKED), record(STDIN, 1, b"c"), record(STDIN, 1))
    status, seen = peer.answer(values=2)
    assert (status, seen["uri"], seen["length"]) == (200, "/within", 3)
    assert peer.is_well()


@pytest.mark.parametrize("kind", [12, 100, 255])
def test_unknown_management_records_are_named(peer, kind):
    answer = peer.send(record(kind, 0, b"whatever")).record()
    assert answer == (UNKNOWN, 0, bytes([kind, 0, 0, 0, 0, 0, 0, 0]))
    assert peer.is_well()


@pytest.mark.parametrize("kind", [END, STDOUT, STDERR, VALUES, UNKNOWN, 12, 255])
def test_records_that_no_front_end_sends_are_skipped(peer, kind):
    peer.send(begin(), record(kind, 1, b"12345678"), record(PARAMS, 1, pairs()), record(kind, 7, b"x", 3))
    peer.send(record(PARAMS, 1), record(kind, 1, b""), record(STDIN, 1))
    assert peer.answer()[0] == 200
    assert peer.is_well()


@pytest.mark.parametrize("role", [0, 4, 9, 65535])
def test_an_unknown_role_is_refused_and_the_connection_goes_on(peer, role):
    peer.send(begin(5, role), record(PARAMS, 5, pairs()), record(PARAMS, 5), record(STDIN, 5))
    kind, number, content = peer.record()
    assert (kind, number, content[4]) == (END, 5, UNKNOWN_ROLE)
    assert peer.is_well()


def test_a_second_request_at_once_is_refused_and_the_first_unharmed(peer):
    peer.send(begin(1), record(PARAMS, 1, pairs(uri="/first")), record(PARAMS, 1), record(STDIN, 1, b"ab"))
    peer.send(begin(2), record(PARAMS, 2, pairs(uri="/second")), record(PARAMS, 2), record(STDIN, 2))
    kind, number, content = peer.record()
    assert (kind, number, content[4]) == (END, 2, CANT_MULTIPLEX)
    peer.send(record(STDIN, 1, b"c"), record(STDIN, 1))
    status, seen = peer.answer(1)
    assert (status, seen["uri"], seen["length"]) == (200, "/first", 3)
    assert peer.is_well()


@pytest.mark.parametrize("number", [1, 2, 255, 256, 4097, 65535])
def test_the_answer_has_the_requests_id(peer, number):
    assert peer.send(whole(number)).answer(number)[0] == 200


def test_ids_may_change_on_a_kept_connection(peer):
    for number in (9, 1, 65535, 9):
        assert peer.send(whole(number, uri=f"/{number}")).answer(number)[1]["uri"] == f"/{number}"


def test_requests_may_wait_in_the_connection_one_behind_the_other(peer):
    peer.send(*(whole(number, uri=f"/{number}", body=b"x" * number) for number in (1, 2, 3)))
    for number in (1, 2, 3):
        status, seen = peer.answer(number)
        assert (status, seen["uri"], seen["length"]) == (200, f"/{number}", number)


def test_an_abort_within_the_parameters_ends_the_request(peer):
    peer.send(begin(), record(PARAMS, 1, pairs()[:20]), record(ABORT, 1))
    while (got := peer.record())[0] != END:
        assert got == (STDOUT, 1, b"")
    assert (got[1], got[2][4]) == (1, COMPLETE)
    assert peer.is_well()


def test_an_abort_within_the_parameters_without_the_flag_ends_the_connection(peer):
    peer.send(begin(keep=False), record(PARAMS, 1, pairs()[:20]), record(ABORT, 1))
    while (got := peer.record())[0] != END:
        assert got == (STDOUT, 1, b"")
    assert peer.closed()


def test_an_abort_within_the_body_ends_the_request(peer):
    peer.send(begin(), record(PARAMS, 1, pairs()), record(PARAMS, 1), record(STDIN, 1, b"abc"), record(ABORT, 1))
    while (got := peer.record())[0] != END:
        assert got[0] == STDOUT
    assert (got[1], got[2][4]) == (1, COMPLETE)
    assert peer.is_well()


def test_an_abort_of_nothing_is_ignored(peer):
    peer.send(record(ABORT, 1), record(ABORT, 77))
    assert peer.is_well()


def test_a_body_that_comes_too_late_is_skipped(peer):
    """As after an authorizer's answer, or one that needs no body."""
    assert peer.send(whole()).answer()[0] == 200
    peer.send(record(STDIN, 1, b"late"), record(STDIN, 1))
    assert peer.is_well()


def test_a_body_of_no_bytes_needs_no_end(peer):
    """HAProxy sends none after a chunked upload of nothing."""
    peer.send(begin(), record(PARAMS, 1, pairs(REQUEST_METHOD="POST", CONTENT_LENGTH="0")), record(PARAMS, 1))
    assert peer.answer()[1]["length"] == 0
    assert peer.is_well()


@pytest.mark.parametrize("length", ["", "-1"])
def test_a_body_of_unknown_length_is_read_to_its_end(peer, length):
    peer.send(whole(body=b"x" * 1000, REQUEST_METHOD="POST", CONTENT_LENGTH=length))
    assert peer.answer()[1]["length"] == 1000


def test_without_the_flag_the_connection_is_closed_after_the_answer(peer):
    peer.send(whole(keep=False))
    assert peer.answer()[0] == 200
    assert peer.closed()


@pytest.mark.parametrize(
    "data",
    [
        b"\x02" + begin()[1:],
        b"GET / HTTP/1.1\r\nHost: one.test\r\n\r\n",
        begin() + begin(),
        record(BEGIN, 1, b"\0\1"),
        begin() + record(STDIN, 1, b"before the parameters"),
    ],
    ids=["version", "HTTP", "begun twice", "short begin", "body first"],
)
def test_what_makes_no_sense_ends_the_connection_and_no_other(daemon, data):
    other = Peer(daemon)
    assert other.is_well()
    assert Peer(daemon).send(data).closed()
    assert other.is_well()


@pytest.mark.parametrize("at", [1, 8, 12, 16, 40, 100])
def test_a_front_end_that_goes_away_within_a_request_disturbs_nobody(daemon, at):
    data = whole(body=b"abc")
    peer = Peer(daemon)
    peer.send(data[:at])
    peer.sock.close()
    assert Peer(daemon).is_well()
