"""Connection handlers in the real daemon: the manual's echo server, addresses, stopping, a busy pool."""

import signal
import socket

import psutil
import pytest

from tests.support.client import Client
from tests.support.servers import Daemon, connects, free_port, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

# Manual 4.4, as it is written there.
ECHO = """\
from mod_python import apache

def connectionhandler(conn):

    while 1:
        conn.write(conn.readline())

    return apache.OK
"""
TALK = """\
import os
from mod_python import apache

def connectionhandler(conn):
    conn.log_error("a connection from %s" % conn.remote_ip)
    conn.notes["greeting"] = "hello"
    while 1:
        try:
            line = conn.readline()
        except OSError:
            conn.write("end\\n")
            return apache.OK
        if line == b"fail\\n":
            raise ValueError("on purpose")
        if line == b"decline\\n":
            return apache.DECLINED
        conn.write("%s\\n" % (eval(line.decode()),))
"""
SITE = """\
PythonPath "['{folder}/htdocs'] + sys.path"
Listen unix:echo.sock connection
Listen 127.0.0.1:{port} connection {options}
PythonConnectionHandler echo
<VirtualHost 127.0.0.1:{port}>
    ServerName talk.test
    PythonConnectionHandler talk
</VirtualHost>
<Location /small>
    LimitRequestBody 100
    SetHandler mod_python
    PythonHandler site_handler
</Location>
<PythonPool "talk.test">
    ConnectionProcesses 1
</PythonPool>
"""


@pytest.fixture
def start(tmp_path):
    daemons = []

    def start(options="", arguments=()):
        config = one_handler(tmp_path) + "Timeout 5\n"
        for name, text in (("echo", ECHO), ("talk", TALK)):
            (tmp_path / "htdocs" / f"{name}.py").write_text(text)
        port = free_port()
        config += SITE.format(folder=tmp_path, port=port, options=options)
        daemon = Daemon(tmp_path, config, arguments)
        daemons.append(daemon)
        wait_until(lambda: connects(("127.0.0.1", port)), "its port", daemon.process)
        return daemon, ("127.0.0.1", port)

    yield start
    for daemon in daemons:
        assert daemon.stop() == 0


def connect(address):
    sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    sock.settimeout(20)
    sock.connect(address)
    return sock


def ask(address, data):
    """All that the daemon says to `data`, after which nothing more is sent."""
    with connect(address) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_the_manuals_echo_server_runs_as_written(start):
    daemon, _ = start()
    with connect(str(daemon.folder / "echo.sock")) as sock:
        for line in (b"hello\n", b"world\r\n"):
            sock.sendall(line)
            assert sock.recv(100) == line
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    assert "Traceback" not in daemon.log()


def test_a_connection_knows_both_ends_its_host_and_its_handler(start):
    _, address = start()
    with connect(address) as sock:
        sock.sendall(
            b"conn.remote_addr\nconn.local_addr\nconn.base_server.server_hostname\nconn.hlist.handler\n"
            b"apache.interpreter\nconn.notes['greeting']\nconn.aborted\n"
        )
        sock.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: sock.recv(65536), b"")).decode().splitlines()
        here = sock.getsockname()
    assert said == [str(here), str(address), "talk.test", "talk", "talk.test", "hello", "0", "end"]


def test_a_handler_named_by_its_path_is_loaded_again_when_it_has_changed(start):
    daemon, address = start()
    path = daemon.folder / "htdocs" / "talk.py"
    assert ask(address, b"conn.hlist.handler\n") == b"talk\nend\n"
    daemon.config.write_text(daemon.config.read_text().replace("Handler talk", f"Handler {path}::connectionhandler"))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_log("reload: done")
    assert ask(address, b"conn.hlist.handler\n") == f"{path}::connectionhandler\nend\n".encode()
    path.write_text(TALK.replace("end", "the new end"))
    assert ask(address, b"1\n") == b"1\nthe new end\n"


