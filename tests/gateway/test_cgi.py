"""`mpfcgi cgi`, started as a web server starts it, before the real daemon and before wrong ones."""

import hashlib
import os
import socket
import subprocess
import sys
import threading

import psutil
import pytest

from mpfcgi.fastcgi import ClientConnection, ServerConnection
from mpfcgi.fastcgi.cgi_head import parse_head
from mpfcgi.gateway import cgi
from tests.support.servers import Daemon, wait_until
from tests.support.sites import one_handler

pytestmark = pytest.mark.daemon

HANDLER = """\
import hashlib, os, sys
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    what = req.args or ""
    if what == "digest":
        digest, length = hashlib.sha256(), 0
        while data := req.read(65536):
            digest.update(data)
            length += len(data)
        req.write("%d %s" % (length, digest.hexdigest()))
    elif what.startswith("big="):
        piece = bytes(range(256)) * 256
        for _ in range(int(what[4:])):
            req.write(piece)
    elif what == "proxy":
        req.write("%s" % os.environ.get("HTTP_PROXY"))
    else:
        req.write("%s %s %s" % (req.method, req.uri, req.headers_in.get("X-Shop")))
    return apache.OK
"""
ENVIRONMENT = {
    "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
    "MPFCGI_ALLOW_ROOT": "1",
    "SERVER_NAME": "localhost", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "PATH": os.environ["PATH"],
}  # fmt: skip


def prepare(folder, listen="unix:mpfcgi.sock"):
    return one_handler(folder, HANDLER, pool="MaxProcesses 1", listen=listen)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cgi")
    daemon = Daemon(folder, prepare(folder))
    yield daemon
    assert daemon.stop() == 0


def start(uri, *options, **environment):
    """The process of one request, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "mpfcgi", "cgi", *map(str, options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, "REQUEST_URI": uri, "QUERY_STRING": uri.partition("?")[2], **environment},
    )


def request(uri, *options, body=None, **environment):
    """(exit status, response status, content, standard error)."""
    if body is not None:
        environment = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), **environment}
    process = start(uri, *options, **environment)
    out, errors = process.communicate(body, timeout=60)
    parsed = parse_head(out)
    assert parsed is not None, errors
    return process.returncode, parsed[0].status, parsed[1], errors.decode()


def test_a_request_is_answered_by_the_daemon(daemon):
    answer = request("/x.py", "-c", daemon.config, HTTP_X_SHOP="cheese")
    assert answer == (0, 200, b"GET /x.py cheese", "")
    assert request("/nothere", "-c", daemon.config)[:2] == (0, 404)


def test_large_bodies_pass_both_ways(daemon):
    body = os.urandom(1 << 20) * 20
    wanted = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
    assert request("/x.py?digest", "-c", daemon.config, body=body)[1:3] == (200, wanted)
    page = request("/x.py?big=320", "-c", daemon.config)[2]
    assert page == bytes(range(256)) * 256 * 320


def test_a_body_is_held_back_while_the_daemon_takes_none(tmp_path):
    """Nothing is collected: with nobody reading, the sender stops soon."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "deaf.sock"))
        listener.listen()
        address = f"unix:{tmp_path}/deaf.sock"
        process = start("/", "--connect", address, REQUEST_METHOD="POST", CONTENT_LENGTH=str(1 << 30))
        os.set_blocking(process.stdin.fileno(), False)
        deaf, _ = listener.accept()
        assert deaf.recv(1)
        taken = 0

        def blocked():
            nonlocal taken
            try:
                while taken < 64 << 20:
                    taken += os.write(process.stdin.fileno(), bytes(1 << 16))
            except BlockingIOError:
                pass
            # Who waits for a pipe to have something does not sleep while this one is full.
            return psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING

        wait_until(blocked, "the gateway waits", process)
        assert taken < 4 << 20
        process.kill()
        process.communicate()
        deaf.close()


def test_a_body_of_unknown_length_is_read_to_its_end(daemon):
    chunked = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    wanted = f"3 {hashlib.sha256(b'abc').hexdigest()}".encode()
    assert request("/x.py?digest", "-c", daemon.config, body=b"abc", **chunked)[2] == wanted


def test_standard_input_is_not_waited_for_where_there_is_no_body(daemon):
    process = start("/x.py", "-c", daemon.config)
    assert process.stdout.read().endswith(b"GET /x.py None")
    assert process.wait(20) == 0
    process.stdin.close()


def test_a_client_that_leaves_ends_it(daemon):
    process = start("/x.py?big=4000", "-c", daemon.config)
    process.stdout.read(100)
    process.stdout.close()
    assert process.wait(20) == 1
    assert process.stderr.read() == b""
    process.stdin.close()


