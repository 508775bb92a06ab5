import http.client
import socket
import threading

import pytest

from mpfcgi.fastcgi import ParamsReceived, ServerConnection, StdinEnded, StdinReceived
from mpfcgi.gateway import http as gateway

MANY = 64 * 1024 * 1024


class Worker:
    """A FastCGI worker whose answer is `respond(worker, params)`, a generator of what it sends."""

    def __init__(self, path, respond):
        self.connections = 0
        self.path = path
        self.respond = respond
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with sock:
            wire = ServerConnection()
            self.sock, self.wire = sock, wire
            while (event := self.next()) is not None:
                if not isinstance(event, ParamsReceived):
                    continue
                for piece in self.respond(self, event.params):
                    sock.sendall(wire.stdout(piece))
                if not wire.active:
                    return
                sock.sendall(wire.end_request())

    def next(self):
        while (event := self.wire.next_event()) is None:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.wire.receive_data(data)
        return event

    def body(self):
        while (event := self.next()) is not None and not isinstance(event, StdinEnded):
            if isinstance(event, StdinReceived):
                yield event.data

    def close(self):
        self.listener.close()


@pytest.fixture
def serve(tmp_path):
    """Start a gateway in front of a worker; a client's connection to it."""
    running = []

    def start(respond):
        worker = Worker(str(tmp_path / "worker"), respond) if respond else None
        listener = socket.create_server(("127.0.0.1", 0))
        server = gateway._Server(listener, gateway.Bridge(str(tmp_path / "worker")))
        server.prepare()
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        running.append((server, thread, worker))
        client = http.client.HTTPConnection(*listener.getsockname(), timeout=30)
        client.worker = worker
        return client

    yield start
    for server, thread, worker in running:
        server.stop()
        thread.join(10)
        if worker:
            worker.close()


def text(body):
    return b"Content-Type: text/plain\r\n\r\n" + body


def test_the_worker_sees_the_request_as_nginx_would_send_it(serve):
    seen = {}

    def respond(worker, params):
        seen.update(params)
        yield text(b"")

    client = serve(respond)
    client.request("GET", "/a%2Fb/../c?x=%20&y", headers={"Host": "www.example.com:81", "X-Y": "z", "Accept": "a"})
    assert client.getresponse().status == 200
    expected = {
        "REQUEST_METHOD": "GET", "REQUEST_URI": "/a%2Fb/../c?x=%20&y", "QUERY_STRING": "x=%20&y", "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "", "SERVER_NAME": "www.example.com", "SERVER_PORT": str(client.port),
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_ADDR": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
        "GATEWAY_INTERFACE": "CGI/1.1", "REDIRECT_STATUS": "200", "HTTP_HOST": "www.example.com:81", "HTTP_X_Y": "z",
        "HTTP_ACCEPT": "a",
    }  # fmt: skip
    assert {name: seen.get(name) for name in expected} == expected
    assert seen["REMOTE_PORT"].isdecimal()


def test_status_reason_and_repeated_headers_arrive_as_they_were_sent(serve):
    def respond(worker, params):
        yield b"Status: 418 Short and Stout\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\n\r\ntea"

    client = serve(respond)
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.reason, answer.read()) == (418, "Short and Stout", b"tea")
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.headers["X-Latin"] == "é"


def test_a_head_that_comes_in_pieces_is_put_together(serve):
    def respond(worker, params):
        for byte in text(b"whole"):
            yield bytes([byte])

    client = serve(respond)
    client.request("GET", "/")
    assert client.getresponse().read() == b"whole"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_goes_to_the_worker(serve, chunked):
    def respond(worker, params):
        yield text(b"".join(worker.body()))

    client = serve(respond)
    body = [b"one ", b"two"] if chunked else b"one two"
    client.request("POST", "/", body=body, encode_chunked=chunked)
    assert client.getresponse().read() == b"one two"


def test_a_large_body_and_its_echo_pass_each_other(serve):
    def respond(worker, params):
        yield text(b"")
        yield from worker.body()

    client = serve(respond)
    size = 16 * 1024 * 1024
    client.connect()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    threading.Thread(target=client.sock.sendall, args=(head + bytes(size),), daemon=True).start()
    answer = http.client.HTTPResponse(client.sock)
    answer.begin()
    assert len(answer.read()) == size


def test_a_large_response_streams(serve):
    piece = bytes(1024 * 1024)

    def respond(worker, params):
        yield text(b"")
        for _ in range(MANY // len(piece)):
            yield piece

    client = serve(respond)
    client.request("GET", "/")
    answer = client.getresponse()
    received = 0
    while data := answer.read(1024 * 1024):
        received += len(data)
    assert received == MANY


def test_the_connection_to_the_worker_is_kept(serve):
    client = serve(lambda worker, params: iter([text(b"x")]))
    for _ in range(5):
        client.request("GET", "/")
        assert client.getresponse().read() == b"x"
    assert client.worker.connections == 1


def test_a_refusal_arrives_although_the_body_was_not_read(serve):
    def respond(worker, params):
        yield b"Status: 413 Too Large\r\nContent-Length: 0\r\n\r\n"
        worker.sock.sendall(worker.wire.end_request())
        worker.sock.shutdown(socket.SHUT_RDWR)

    client = serve(respond)
    client.request("POST", "/", body=bytes(256 * 1024))
    assert client.getresponse().status == 413


@pytest.mark.parametrize("sent", [b"", b"Content-Type: te"])
def test_a_worker_that_goes_away_is_a_502_and_one_line_in_the_log(serve, capfd, sent):
    def respond(worker, params):
        yield sent
        worker.sock.shutdown(socket.SHUT_RDWR)
        worker.wire.active = False

    client = serve(respond)
    client.request("GET", "/lost")
    assert client.getresponse().status == 502
    assert capfd.readouterr().err.count("GET /lost") == 1


def test_no_worker_is_a_502(serve, capfd):
    client = serve(None)
    client.request("GET", "/")
    assert client.getresponse().status == 502
    assert capfd.readouterr().err.count("\n") == 1
