"""flup, an independent implementation, against ours in both directions."""

import socket
import subprocess
import sys

from flup.server import fcgi_base

from mpfcgi.fastcgi import (
    ClientConnection,
    ParamsReceived,
    ServerConnection,
    StdinEnded,
    StdinReceived,
)
from tests.support.client import Client
from tests.support.servers import connects, wait_until


def flup_bytes(*records):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for record in records:
            record.write(theirs)
        theirs.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: ours.recv(65536), b""))


def flup_record(kind, content=b"", request_id=1):
    record = fcgi_base.Record(kind, request_id)
    record.contentData = content
    record.contentLength = len(content)
    return record


def test_records_that_flup_writes_are_read():
    pairs = fcgi_base.encode_pair(b"REQUEST_METHOD", b"GET") + fcgi_base.encode_pair(b"LONG", b"v" * 300)
    data = flup_bytes(
        flup_record(1, b"\0\x01\0\0\0\0\0\0"),
        flup_record(4, pairs),
        flup_record(4),
        flup_record(5, b"body"),
        flup_record(5),
    )
    server = ServerConnection()
    server.receive_data(data)
    found = list(iter(server.next_event, None))
    assert found[1:] == [
        ParamsReceived(1, 1, False, {"REQUEST_METHOD": "GET", "LONG": "v" * 300}),
        StdinReceived(1, b"body"),
        StdinEnded(1),
    ]


def test_flup_reads_the_records_that_we_write():
    server = ServerConnection()
    server.receive_data(ClientConnection().begin_request({}) + ClientConnection().stdin_end())
    list(iter(server.next_event, None))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(server.stdout_end_request(b"hello"))
        kinds = []
        for _ in range(3):
            record = fcgi_base.Record()
            record.read(theirs)
            kinds.append((record.type, bytes(record.contentData)))
    assert kinds == [(6, b"hello"), (6, b""), (3, b"\0\0\0\0\0\0\0\0")]


SERVER = """
import sys
from flup.server.fcgi import WSGIServer

def app(environ, start_response):
    start_response("200 OK", [("X-From", "flup")])
    return [environ["QUERY_STRING"].encode() + environ["wsgi.input"].read()]

WSGIServer(app, bindAddress=sys.argv[1]).run()
"""


def test_our_client_is_answered_by_a_flup_server(tmp_path):
    path = str(tmp_path / "flup.sock")
    process = subprocess.Popen([sys.executable, "-c", SERVER, path])
    try:
        wait_until(lambda: connects(path), "flup listens", process)
        assert exchange(path, b"world") == (200, b"hello world")
    finally:
        process.terminate()
        process.wait(10)


def exchange(path, body):
    client = Client(path, keep_conn=False)
    with client.sock:
        client.send(
            "/", REQUEST_METHOD="POST", QUERY_STRING="hello ", CONTENT_LENGTH=str(len(body)), SCRIPT_NAME="/",
            SERVER_NAME="x", SERVER_PORT="80",
        )  # fmt: skip
        client.sock.sendall(client.wire.stdin(body) + client.wire.stdin_end())
        return client.response()