def test_without_a_daemon_the_answer_is_503(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text(prepare(tmp_path))
    code, status, content, errors = request("/", "-c", config)
    assert (code, status) == (1, 503)
    # Visitors are told what to do, and nothing of what is here.
    assert content.startswith(b"Service Unavailable\n")
    assert b"mpfcgi start" in content
    assert str(tmp_path).encode() not in content
    assert f"mpfcgi cgi: no daemon answers at unix:{tmp_path}/mpfcgi.sock" in errors


def test_without_a_configuration_the_message_says_what_to_do(tmp_path):
    code, status, _, errors = request("/", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    assert (code, status) == (1, 503)
    assert "name one with -c" in errors


def answer(folder, *pieces):
    """The address of a daemon that answers one request with these bytes, whatever it is asked."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "wrong.sock"))
    listener.listen()

    wire_end = ClientConnection().stdin_end()

    def serve():
        with listener, listener.accept()[0] as sock:
            # All of the request: a connection that is closed with bytes unread is reset.
            while not sock.recv(65536).endswith(wire_end):
                pass
            for piece in pieces:
                sock.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return f"unix:{folder}/wrong.sock"


def test_a_daemon_that_says_nothing_is_502(tmp_path):
    code, status, _, errors = request("/", "--connect", answer(tmp_path))
    assert (code, status) == (1, 502)
    assert "it has closed the connection" in errors


def test_an_answer_that_is_cut_is_an_error(tmp_path):
    wire = ServerConnection()
    wire.request_id = 1
    begun = wire.stdout(b"Status: 200 OK\r\n\r\nhalf")
    code, status, content, errors = request("/", "--connect", answer(tmp_path, begun))
    assert (code, status, content) == (1, 200, b"half")
    assert "the daemon's answer is cut" in errors


def test_the_daemon_is_started_where_that_is_allowed(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text(prepare(tmp_path, "unix:elsewhere.sock"))
    processes = [start("/x.py", "--start", "-c", config, HTTP_PROXY="http://evil") for _ in range(3)]
    outputs = [process.communicate(timeout=60) for process in processes]
    daemons = []
    try:
        daemons = [p for p in psutil.process_iter(["cmdline"]) if str(config) in " ".join(p.info["cmdline"] or ())]
        assert [output[0].endswith(b"GET /x.py None") for output in outputs] == [True] * 3, outputs
        # One supervisor, in a session of its own, which outlives the request and knows nothing of it.
        parents = [p for p in daemons if p.ppid() not in {other.pid for other in daemons}]
        assert len(parents) == 1
        assert os.getsid(parents[0].pid) == parents[0].pid
        assert request("/x.py?proxy", "-c", config)[2] == b"None"
    finally:
        for process in daemons:
            process.terminate()
        psutil.wait_procs(daemons, timeout=20)


def test_why_a_daemon_can_not_start_is_told(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text("Listen unix:mpfcgi.sock\nNonsense\n")
    code, status, _, errors = request("/", "--start", "-c", config)
    assert (code, status) == (1, 503)
    assert "Nonsense" in errors


def test_a_configuration_of_another_user_starts_nothing(tmp_path, monkeypatch):
    from mpfcgi.gateway.upstream import Upstream

    config = tmp_path / "mpfcgi.conf"
    config.write_text(prepare(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: config.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="belongs to another user"):
        Upstream(str(config), None, True, lambda config: f"unix:{tmp_path}/mpfcgi.sock").connect()


def test_options_are_read_without_a_library():
    assert cgi.options([]) == (None, None, False)
    assert cgi.options(["-c", "a", "--connect", "b", "--start"]) == ("a", "b", True)
    assert cgi.options(["--help"]) is None
    assert cgi.options(["-c"]) is None


def test_wrong_usage_is_told_as_of_any_command(daemon):
    process = start("/", "--nonsense")
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert b"No such option" in errors
    assert out == b""


def test_it_imports_next_to_nothing():
    """All that is imported for a request, beyond what Python itself starts with."""
    code = "import sys; before = set(sys.modules); import mpfcgi.gateway.cgi; print(*(set(sys.modules) - before))"
    output = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
                            env={"PYTHONPATH": os.getcwd()}).stdout  # fmt: skip
    ours = {name for name in output.split() if name.startswith("mpfcgi")}
    others = set(output.split()) - ours
    assert others <= {"__future__", "_socket", "select", "struct", "_struct", "os", "stat", "_stat", "posixpath",
                      "genericpath", "_collections_abc", "os.path"}  # fmt: skip
    assert "mpfcgi.fastcgi.connection" not in ours
    assert len(ours) < 15
