"""`mpfcgi frontend`."""

from click.testing import CliRunner

from mpfcgi.cli import main
from mpfcgi.frontend import CheckFailed


def run(tmp_path, *args, text="Listen unix:/run/m.sock\nServerName a.test\nDocumentRoot /srv/www\n"):
    file = tmp_path / "mpfcgi.conf"
    file.write_text(text)
    return CliRunner().invoke(main, ["frontend", *args, "-c", str(file)])


def test_it_prints_a_configuration(tmp_path):
    result = run(tmp_path, "nginx")
    assert result.exit_code == 0
    assert result.stdout.startswith("# Made by `mpfcgi frontend nginx` for mpfcgi.conf")
    assert "server unix:/run/m.sock;" in result.stdout


def test_what_the_checker_refuses_is_said_on_stderr(tmp_path, monkeypatch):
    def refuse(name, text):
        raise CheckFailed("line 3: no")

    monkeypatch.setattr("mpfcgi.frontend.check", refuse)
    result = run(tmp_path, "apache", "--check")
    assert (result.exit_code, result.stderr) == (1, "mpfcgi: apache refuses this configuration:\nline 3: no\n")


def test_a_configuration_without_a_socket_is_an_error(tmp_path):
    result = run(tmp_path, "caddy", text="ServerName a.test\n")
    assert result.exit_code == 1
    assert "no front-end could connect to the host a.test" in result.stderr


def test_an_unknown_server_is_wrong_usage(tmp_path):
    assert run(tmp_path, "iis").exit_code == 2
