"""Where a daemon's PID file and control socket are."""

import os

import pytest

from mpfcgi.config import ConfigError, load, load_text, runtime


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MPFCGI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_configuration_of_the_layout_has_its_plain_name(home):
    home.mkdir()
    (home / "mpfcgi.conf").write_text("")
    config = load(str(home / "mpfcgi.conf"))
    assert config.pid_file == str(home / "run" / "mpfcgi.pid")
    assert config.control_socket == str(home / "run" / "mpfcgi.ctl")


def test_two_configurations_of_the_same_name_have_two_daemons(tmp_path, home):
    sockets = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "site.conf").write_text("")
        config = load(str(tmp_path / folder / "site.conf"))
        assert os.path.basename(config.control_socket).startswith("site-")
        sockets.add(config.control_socket)
    assert len(sockets) == 2


def test_lines_name_them_from_the_server_root():
    config = load_text("ServerRoot /srv\nPidFile run/x.pid\nControlSocket run/x.ctl")
    assert (config.pid_file, config.control_socket) == ("/srv/run/x.pid", "/srv/run/x.ctl")
    assert config.control_configured


def test_the_control_socket_can_be_off():
    assert load_text("ControlSocket off").control_socket == ""


def test_a_socket_path_that_is_too_long_is_an_error_where_it_is_named_and_none_where_it_is_not(monkeypatch):
    with pytest.raises(ConfigError, match="at most 107 bytes"):
        load_text("ControlSocket /" + "x" * 120)
    monkeypatch.setenv("MPFCGI_HOME", "/" + "x" * 120)
    assert load_text("").control_socket == ""


def test_a_front_end_can_reach_a_socket_in_a_folder_that_was_made_for_ours_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        runtime.make_folder(str(tmp_path / "run" / "x.pid"))
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o711


@pytest.mark.parametrize("what", ["/dev/null", "pipe", "folder", "missing/../../../../../../dev/null"])
def test_what_is_there_and_is_no_file_is_not_taken_for_a_pid_file(tmp_path, what):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "missing").mkdir()
    with pytest.raises(ConfigError, match=r"c.conf:2: PidFile: .+ is there and is no file"):
        load_text(f"ServerRoot {tmp_path}\nPidFile {what}", "c.conf")


@pytest.mark.parametrize("what", ["/dev/null", "pipe", "file"])
def test_what_is_there_and_is_no_socket_is_not_taken_for_a_control_socket(tmp_path, what):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"c.conf:2: ControlSocket: .+ is there and is no socket"):
        load_text(f"ServerRoot {tmp_path}\nControlSocket {what}", "c.conf")