def test_a_failing_handler_closes_its_connection_and_nothing_else(start):
    daemon, address = start()
    assert ask(address, b"1 + 1\nfail\n" + b"unread " * 100_000) == b"2\n"
    daemon.wait_for_log("ConnectionHandler talk: ValueError: on purpose")
    assert f"[client {address[0]}:" in daemon.log()
    assert "a connection from 127.0.0.1" in daemon.log()
    assert ask(address, b"2 + 2\n") == b"4\nend\n"


@pytest.mark.parametrize("body", [b"", b"b" * 300_000])
def test_a_connection_whose_handler_declines_is_one_of_http(start, body):
    daemon, address = start()
    request = b"POST /x.py?length HTTP/1.1\r\nHost: talk.test\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    head, _, answer = ask(address, b"decline\n" + request + b"GET / HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in head
    length = b"%d" % len(body)
    assert answer == b"%x\r\n%s\r\n0\r\n\r\n" % (len(length), length)
    assert ask(address, b"decline\nnonsense\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")
    head, _, answer = ask(address, b"decline\nGET /x.py?big=20 HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert len(answer) == 20 * 65536
    assert "Traceback" not in daemon.log()
    assert ask(address, b"decline\nGET / HTTP/1.1\r\n" + b"X: %s\r\n" % (b"x" * 1000) * 99).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"Content-Length: 100\r\n\r\n" + b"x" * 100, b"200"),
        (b"Content-Length: 101\r\n\r\n" + b"x" * 101, b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n", b"200"),
        (b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n12345\r\n0\r\n\r\n", b"500"),
    ],
)
def test_bodies_on_a_declined_connection_have_their_limit(start, body, status):
    _, address = start()
    answer = ask(address, b"decline\nPOST /small?length HTTP/1.1\r\nHost: talk.test\r\n" + body)
    assert answer.split(b" ", 2)[1] == status


def test_connections_that_last_keep_no_request_waiting(start):
    daemon, address = start()
    open_ones = [connect(str(daemon.folder / "echo.sock")) for _ in range(4)] + [connect(address)]
    for sock in open_ones[:2]:
        sock.sendall(b"x\n")
        assert sock.recv(10) == b"x\n"
    assert [Client(daemon.socket).get("/x.py") for _ in range(4)] == [(200, b"hello")] * 4
    # One process has that pool, and it is busy: the next client waits its turn.
    second = connect(address)
    second.sendall(b"'mine'\n")
    open_ones[-1].close()
    assert second.recv(100) == b"mine\n"


def test_a_handler_that_waits_reads_the_end_when_its_worker_is_to_leave(start):
    daemon, address = start()
    with connect(address) as sock:
        sock.sendall(b"os.getpid()\n")
        pid = int(sock.recv(100))
        daemon.signal(signal.SIGHUP)
        assert sock.recv(100) == b"end\n"
        assert sock.recv(100) == b""
    wait_until(lambda: not psutil.pid_exists(pid), "the old worker leaves", daemon.process)
    assert int(ask(address, b"os.getpid()\n").split()[0]) in daemon.children()


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 443\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes((192, 0, 2, 7, 192, 0, 2, 1)) + b"\x9c\x40\x01\xbb",
    ],
    ids=["version 1", "version 2"],
)
def test_a_proxy_tells_who_the_client_is(start, header):
    daemon, address = start("proxy_protocol")
    asked = b"conn.remote_addr\nconn.local_addr\n"
    wanted = b"('192.0.2.7', 40000)\n('192.0.2.1', 443)\nend\n"
    assert ask(address, header + asked) == wanted
    assert ask(address, b"no header\n") == b""
    daemon.wait_for_log("closed: the connection does not begin with a PROXY header")


def test_one_process_serves_connections_and_requests(start):
    daemon, address = start(arguments=("-X",))
    assert ask(address, b"os.getpid()\n") == b"%d\nend\n" % daemon.process.pid
    assert Client(daemon.socket).get("/x.py") == (200, b"hello")
    assert ask(str(daemon.folder / "echo.sock"), b"one\ntwo\n") == b"one\ntwo\n"
