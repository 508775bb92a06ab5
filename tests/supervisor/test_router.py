"""The router in a thread of the test, which plays the front-end, the supervisor and the pools."""

import socket
import threading

import pytest

from mpfcgi.config import load_text
from mpfcgi.fastcgi import ClientConnection, RequestEnded, StdoutReceived, ValuesReceived
from mpfcgi.ipc import control, handoff
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor import router
from mpfcgi.supervisor.log import Log

CONFIG = """
<PythonPool "*">
    QueueLength 2
</PythonPool>
<VirtualHost *:80>
    ServerName a.example
</VirtualHost>
<VirtualHost *:80>
    ServerName b.example
</VirtualHost>
"""


class Routing:
    def __init__(self, folder):
        self.log = folder / "log"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "s"))
        self.listener.listen()
        self.hand_backs = handoff.queue_pair()
        self.supervisor, questions = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.supervisor.settimeout(20)
        self.control, theirs = control.control_pair()
        self.control.setblocking(True)
        self.control.settimeout(20)
        self.scoreboard = Scoreboard(4)
        setup = router.RouterSetup(
            load_text(CONFIG), [self.listener], *self.hand_backs, questions, theirs, Log(str(self.log)), self.scoreboard
        )  # fmt: skip
        self.thread = threading.Thread(target=router.run, args=[setup], daemon=True)
        self.thread.start()
        assert self.control.recv(1) == control.READY

    def connect(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20)
        sock.connect(self.listener.getsockname())
        return sock

    def question(self):
        """The name of the pool that the router asks for."""
        return self.supervisor.recv(4096).decode()

    def give(self, name, queue):
        handoff.send_descriptors(self.supervisor, name.encode(), [end.fileno() for end in queue])

    def pool(self, name):
        """Answer the router's question for this pool; its queue, whose receiving end waits."""
        assert self.question() == name
        queue = handoff.queue_pair()
        queue[1].settimeout(20)
        self.give(name, queue)
        return queue

    def quit(self):
        control.tell(self.control, control.QUIT)
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def routing(tmp_path):
    running = Routing(tmp_path)
    yield running
    if running.thread.is_alive():
        running.quit()


def head(host="a.example", uri="/", **more):
    return ClientConnection().begin_request(
        {"REQUEST_METHOD": "GET", "REQUEST_URI": uri, "HTTP_HOST": host, "SERVER_PORT": "80", **more}
    )


def response(sock):
    """What the router itself answers, until it closes the connection."""
    client, output = ClientConnection(), b""
    client.begin_request({})
    while True:
        event = client.next_event()
        if isinstance(event, StdoutReceived):
            output += event.data
        elif isinstance(event, RequestEnded):
            return output
        elif event is None:
            data = sock.recv(65536)
            assert data, "closed"
            client.receive_data(data)


def test_a_connection_goes_to_its_hosts_pool_with_all_that_was_read(routing):
    sock = routing.connect()
    sock.sendall(head("b.example") + b"what follows")
    queue = routing.pool("b.example")
    connection, early = handoff.receive(queue[1])
    assert early == head("b.example") + b"what follows"
    connection.sendall(b"hello")
    connection.close()
    assert sock.recv(100) == b"hello"
    assert sock.recv(100) == b""


def test_a_pool_is_asked_for_once(routing):
    queue = None
    for _ in range(2):
        sock = routing.connect()
        sock.sendall(head())
        queue = queue or routing.pool("a.example")
        assert handoff.receive(queue[1])[1] == head()


def test_a_head_that_comes_byte_by_byte_arrives_whole(routing):
    sock = routing.connect()
    for byte in head():
        sock.sendall(bytes([byte]))
    queue = routing.pool("a.example")
    assert handoff.receive(queue[1])[1] == head()


def test_what_workers_give_back_is_routed_anew(routing):
    ours, theirs = socket.socketpair()
    handoff.send(routing.hand_backs[0], theirs, head("b.example"))
    theirs.close()
    connection, early = handoff.receive(routing.pool("b.example")[1])
    assert early == head("b.example")
    connection.sendall(b"hello")
    assert ours.recv(100) == b"hello"


