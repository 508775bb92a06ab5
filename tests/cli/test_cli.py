import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mpfcgi import places
from mpfcgi.cli import main
from mpfcgi.cli.common import find_config

ROOT = Path(__file__).parents[2]


def cli(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def program(*args, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "mpfcgi", *map(str, args)], cwd=folder, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.fixture
def serving(tmp_path):
    """Start `mpfcgi serve` on a folder; its address. It is stopped with Ctrl-C and must end well."""
    started = []

    def start(folder, *args):
        process = program("serve", folder, "--bind", "127.0.0.1:0", *args, folder=tmp_path)
        started.append(process)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("mpfcgi serves"):
                return line.split("://")[1].split("/")[0]
        raise AssertionError("".join(lines))

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
        assert "Traceback" not in output


def get(address, path):
    client = http.client.HTTPConnection(address, timeout=20)
    client.request("GET", path)
    answer = client.getresponse()
    with client:
        return answer.status, answer.read().decode()


# http.client's connections have no `with` of their own.
http.client.HTTPConnection.__enter__ = lambda self: self
http.client.HTTPConnection.__exit__ = lambda self, *error: self.close()


@pytest.mark.parametrize("command", [[], ["run"], ["check"], ["serve"], ["request"]])
def test_every_command_has_help(command):
    result = cli(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["request"],
        ["serve", "--bind", "nonsense"],
        ["serve", "--workers", "0"],
        ["request", "-c", "{conf}", "/", "-H", "no colon"],
    ],
)
def test_wrong_usage_is_2(args, tmp_path):
    conf = tmp_path / "m.conf"
    conf.write_text("Listen unix:s\n")
    assert cli(*(arg.format(conf=conf) for arg in args)).exit_code == 2


def test_a_right_configuration_is_said_to_be_right_with_its_warnings(tmp_path):
    (tmp_path / "m.conf").write_text("Listen unix:s\nServerName www.example.com\nKeepAliveTimeout 5\n")
    result = cli("check", "-c", tmp_path / "m.conf")
    assert result.exit_code == 0
    assert "www.example.com" in result.output
    assert "KeepAliveTimeout" in result.output


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_mistake_is_one_line_with_its_place(command, tmp_path):
    (tmp_path / "m.conf").write_text("\nLisen unix:s\n")
    result = cli(command, "-c", tmp_path / "m.conf")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"{tmp_path}/m.conf:2" in result.stderr
    assert "Listen" in result.stderr


@pytest.mark.parametrize("line", ["LogFormat %z", "CustomLog access.log %{x}p", "ErrorLogFormat %z"])
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_format_that_is_none_is_a_mistake(command, line, tmp_path):
    (tmp_path / "m.conf").write_text(f"Listen unix:s\n{line}\n")
    result = cli(command, "-c", tmp_path / "m.conf")
    assert result.exit_code == 1
    assert f"{tmp_path}/m.conf:2" in result.stderr


@pytest.mark.parametrize("command", [["check"], ["run"], ["request", "/"]])
def test_a_configuration_that_is_not_there_is_one_line(command, tmp_path):
    result = cli(command[0], "-c", tmp_path / "none.conf", *command[1:])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "none.conf" in result.stderr


def test_without_c_the_usual_places_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "mpfcgi").mkdir(parents=True)
    (tmp_path / "home" / "mpfcgi" / "mpfcgi.conf").write_text("Listen unix:s\nServerName of.home\n")
    assert "of.home" in cli("check").output
    (tmp_path / "mpfcgi.conf").write_text("Listen unix:s\nServerName of.here\n")
    assert "of.here" in cli("check").output


def test_a_name_can_be_defined(tmp_path):
    (tmp_path / "m.conf").write_text("Listen unix:s\n<IfDefine Big>\nServerName big.example\n</IfDefine>\n")
    assert "big.example" in cli("check", "-c", tmp_path / "m.conf", "-D", "Big").output
    assert "big.example" not in cli("check", "-c", tmp_path / "m.conf").output


def test_run_wants_somewhere_to_listen(tmp_path):
    (tmp_path / "m.conf").write_text("ServerName a\n")
    result = cli("run", "-c", tmp_path / "m.conf")
    assert result.exit_code == 1
    assert "Listen" in result.stderr


def test_run_says_when_another_daemon_has_the_socket(tmp_path):
    (tmp_path / "m.conf").write_text("Listen unix:s\n")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "s"))
        other.listen()
        result = cli("run", "-c", tmp_path / "m.conf")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"process {os.getpid()} (" in result.stderr


def test_a_request_without_a_daemon_says_so(tmp_path):
    (tmp_path / "m.conf").write_text("Listen unix:s\n")
    result = cli("request", "-c", tmp_path / "m.conf", "/")
    assert result.exit_code == 1
    assert "is the daemon running?" in result.stderr


@pytest.mark.parametrize("make", [None, "file"])
def test_serve_wants_a_folder(make, tmp_path):
    target = tmp_path / "x"
    if make:
        target.write_text("")
    result = cli("serve", target, "--bind", "127.0.0.1:0")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_serve_says_when_the_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = cli("serve", tmp_path, "--bind", f"127.0.0.1:{other.getsockname()[1]}")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "in use" in result.stderr


def test_serve_says_what_is_wrong_with_the_folders_own_configuration(tmp_path):
    (tmp_path / "mpfcgi.conf").write_text("Nonsense\n")
    result = cli("serve", tmp_path, "--bind", "127.0.0.1:0")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "mpfcgi.conf:1" in result.stderr


