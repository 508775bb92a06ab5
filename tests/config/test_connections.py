"""`Listen ... connection`: which host, which interpreter, and what is wrong with a line."""

import pytest

from mpfcgi.config import ConfigError, Resolver, connection_interpreters, load_text, needs_router, static_interpreters

HOSTS = """\
ServerName main.test
Listen unix:/tmp/x.sock
<VirtualHost *>
    ServerName site.test
</VirtualHost>
<VirtualHost *:7000>
    ServerName echo.test
    PythonConnectionHandler echo
</VirtualHost>
<VirtualHost 127.0.0.1:7001>
    ServerName local.test
    PythonInterpreter lines
    PythonConnectionHandler lines::Handler.run
</VirtualHost>
"""


def test_a_line_is_for_the_first_host_of_its_address_and_port():
    config = load_text(HOSTS + "Listen 0.0.0.0:7000 connection\nListen 127.0.0.1:7001 connection\n")
    resolver = Resolver(config)
    assert [resolver.server_at(listen).name for listen in config.connection_listens] == ["echo.test", "local.test"]
    assert {name: len(lines) for name, lines in connection_interpreters(config).items()} == {"echo.test": 1, "lines": 1}


def test_hosts_of_connection_ports_need_no_workers_for_requests():
    config = load_text(
        HOSTS + "Listen 7000 connection\nListen 127.0.0.1:7001 connection\nPythonImport m lines\n"
        "<PythonPool echo.test>\nConnectionProcesses 9\n</PythonPool>\n"
    )
    assert static_interpreters(config) == ("site.test",)
    assert not needs_router(config)
    assert [listen.address for listen in config.fastcgi_listens] == ["/tmp/x.sock"]


def test_a_daemon_may_serve_connections_only():
    config = load_text("PythonConnectionHandler echo\nListen 7000 connection proxy_protocol\n")
    assert static_interpreters(config) == ()
    assert list(connection_interpreters(config)) == ["main_interpreter"]
    assert config.connection_listens[0].proxy_protocol


def test_the_main_servers_handler_serves_hosts_without_their_own():
    config = load_text(HOSTS.replace("    PythonConnectionHandler echo\n", "") + "PythonConnectionHandler any\n"
                       "Listen 7000 connection\nListen unix:/tmp/y.sock connection\n")  # fmt: skip
    assert list(connection_interpreters(config)) == ["echo.test", "site.test"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Listen 7002 connection", "no PythonConnectionHandler is there for the connections of 0.0.0.0:7002"),
        ("Listen 7000 proxy_protocol", "proxy_protocol is for connections"),
        ("<PythonPool x>\nListen 7000 connection\n</PythonPool>", "can't stand in <PythonPool>"),
        ("PythonConnectionHandler ::f", "takes a handler such as module or module::object"),
        ("PythonConnectionHandler a b", "takes one argument"),
    ],
)
def test_a_line_that_can_not_work_is_an_error(line, message):
    with pytest.raises(ConfigError) as error:
        load_text(HOSTS + line + "\n")
    assert message in str(error.value)


def test_a_handler_that_no_connection_reaches_is_reported():
    config = load_text(HOSTS + "Listen 7000 connection\n")
    assert [warning.partition(": ")[2][:42] for warning in config.warnings] == [
        "PythonConnectionHandler is never called: n"
    ]
