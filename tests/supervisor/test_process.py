import os
import signal
import sys

import pytest

from mpfcgi.supervisor import process


def ended(main, keep=()):
    """How a child that runs `main` ends, in words."""
    pid = process.fork("test", main, keep)
    return process.how_it_ended(os.waitpid(pid, 0)[1])


def raising(error):
    def main():
        # The one that pytest has put in place writes to a descriptor that the child does not have.
        sys.stderr = os.fdopen(2, "w", closefd=False)
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "how"),
    [
        (lambda: 0, "exited with status 0"),
        (lambda: 7, "exited with status 7"),
        (raising(SystemExit(4)), "exited with status 4"),
        (raising(SystemExit("a message")), "exited with status 1"),
        (raising(SystemExit()), "exited with status 0"),
        (raising(ValueError("on purpose")), "exited with status 70"),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "was killed by SIGSEGV"),
    ],
)
def test_a_child_ends_with_what_its_main_function_says(main, how, capfd):
    assert ended(main) == how
    assert ("ValueError: on purpose" in capfd.readouterr().err) == (how == "exited with status 70")


def test_a_child_has_the_descriptors_that_it_is_given_and_no_others():
    kept, other = os.pipe()

    def main():
        os.fstat(kept)
        try:
            os.fstat(other)
        except OSError:
            return 0
        return 1

    try:
        assert ended(main, [kept]) == "exited with status 0"
    finally:
        os.close(kept)
        os.close(other)


def test_signals_of_the_terminal_do_not_end_a_child():
    def main():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            os.kill(os.getpid(), number)
        return 0

    assert ended(main) == "exited with status 0"


def test_what_systemd_tells_its_service_is_not_told_to_a_child(monkeypatch):
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    assert ended(lambda: "LISTEN_FDS" in os.environ or "NOTIFY_SOCKET" in os.environ) == "exited with status 0"
    assert os.environ["LISTEN_FDS"] == "1"
