"""The listening socket of a FastCGI program (FastCGI 2.2, 3.2)."""

import socket

import pytest

from mpfcgi.ipc import inherited


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.mark.parametrize("peers", [None, "", "127.0.0.1", "192.0.2.1, 127.0.0.1", "::ffff:127.0.0.1"])
def test_a_peer_that_is_listed_is_let_in(listener, peers, monkeypatch):
    monkeypatch.delenv("FCGI_WEB_SERVER_ADDRS", raising=False)
    if peers is not None:
        monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", peers)
    with inherited.adopt(listener.fileno()) as own, socket.create_connection(listener.getsockname()):
        assert not own.getblocking()
        own.settimeout(20)
        own.accept()[0].close()


def test_a_peer_that_is_not_listed_is_closed(listener, monkeypatch):
    monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", "192.0.2.1")
    with inherited.adopt(listener.fileno()) as own, socket.create_connection(listener.getsockname()) as peer:
        own.settimeout(20)
        with pytest.raises(BlockingIOError):
            own.accept()
        assert peer.recv(1) == b""


def test_the_list_is_not_for_unix_sockets(tmp_path, monkeypatch):
    monkeypatch.setenv("FCGI_WEB_SERVER_ADDRS", "192.0.2.1")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as peer:
        listener.bind(str(tmp_path / "x.sock"))
        listener.listen()
        with inherited.adopt(listener.fileno()) as own:
            peer.connect(str(tmp_path / "x.sock"))
            own.accept()[0].close()


def test_what_does_not_listen_is_refused(tmp_path):
    with socket.socket() as sock, pytest.raises(OSError, match="does not listen"):
        inherited.adopt(sock.fileno())
    with open(tmp_path / "file", "w") as file, pytest.raises(OSError):
        inherited.adopt(file.fileno())
