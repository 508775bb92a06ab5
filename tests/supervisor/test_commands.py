import os
import signal

import pytest

from mpfcgi.supervisor.commands import Command, Commands


@pytest.fixture
def commands():
    watched = Commands()
    yield watched
    watched.close()


def test_signals_become_commands_in_their_order(commands):
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        os.kill(os.getpid(), number)
    assert commands.take() == [Command.RELOAD, Command.STOP, Command.REOPEN, Command.STOP]
    assert commands.take() == []


def test_the_handlers_from_before_are_put_back():
    before = signal.getsignal(signal.SIGHUP)
    Commands().close()
    assert signal.getsignal(signal.SIGHUP) is before
