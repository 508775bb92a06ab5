"""Lines for the system's log."""

import os
import socket

import pytest

from mpfcgi.config import ConfigError, load_text
from mpfcgi.ipc import syslog
from mpfcgi.supervisor.log import open_log
from tests.support.cycle import Site


@pytest.fixture
def logger(tmp_path, monkeypatch):
    """A logger's socket, in the place of /dev/log."""
    monkeypatch.setattr(syslog, "ADDRESS", str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "log"))
        sock.settimeout(20)
        yield sock


def test_a_line_has_its_priority_its_tag_and_its_process(logger):
    syslog.Syslog("syslog:local1:site").write(3, b"it broke\n")
    assert logger.recv(1000) == b"<%d>site[%d]: it broke" % (17 * 8 + 3, os.getpid())


def test_without_a_facility_it_is_local7_as_with_apache(logger):
    syslog.Syslog("syslog").write(6, b"hello")
    assert logger.recv(1000).startswith(b"<%d>mpfcgi[" % (23 * 8 + 6))


def test_a_restarted_logger_is_found_again(logger, tmp_path):
    log = syslog.Syslog("syslog")
    log.write(3, b"one")
    logger.recv(1000)
    os.unlink(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(str(tmp_path / "log"))
        again.settimeout(20)
        logger.close()
        log.write(3, b"two")
        assert again.recv(1000).endswith(b": two")


def test_without_a_logger_writing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(syslog, "ADDRESS", str(tmp_path / "none"))
    with pytest.raises(OSError, match="No such file"):
        syslog.Syslog("syslog").write(3, b"x")


def test_a_facility_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"does not know the facility 'local9' of syslog: one of kern, .*local7"):
        load_text("ErrorLog syslog:local9")


def test_the_lines_of_requests_go_there_without_a_time_and_with_their_level(logger, tmp_path):
    fails = "def handler(req):\n    raise ValueError('on purpose')\n"
    site = Site(
        tmp_path,
        "ErrorLog syslog:user\n<Directory ROOT>\nSetHandler mod_python\nPythonHandler fails\n</Directory>",
        fails=fails,
    )
    site.get("/fails.py")
    lines = [logger.recv(9000) for _ in range(2)]
    assert lines[0].startswith(b"<%d>mpfcgi[%d]: [:error] [pid" % (8 + 3, os.getpid()))


def test_the_supervisors_lines_go_there_too(logger):
    open_log(load_text("ErrorLog syslog:daemon")).notice("started")
    assert logger.recv(1000) == b"<%d>mpfcgi[%d]: [mpfcgi:notice] [pid %d] started" % (24 + 5, os.getpid(), os.getpid())