def test_a_bare_folder_is_served(serving, tmp_path):
    site = tmp_path / 'a "site" 100%'
    site.mkdir()
    (site / "hello.py").write_text(
        'def index(name="World"):\n    return f"Hello {name}!"\n\ndef other():\n    return "another page"\n'
    )
    (site / "LICENSE").write_text("no suffix")
    (site / "page.txt").write_text("plain")
    address = serving(site)
    assert get(address, "/hello.py?name=Ada") == (200, "Hello Ada!")
    assert get(address, "/hello?name=Ada") == (200, "Hello Ada!")
    assert get(address, "/hello/other") == (200, "another page")
    assert get(address, "/LICENSE") == (200, "no suffix")
    assert get(address, "/page.txt") == (200, "plain")
    assert "page.txt" in get(address, "/")[1]
    assert get(address, "/missing")[0] == 404
    (site / "hello.py").write_text('def index():\n    return "changed"\n')
    assert get(address, "/hello.py") == (200, "changed")


def test_a_folder_is_served_by_its_own_configuration(serving, tmp_path):
    site = tmp_path / "site"
    (site / "htdocs").mkdir(parents=True)
    (site / "htdocs" / "a.txt").write_text("from htdocs")
    (site / "mpfcgi.conf").write_text(
        "ServerName localhost\nDocumentRoot htdocs\n<Directory htdocs>\nRequire all granted\n</Directory>\n"
    )
    assert get(serving(site), "/a.txt") == (200, "from htdocs")


def test_password_files_of_a_bare_folder_are_not_sent(serving, tmp_path):
    (tmp_path / ".htpasswd").write_text("ada:secret")
    assert get(serving(tmp_path), "/.htpasswd")[0] == 403


def test_connections_and_optimization_of_the_folders_configuration_are_served(serving, tmp_path):
    (tmp_path / "mpfcgi.conf").write_text(
        f"PythonOptimize On\nDocumentRoot {tmp_path}\nErrorLog stderr\nListen unix:talk.sock connection\n"
        f"PythonPath \"['{tmp_path}'] + sys.path\"\nPythonConnectionHandler talk\n"
    )
    (tmp_path / "talk.py").write_text("def connectionhandler(conn):\n    conn.write(repr(__debug__))\n    return 0\n")
    serving(tmp_path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(tmp_path / "talk.sock"))
        assert sock.recv(100) == b"False"


def test_run_and_request_meet(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "echo.py").write_text(
        "def index(req, a=''):\n    return f'{req.method} {req.hostname} {a} {req.headers_in.get(\"X-Y\")}'\n"
    )
    (tmp_path / "mpfcgi.conf").write_text(
        "Listen unix:s\nServerName localhost\nDocumentRoot site\n<PythonPool *>\nMaxProcesses 1\n</PythonPool>\n"
        "<Directory site>\nRequire all granted\nAddHandler mod_python .py\nPythonHandler mod_python.publisher\n"
        "</Directory>\n"
    )
    daemon = program("run", folder=tmp_path)
    try:
        line = daemon.stdout.readline()
        assert "mpfcgi started" in line
        config = ["request", "-c", tmp_path / "mpfcgi.conf"]
        result = cli(*config, "/echo.py?a=b", "-H", "X-Y: z", "--host", "h:81")
        assert (result.exit_code, result.stdout) == (0, "GET h b z")
        result = cli(*config, "/echo.py", "-d", "a=c", "-H", "Content-Type: application/x-www-form-urlencoded")
        assert result.stdout.startswith("POST localhost c")
        result = cli(*config, "/none", "-i")
        assert result.exit_code == 1
        assert result.stdout.startswith("404 Not Found\n")
    finally:
        daemon.terminate()
        daemon.communicate(timeout=30)
    assert daemon.returncode == 0


def test_psp_pages_of_a_bare_folder_run_and_show_themselves(serving, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.psp").write_text("<% import helper %><b><%= helper.value %></b>")
    (site / "helper.py").write_text("value = 6 * 7")
    (site / "page.v2.psp").write_text("<%= 'two dots' %>")
    address = serving(site)
    assert get(address, "/") == (200, "<b>42</b>")
    assert get(address, "/page.v2.psp") == (200, "two dots")
    assert "helper.value" in get(address, "/index.psp_")[1]
    assert get(address, "/nosuch.psp")[0] == 404


def test_the_pages_of_the_example_site_answer(serving):
    address = serving(ROOT / "examples")
    assert "The time is 2" in get(address, "/psp/time.psp")[1]
    assert "<td>5</td><td>25</td>" in get(address, "/psp/table.psp")[1]
    assert "req.write(str(&nbsp;n&nbsp;*&nbsp;n&nbsp;),0)" in get(address, "/psp/table.psp_")[1]
    assert "= 42" in get(address, "/psp/divide.psp")[1]
    status, page = get(address, "/psp/divide.psp?a=1&b=0")
    assert (status, "ZeroDivisionError" in page) == (200, True)
    assert "<h1>Hello, world!</h1>" in get(address, "/template/hello.py")[1]
    assert "<code>/some/path</code>" in get(address, "/wsgi/some/path")[1]
    assert "Request input headers" in get(address, "/test/page")[1]


def test_the_system_s_configuration_is_not_started_by_those_who_could_not(tmp_path, monkeypatch):
    (tmp_path / "system.conf").write_text("Listen unix:x.sock\n")
    monkeypatch.setattr(places, "SYSTEM", str(tmp_path / "system.conf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("MPFCGI_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert find_config(None) == str(tmp_path / "system.conf")
    for user, found in ((4711, "made"), (0, str(tmp_path / "system.conf"))):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert find_config(None, lambda: "made") == found
