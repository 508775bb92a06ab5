"""The answers that the supervisor gives its router."""

import socket
from types import SimpleNamespace

from mpfcgi.config import ConfigError, load_text
from mpfcgi.ipc import handoff
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.supervisor.log import Log
from mpfcgi.supervisor.router_handle import RouterCrew


def test_a_pool_that_can_not_be_any_more_is_no_end_of_the_supervisor(tmp_path):
    """As when its user was deleted after the start."""
    config = load_text("Listen unix:x.sock\n", "test.conf", server_root=str(tmp_path))
    crew = RouterCrew(config, [], handoff.queue_pair(), Log(str(tmp_path / "log")), Scoreboard(1))
    channel, router = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def gone(name):
        raise ConfigError(f"User {name}: there is no such user")

    router.send(b"alice")
    crew.answer(SimpleNamespace(channel=channel), gone)
    assert handoff.receive_descriptors(router, 100, 2) == (b"alice", [])
    assert (
        "[pool alice] its queue can't be given to the router: User alice: there is no such user"
        in (tmp_path / "log").read_text()
    )
