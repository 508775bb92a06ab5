"""What a service manager says in the environment, right and wrong."""

import os
import socket

import pytest

from mpfcgi.config import Listen
from mpfcgi.supervisor import systemd
from mpfcgi.supervisor.listeners import Listeners
from mpfcgi.supervisor.systemd import Notifier, passed_sockets


@pytest.fixture
def given(monkeypatch):
    """Makes sockets the only descriptors that a service manager can have meant, and says so as it does."""
    opened = []

    def given(*socks, number=None):
        first = max(int(name) for name in os.listdir("/proc/self/fd")) + 10
        monkeypatch.setattr(systemd, "FIRST_DESCRIPTOR", first)
        for fd, sock in enumerate(socks, first):
            opened.append(os.dup2(sock.fileno(), fd))
        said = str(len(socks) if number is None else number)
        found, problems = passed_sockets({"LISTEN_PID": "7", "LISTEN_FDS": said}, 7)
        return found, problems

    yield given
    for fd in opened:
        os.close(fd)


@pytest.fixture
def listening(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        sock.listen()
        yield sock


def test_sockets_that_listen_are_taken(given, listening):
    (copy,), problems = given(listening)
    assert copy.getsockname() == listening.getsockname()
    assert not problems
    copy.close()


def test_what_does_not_listen_is_said(given, listening, tmp_path):
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with datagram, socket.socket(socket.AF_UNIX) as silent, (tmp_path / "file").open("w") as file:
        (copy,), problems = given(datagram, listening, silent, file)
    assert copy.getsockname() == listening.getsockname()
    assert [problem.endswith("(LISTEN_FDS=4) is no listening socket") for problem in problems] == [True] * 3
    copy.close()


@pytest.mark.parametrize("number", [2, 10**9, 10**15 - 1])
def test_more_than_there_are_is_said_at_once(given, listening, number):
    (copy,), problems = given(listening, number=number)
    assert "fewer descriptors than it says" in problems[-1]
    copy.close()


@pytest.mark.parametrize("number", ["", "-1", "x", "\u0663", "9" * 5000])
def test_what_is_no_number_is_said(given, number):
    assert given(number=number) == ([], [f"LISTEN_FDS is no number of descriptors: {number[:32]!r}"])


def test_what_is_meant_for_another_process_is_left_alone():
    assert passed_sockets({"LISTEN_PID": "8", "LISTEN_FDS": "x"}, 7) == ([], [])


def test_a_socket_that_no_line_names_is_said(listening, tmp_path):
    listeners = Listeners(passed=[listening.dup()])
    listeners.adopt([Listen("unix", str(tmp_path / "other"))])
    (said,) = listeners.unclaimed()
    assert str(tmp_path / "s") in said
    listeners.adopt([Listen("unix", str(tmp_path / "s"))])
    assert listeners.unclaimed() == []
    listeners.close()


def test_a_socket_that_is_named_by_its_number_is_no_problem(listening):
    listeners = Listeners(passed=[listening.dup()])
    listeners.adopt([Listen("fd", str(listening.fileno()))])
    assert listeners.unclaimed() == []
    listeners.close()


@pytest.mark.parametrize("interval", ["0", "", "x", "9" * 5000])
def test_a_watchdog_without_a_time_gets_no_signs(interval):
    assert Notifier({"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": interval}, 1).next_sign is None


@pytest.mark.parametrize("address", ["/nonexistent/notify", "@nobody", "x" * 300, "relative"])
def test_a_manager_that_is_not_there_is_no_reason_not_to_serve(address):
    Notifier({"NOTIFY_SOCKET": address}, 1).ready("serves")


def test_a_manager_in_the_abstract_namespace_is_told():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0mpfcgi-tests-{os.getpid()}")
        Notifier({"NOTIFY_SOCKET": f"@mpfcgi-tests-{os.getpid()}"}, 1).stopping()
        assert manager.recv(100) == b"STOPPING=1"
