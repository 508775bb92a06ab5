"""What front-ends are told of a configuration."""

import pytest

from mpfcgi.config import ConfigError, load_text
from mpfcgi.frontend import deployment
from mpfcgi.frontend.model import Address, Tls

LISTEN = "Listen unix:/run/m.sock\n"


def sites(text):
    return {site.name: site for site in deployment(load_text(LISTEN + text, server_root="/srv")).sites}


def test_hosts_have_their_names_addresses_and_roots():
    site = sites(
        "<VirtualHost *:8080 10.0.0.1:81>\nServerName a.test\nServerAlias b.test *.b.test\nDocumentRoot www\n</VirtualHost>\n"
    )["a.test"]
    assert (site.names, site.wild, site.root) == (("a.test", "b.test"), ("*.b.test",), "/srv/www")
    assert site.addresses == (Address("", 8080), Address("10.0.0.1", 81))


def test_without_virtual_hosts_there_is_the_main_one_at_the_port_of_its_name():
    assert sites("ServerName a.test:8000\n")["a.test"].addresses == (Address("", 8000),)
    assert sites("ServerName a.test\n")["a.test"].addresses == (Address("", 80),)


def test_the_first_host_of_an_address_answers_for_unknown_names():
    found = sites(
        "<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n<VirtualHost *:80 *:81>\nServerName b.test\n</VirtualHost>\n"
    )
    assert found["a.test"].default_at == {Address("", 80)}
    assert found["b.test"].default_at == {Address("", 81)}


def test_hosts_of_raw_connections_are_no_front_ends_business():
    text = "Listen 127.0.0.1:7000 connection\n<VirtualHost *:7000>\nServerName c.test\nPythonConnectionHandler echo\n</VirtualHost>\n"
    assert set(sites(text + "<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n")) == {"a.test"}


def test_a_pools_own_socket_serves_its_host():
    text = 'Listen 0.0.0.0:9000\n<PythonPool "own.test">\nListen unix:/run/own.sock\n</PythonPool>\n'
    hosts = "".join(f"<VirtualHost *>\nServerName {name}.test\n</VirtualHost>\n" for name in ("a", "own"))
    found = deployment(load_text(text + hosts))
    assert [(site.name, site.backend.family, site.backend.address) for site in found.sites] == [
        ("a.test", "tcp", "127.0.0.1:9000"),
        ("own.test", "unix", "/run/own.sock"),
    ]
    assert [backend.name for backend in found.backends] == ["mpfcgi", "mpfcgi_2"]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", 0),
        ("LimitRequestBody 5M\n", 5 << 20),
        ("LimitRequestBody 5M\n<Location /up>\nLimitRequestBody 9M\n</Location>\n", 9 << 20),
        ("LimitRequestBody 5M\n<Location /up>\nLimitRequestBody 0\n</Location>\n", 0),
        ("LimitRequestBody 5M\n<Directory /srv>\nAllowOverride All\n</Directory>\n", 0),
    ],
)
def test_the_front_ends_limit_refuses_nothing_that_the_daemon_would_take(text, limit):
    assert sites(text)[""].body_limit == limit


@pytest.mark.parametrize(
    ("pools", "patience"),
    [
        ("", 3600),
        ('<PythonPool "*">\nRequestTimeout 60s\n</PythonPool>\n', 60 + 30 + 5 + 5),
        ('<PythonPool "*">\nRequestTimeout 60s\nQueueTimeout 10s\nInterruptTimeout 1s\n</PythonPool>\n', 76),
        ('<PythonPool "*">\nRequestTimeout 60s\n</PythonPool>\n<PythonPool "/slow*">\n</PythonPool>\n', 3600),
        ('<PythonPool "/slow*">\nRequestTimeout 60s\n</PythonPool>\n', 3600),
    ],
)
def test_the_front_end_waits_longer_than_the_daemon(pools, patience):
    assert deployment(load_text(LISTEN + "ServerName a.test\n" + pools)).patience == patience


def test_certificates_are_those_of_the_hosts_own_lines():
    tls = "SSLEngine On\nSSLCertificateFile /etc/a.pem\nSSLCertificateKeyFile /etc/a.key\n"
    text = f"<VirtualHost *:443>\nServerName a.test\n{tls}</VirtualHost>\n<VirtualHost *:80>\nServerName b.test\n</VirtualHost>\n"
    found = sites(text)
    assert found["a.test"].tls == Tls("/etc/a.pem", "/etc/a.key")
    assert found["b.test"].tls is None


def test_a_host_with_tls_needs_a_certificate():
    with pytest.raises(ConfigError, match=r"SSLEngine On and no certificate.*SSLCertificateFile"):
        sites("<VirtualHost *:443>\nServerName a.test\nSSLEngine On\n</VirtualHost>\n")


@pytest.mark.parametrize(
    "text", ["", "Listen fd:3\n", "Listen 127.0.0.1:7000 connection\nPythonConnectionHandler echo\n"]
)
def test_without_an_address_to_connect_to_there_is_a_clear_error(text):
    with pytest.raises(ConfigError, match=r"no front-end could connect.*Listen unix:"):
        deployment(load_text(text))
