import errno
import os
import socket
import stat

import pytest

from mpfcgi.config import ConfigError, Listen
from mpfcgi.supervisor import access_list
from mpfcgi.supervisor import listeners as listeners_module
from mpfcgi.supervisor.listeners import Listeners


@pytest.fixture
def listeners():
    opened = Listeners()
    yield opened
    opened.close()


def unix(folder, **more):
    return Listen("unix", str(folder / "s"), **more)


def test_a_unix_socket_has_its_mode_and_is_removed_at_the_end(listeners, tmp_path):
    listeners.adopt([unix(tmp_path, mode=0o600, group=str(os.getgid()))])
    assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o600
    listeners.close()
    assert not (tmp_path / "s").exists()


def test_a_socket_that_a_dead_process_left_is_replaced(listeners, tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    listeners.adopt([unix(tmp_path)])
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))


def test_a_live_socket_is_left_alone(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    with pytest.raises(ConfigError, match=rf"process {os.getpid()} \(.+\) does"):
        Listeners().adopt([unix(tmp_path)])
    assert (tmp_path / "s").exists()


def test_a_file_is_never_removed(listeners, tmp_path):
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ConfigError, match="no socket"):
        listeners.adopt([unix(tmp_path)])
    assert (tmp_path / "s").read_text() == "precious"


