"""TLS before a connection handler: a real nginx with the stream configuration of contrib."""

import os
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import Daemon, connects, free_port, program, wait_until

pytestmark = pytest.mark.frontend

MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
CONTRIB = Path(__file__).parents[2] / "contrib" / "nginx" / "mpfcgi_stream.conf"
CONFIG = """\
Listen unix:mpfcgi.sock
Listen 127.0.0.1:{port} connection proxy_protocol
ErrorLog error.log
PythonPath "['{folder}'] + sys.path"
PythonConnectionHandler talk
"""
TALK = """\
from mod_python import apache

def connectionhandler(conn):
    line = conn.readline()
    conn.write("%s:%d says %s" % (*conn.remote_addr, line.decode()))
    return apache.OK
"""
NGINX = """\
load_module {module};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ }}
"""


@pytest.fixture
def address(tmp_path):
    """Where nginx takes connections by TLS, for the daemon behind it."""
    if not MODULE.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{MODULE} is not there")
        pytest.skip(f"{MODULE} is not there")
    subprocess.run(
        [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", tmp_path / "echo.key", "-out", tmp_path / "echo.pem"], check=True, capture_output=True,
    )  # fmt: skip
    behind, front = free_port(), free_port()
    (tmp_path / "talk.py").write_text(TALK)
    text = NGINX.format(module=MODULE, folder=tmp_path) + CONTRIB.read_text()
    for fixed, ours in (
        (" 7443 ", f" 127.0.0.1:{front} "), ("127.0.0.1:7000", f"127.0.0.1:{behind}"),
        ("/etc/ssl/certs", str(tmp_path)), ("/etc/ssl/private", str(tmp_path)),
    ):  # fmt: skip
        assert fixed in text
        text = text.replace(fixed, ours)
    (tmp_path / "nginx.conf").write_text(text)
    daemon = Daemon(tmp_path, CONFIG.format(port=behind, folder=tmp_path))
    nginx = subprocess.Popen([program("nginx"), "-c", tmp_path / "nginx.conf", "-p", tmp_path])
    try:
        wait_until(lambda: connects(("127.0.0.1", front)), "nginx listens", nginx)
        yield "127.0.0.1", front
    finally:
        nginx.terminate()
        nginx.wait(10)
        assert daemon.stop() == 0


def test_a_handler_behind_tls_knows_its_client(address, tmp_path):
    context = ssl.create_default_context(cafile=str(tmp_path / "echo.pem"))
    with socket.create_connection(address, timeout=20) as plain:
        port = plain.getsockname()[1]
        with context.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(b"hello\n")
            said = b"".join(iter(lambda: sock.recv(1000), b""))
    assert said == b"127.0.0.1:%d says hello\n" % port