def test_a_connection_that_is_given_back_may_bring_its_request_later(routing):
    ours, theirs = socket.socketpair()
    handoff.send(routing.hand_backs[0], theirs)
    theirs.close()
    ours.sendall(head())
    assert handoff.receive(routing.pool("a.example")[1])[1] == head()


def test_values_are_answered_and_do_not_travel(routing):
    sock, client = routing.connect(), ClientConnection()
    sock.sendall(client.get_values(["FCGI_MPXS_CONNS"]))
    while not isinstance(event := client.next_event(), ValuesReceived):
        client.receive_data(sock.recv(4096))
    assert event.values == {"FCGI_MPXS_CONNS": "0"}
    sock.sendall(head())
    assert handoff.receive(routing.pool("a.example")[1])[1] == head()


def test_garbage_closes_its_connection_and_nothing_else(routing):
    sock = routing.connect()
    sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    try:
        assert sock.recv(100) == b""
    except ConnectionResetError:
        pass
    other = routing.connect()
    other.sendall(head())
    assert handoff.receive(routing.pool("a.example")[1])[1] == head()


def test_a_head_too_large_to_travel_is_answered_431(routing):
    sock = routing.connect()
    sock.sendall(head(HTTP_COOKIE="x" * handoff.MAX_EARLY))
    assert response(sock).startswith(b"Status: 431 ")


def test_a_connection_that_ends_in_its_head_is_forgotten(routing):
    sock = routing.connect()
    sock.sendall(head()[:20])
    sock.close()
    routing.quit()


def test_a_pool_that_can_not_be_had_is_answered_503(routing):
    sock = routing.connect()
    sock.sendall(head())
    name = routing.question()
    routing.supervisor.send(name.encode())
    assert response(sock).startswith(b"Status: 503 ")


def test_past_the_queues_length_the_answer_is_503_and_the_log_names_who_is_busy(routing):
    slot = routing.scoreboard.take()
    slot.occupy(4711, 0, "a.example")
    slot.begin()
    slot.describe(b"GET a.example/slow")
    first = routing.connect()
    first.sendall(head(uri="/0"))
    assert routing.question() == "a.example"
    queue = handoff.queue_pair()
    # So many, with nobody to take them, that the socket's own buffer is full.
    while handoff.send(queue[0], first, b"filling"):
        pass
    routing.give("a.example", queue)
    second = routing.connect()
    second.sendall(head(uri="/1"))
    # The router takes connections in their order, so that the third is past the two that may wait.
    third = routing.connect()
    third.sendall(head(uri="/2"))
    answer = response(third)
    assert answer.startswith(b"Status: 503 ")
    assert b"\r\nRetry-After: " in answer
    assert "[pool a.example] 2 requests wait already (QueueLength)" in routing.log.read_text()
    assert "4711: GET a.example/slow" in routing.log.read_text()
    queue[1].settimeout(20)
    while handoff.receive(queue[1])[1] == b"filling":
        pass
    assert handoff.receive(queue[1])[1] == head(uri="/1")


def test_when_it_leaves_silent_connections_go_to_its_successor_and_begun_ones_to_their_pool(routing):
    silent, begun = routing.connect(), routing.connect()
    for sock in (silent, begun):
        client = ClientConnection()
        sock.sendall(client.get_values(["FCGI_MAX_CONNS"]))
        while not isinstance(client.next_event(), ValuesReceived):
            client.receive_data(sock.recv(4096))
    begun.sendall(head("b.example")[:30])
    # When this other one has been routed, what came before it has been read.
    other = routing.connect()
    other.sendall(head("a.example"))
    assert handoff.receive(routing.pool("a.example")[1])[1] == head("a.example")
    control.tell(routing.control, control.QUIT)
    begun.sendall(head("b.example")[30:])
    assert handoff.receive(routing.pool("b.example")[1])[1] == head("b.example")
    routing.thread.join(20)
    assert not routing.thread.is_alive()
    connection, early = handoff.receive(routing.hand_backs[1])
    assert early == b""
    silent.sendall(head())
    assert connection.recv(65536) == head()


def test_half_a_queue_is_no_queue_and_is_closed(routing):
    client = routing.connect()
    client.sendall(head())
    name = routing.question()
    send, receive = handoff.queue_pair()
    routing.give(name, [send])
    send.close()
    assert b"503" in response(client)
    receive.settimeout(20)
    assert receive.recv(1) == b""