def test_another_daemons_socket_in_our_place_is_not_removed(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    os.unlink(tmp_path / "s")
    (tmp_path / "s").write_text("another")
    listeners.close()
    assert (tmp_path / "s").exists()


def test_sockets_are_kept_by_their_address(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    before = listeners.of([unix(tmp_path)])
    listeners.adopt([unix(tmp_path, backlog=7)])
    listeners.keep_only([unix(tmp_path)])
    assert listeners.of([unix(tmp_path)]) == before


def test_when_one_can_not_be_opened_none_is(listeners, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        listeners.adopt([unix(tmp_path), Listen("unix", str(tmp_path / "nowhere" / "s"))])
    assert not (tmp_path / "s").exists()


def test_an_open_socket_gets_the_rights_that_its_line_has_now(listeners, tmp_path):
    listeners.adopt([unix(tmp_path, mode=0o600)])
    listeners.adopt([unix(tmp_path, mode=0o666)])
    assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o666


def test_what_another_daemon_has_put_in_our_place_keeps_its_rights(listeners, tmp_path):
    listeners.adopt([unix(tmp_path, mode=0o600)])
    os.unlink(tmp_path / "s")
    (tmp_path / "s").touch(0o644)
    with pytest.raises(ConfigError, match="is there and is no socket"):
        listeners.adopt([unix(tmp_path, mode=0o666)])
    assert stat.S_IMODE(os.stat(tmp_path / "s").st_mode) == 0o644


def test_when_the_rights_of_one_are_wrong_no_other_is_opened(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    with pytest.raises(ConfigError, match="no user 'no-such-user'"):
        listeners.adopt([unix(tmp_path, owner="no-such-user"), Listen("unix", str(tmp_path / "other"))])
    assert not (tmp_path / "other").exists()
    assert (tmp_path / "s").exists()


def test_an_ipv6_address_is_listened_on(listeners):
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("this machine has no IPv6")
    listen = Listen("tcp", "[::1]:0")
    listeners.adopt([listen])
    socket.create_connection(listeners.of([listen])[0].getsockname()[:2]).close()


def test_an_unknown_group_is_an_error(listeners, tmp_path):
    with pytest.raises(ConfigError, match="no group 'no-such-group'"):
        listeners.adopt([unix(tmp_path, group="no-such-group")])


def test_tcp_and_inherited_descriptors(listeners):
    with socket.create_server(("127.0.0.1", 0)) as given:
        listens = [Listen("tcp", "127.0.0.1:0"), Listen("fd", str(given.fileno()))]
        listeners.adopt(listens)
        for sock in listeners.of(listens):
            socket.create_connection(sock.getsockname()).close()
        listeners.close()
        socket.create_connection(given.getsockname()).close()


def test_a_descriptor_that_does_not_listen_is_an_error(listeners):
    with socket.socket() as deaf, pytest.raises(ConfigError, match="no listening socket"):
        listeners.adopt([Listen("fd", str(deaf.fileno()))])


def test_a_descriptor_that_nobody_opened_is_an_error(listeners):
    with pytest.raises(ConfigError, match=r"fd:987654: the descriptor is no listening socket \(who starts mpfcgi"):
        listeners.adopt([Listen("fd", "987654")])


def test_a_socket_whose_file_was_replaced_is_opened_anew_or_said_to_be_something_else(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    os.unlink(tmp_path / "s")
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ConfigError, match="is there and is no socket"):
        listeners.adopt([unix(tmp_path)])
    os.unlink(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    listeners.adopt([unix(tmp_path)])
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))


def test_a_socket_whose_file_was_removed_is_opened_anew(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    (tmp_path / "s").unlink()
    listeners.adopt([unix(tmp_path)])
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "s"))
        listeners.of([unix(tmp_path)])[0].accept()[0].close()


def test_one_whose_file_was_removed_is_kept_when_another_can_not_be_opened(listeners, tmp_path):
    listeners.adopt([unix(tmp_path)])
    before = listeners.of([unix(tmp_path)])
    (tmp_path / "s").unlink()
    with pytest.raises(ConfigError):
        listeners.adopt([unix(tmp_path), Listen("unix", str(tmp_path / "nowhere" / "s"))])
    assert listeners.of([unix(tmp_path)]) == before


def test_a_missing_folder_is_an_error_that_says_to_make_it(listeners, tmp_path):
    with pytest.raises(ConfigError, match=rf"No such file or directory \(make the folder {tmp_path}/sockets first\)"):
        listeners.adopt([Listen("unix", f"{tmp_path}/sockets/s")])


def test_a_missing_run_folder_is_made_and_others_may_pass(listeners, tmp_path):
    before = os.umask(0o077)
    try:
        listeners.adopt([Listen("unix", f"{tmp_path}/run/s")])
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o755


def test_a_port_that_is_taken_is_an_error_that_says_by_whom_it_may_be(listeners):
    running = pytest.raises(ConfigError, match=r"in use \(is mpfcgi running already\?\)")
    with socket.create_server(("127.0.0.1", 0)) as taken, running:
        listeners.adopt([Listen("tcp", f"127.0.0.1:{taken.getsockname()[1]}")])


def test_a_group_that_can_not_be_given_is_an_error_and_leaves_no_file(listeners, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(ConfigError, match=r"can't give .+/s to group 0 \(only root may, and for a group its members"):
        listeners.adopt([unix(tmp_path, group="0")])
    assert not (tmp_path / "s").exists()


def test_a_unix_socket_has_its_access_control_list_until_a_reload_takes_it_away(listeners, tmp_path):
    path = str(tmp_path / "s")
    listeners.adopt([unix(tmp_path, mode=0o600, acl_users=("nobody",), acl_groups=("0", "1"))])
    assert access_list.has_list(path)
    listeners.adopt([unix(tmp_path, mode=0o600)])
    assert not access_list.has_list(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_where_there_are_no_access_control_lists_it_says_what_to_do(listeners, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    with pytest.raises(ConfigError, match=r"has no access control lists .+ or write mode=0666\)"):
        listeners.adopt([unix(tmp_path, acl_users=("nobody",))])
    assert not (tmp_path / "s").exists()


def test_of_daemons_that_start_in_the_same_moment_one_has_the_socket(tmp_path):
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "s"))
        begin, told = os.pipe(), os.pipe()
        children = [_adopts_when_told(unix(tmp_path), begin, told) for _ in range(3)]
        os.close(begin[0])
        os.close(begin[1])
        # One has it and keeps it until its input ends; the others have ended.
        said = b"".join(os.read(told[0], 1) for _ in children)
        try:
            assert sorted(said) == sorted(b"100")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / "s"))
        finally:
            os.close(told[1])
            for _, line in children:
                os.close(line)
            for pid, _ in children:
                os.waitpid(pid, 0)
            os.close(told[0])
        assert not (tmp_path / "s").exists()


def _adopts_when_told(listen, begin, told):
    """A process that opens the socket when `begin` ends, writes 1 or 0 to `told`, and closes it when its line ends."""
    line = os.pipe()
    pid = os.fork()
    if pid:
        os.close(line[0])
        return pid, line[1]
    os.closerange(line[1], line[1] + 1)
    os.close(begin[1])
    # What comes between bind() and listen(): long enough for the others to come in between.
    listeners_module._set_rights = lambda listen: [os.sched_yield() for _ in range(2000)]
    os.read(begin[0], 1)
    listeners = Listeners()
    try:
        listeners.adopt([listen])
        os.write(told[1], b"1")
        os.read(line[0], 1)
    except BaseException:
        os.write(told[1], b"0")
    finally:
        listeners.close()
        os._exit(0)


def test_at_the_end_the_file_goes_before_anybody_could_take_the_address(listeners, tmp_path, monkeypatch):
    listeners.adopt([unix(tmp_path)])
    unlink, answers = os.unlink, []

    def connect_and_unlink(path):
        with socket.socket(socket.AF_UNIX) as client:
            answers.append(client.connect_ex(path))
        unlink(path)

    monkeypatch.setattr(os, "unlink", connect_and_unlink)
    listeners.close()
    assert answers == [0]
