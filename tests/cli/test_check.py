"""`mpfcgi check PATH`: the port helper's output and exit status."""

import json

import pytest
from click.testing import CliRunner

from mpfcgi.cli import main


def check(*arguments):
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.py"
    path.write_text("def handler(req):\n    print 'x'\n    req.headers_in.has_key('Host')\n")
    return path


def test_what_must_change_is_named_with_its_place_and_fails(old):
    result = check(old)
    assert result.exit_code == 1
    assert (
        f"{old}:2:5: must: print is a function, and does not write to the client; write req.write(text)"
        in result.output
    )
    assert "1 must change, 1 should, 0 to look at, in 1 files" in result.output


def test_what_only_should_change_does_not_fail(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("req.headers_in.has_key('Host')\n")
    assert check(path).exit_code == 0
    assert (check("--json", tmp_path).exit_code, json.loads(check("--json", tmp_path).output)[0]["severity"]) == (
        0,
        "should",
    )


def test_nothing_to_port_is_said(tmp_path):
    result = check(tmp_path)
    assert (result.exit_code, result.output) == (0, "nothing to port\n")


def test_findings_come_as_json(old):
    result = check("--json", old)
    assert result.exit_code == 1
    assert json.loads(result.output)[0] == {
        "file": str(old),
        "line": 2,
        "column": 5,
        "severity": "must",
        "pattern": "print",
        "message": "print is a function, and does not write to the client",
        "instead": "req.write(text)",
    }


def test_configuration_and_handlers_are_checked_together_on_demand(old, tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text(f"Listen unix:{tmp_path}/x.sock\n")
    result = check("-c", config, old)
    assert "right. Interpreters" in result.output
    assert (result.exit_code, "1 must change" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "text"), [(["--json"], "name a file or a folder"), (["/nowhere/at/all"], "does not exist")]
)
def test_wrong_usage_is_told_and_ends_with_2(arguments, text):
    result = check(*arguments)
    assert (result.exit_code, text in result.output) == (2, True)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    result = check(tmp_path)
    assert (result.exit_code, "No such file" in result.output) == (2, True)


def test_all_mistakes_of_a_configuration_are_shown(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text("Nonsense\nListen nonsense\nErrorLog /nowhere/at/all\n" + "Nonsense\n" * 30)
    result = check("-c", config)
    lines = result.output.splitlines()
    assert (result.exit_code, len(lines)) == (1, 20)
    assert [line.partition("mpfcgi.conf:")[2].partition(":")[0] for line in lines[:3]] == ["1", "2", "4"]
    assert lines[-1] == "mpfcgi: and 13 more"
    config.write_text("ErrorLog /nowhere/at/all\n<PythonPool a>\nUser nosuchuser\nWorkingDirectory no\n</PythonPool>\n")
    assert len(check("-c", config).output.splitlines()) == 3


def test_the_web_server_s_way_to_the_socket_is_checked(tmp_path):
    config = tmp_path / "mpfcgi.conf"
    config.write_text("AllowRoot On\nListen unix:closed/s mode=0600\n")
    (tmp_path / "closed").mkdir(mode=0o700)
    result = check("-c", config, "--as", "nobody")
    assert result.exit_code == 1
    assert f"chmod o+x {tmp_path}/closed" in result.output
    assert "mode=0660 group=" in result.output
    assert check("-c", config, "--as", "nosuchuser").output.endswith("there is no user nosuchuser\n")


def test_an_owner_or_a_group_of_a_socket_that_there_is_not_is_a_mistake(tmp_path):
    config = tmp_path / "m.conf"
    config.write_text(
        "AllowRoot On\nListen unix:a.sock group=no-such-group\nListen unix:b.sock acl_users=no-such-user\n"
    )
    result = CliRunner().invoke(main, ["check", "-c", str(config)])
    assert result.exit_code == 1
    assert f"{config}:2: there is no group 'no-such-group'" in result.output
    assert f"{config}:3: there is no user 'no-such-user'" in result.output


def test_the_folder_of_a_socket_that_nobody_will_make_is_warned_about(tmp_path):
    config = tmp_path / "m.conf"
    config.write_text("AllowRoot On\nListen unix:nowhere/a.sock\nListen unix:run/b.sock\nListen 127.0.0.1:9000\n")
    result = CliRunner().invoke(main, ["check", "-c", str(config)])
    assert result.exit_code == 0
    assert (
        f"warning: {config}:2: Listen unix:{tmp_path}/nowhere/a.sock: there is no folder {tmp_path}/nowhere"
        in result.output
    )
    assert result.output.count("there is no folder") == 1
