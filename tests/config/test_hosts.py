import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import Resolver, load_text
from mpfcgi.config import hosts as hosts_module
from mpfcgi.config.hosts import Hosts, Names, bare_name
from tests.support.counted import Counted

CONFIG = """
<VirtualHost *:80>
    ServerName one.test
    ServerAlias *.wild.test
</VirtualHost>
<VirtualHost *:80>
    ServerName two.test
    ServerAlias exact.wild.test
</VirtualHost>
<VirtualHost 127.0.0.2:80>
    ServerName three.test
    ServerAlias one.test
</VirtualHost>
<VirtualHost *:81>
    ServerName four.test
    ServerAlias four.* a?c.test
</VirtualHost>
<VirtualHost *:81>
    ServerName four.test:99
</VirtualHost>
<VirtualHost [::1]:82>
    ServerName six.test
</VirtualHost>
"""


def find(host, port="80", address="127.0.0.1", text=CONFIG, server_name=""):
    config = load_text(text)
    server = Resolver(config).server_for(host, server_name, port, address)
    return config.vhosts.index(server) + 1 if server in config.vhosts else 0


# Recorded from Apache 2.4.71 with this configuration.
@pytest.mark.parametrize(
    ("host", "address", "port", "number"),
    [
        ("one.test", "127.0.0.1", "80", 1),
        ("ONE.test.", "127.0.0.1", "80", 1),
        ("one.test:99", "127.0.0.1", "80", 1),
        ("exact.wild.test", "127.0.0.1", "80", 1),
        ("a.b.wild.test", "127.0.0.1", "80", 1),
        ("wild.test", "127.0.0.1", "80", 1),
        ("two.test", "127.0.0.1", "80", 2),
        ("none", "127.0.0.1", "80", 1),
        ("three.test", "127.0.0.1", "80", 1),
        ("one.test", "127.0.0.2", "80", 3),
        ("two.test", "127.0.0.2", "80", 3),
        ("none", "127.0.0.2", "80", 3),
        ("four.test", "127.0.0.1", "81", 4),
        ("four.test:99", "127.0.0.1", "81", 4),
        ("four.x.y", "127.0.0.1", "81", 4),
        ("abc.test", "127.0.0.1", "81", 4),
        ("a.c.test", "127.0.0.1", "81", 4),
        ("one.test", "127.0.0.1", "81", 4),
        ("none", "127.0.0.1", "81", 4),
    ],
)
def test_hosts_are_chosen_as_apache_chooses(host, address, port, number):
    assert find(host, port, address) == number


def test_addresses_are_compared_as_addresses():
    assert find("none", "82", "0:0:0:0:0:0:0:1") == 6


def test_where_no_host_has_the_address_names_of_all_are_looked_at():
    assert find("two.test", "8443", "10.0.0.1") == 2
    assert find("none", "8443", "10.0.0.1") == 1


def test_without_a_host_header_the_front_ends_server_name_is_used():
    assert find("", server_name="two.test") == 2


def test_without_virtual_hosts_the_main_server_answers():
    assert find("anything", text="ServerName main.test") == 0


def test_a_host_without_a_name_is_not_found_by_an_empty_one():
    text = "<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n<VirtualHost *:80>\n</VirtualHost>"
    assert find("", text=text) == 1


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.test", "a.test"),
        ("a.test:80", "a.test"),
        ("a.test.", "a.test"),
        ("[::1]:80", "[::1]"),
        (" a ", "a"),
        ("", ""),
    ],
)
def test_a_host_header_is_stripped_to_its_name(host, name):
    assert bare_name(host) == name


def test_the_cost_of_a_name_does_not_grow_with_the_number_of_hosts():
    def comparisons(count):
        text = "".join(
            f"<VirtualHost *:80>\nServerName h{i}.test\nServerAlias *.w{i}.test\n</VirtualHost>\n" for i in range(count)
        )
        names = Names(load_text(text).vhosts)
        Counted.compared = 0
        assert names.find(Counted(f"h{count - 1}.test")) is names.hosts[-1]
        assert names.find(Counted(f"x.w{count - 1}.test")) is names.hosts[-1]
        assert names.find(Counted("nobody.test")) is None
        assert not names._wild
        return Counted.compared

    assert comparisons(2000) <= comparisons(2) + 3


def test_the_hosts_of_an_address_are_worked_out_once(monkeypatch):
    asked = []
    rank = hosts_module._rank
    monkeypatch.setattr(hosts_module, "_rank", lambda *args: asked.append(args) or rank(*args))
    config = load_text("".join(f"<VirtualHost *:80>\nServerName h{i}\n</VirtualHost>\n" for i in range(100)))
    hosts = Hosts(config.main, config.vhosts)
    for i in range(100):
        assert hosts.find(f"h{i}", "", "80", "127.0.0.1") is config.vhosts[i]
    assert len(asked) == 100


def test_unknown_names_do_not_fill_the_memory():
    config = load_text("<VirtualHost *:80>\n</VirtualHost>")
    hosts = Hosts(config.main, config.vhosts)
    for i in range(hosts_module.CACHE_SIZE + 10):
        hosts.find(f"x{i}", "", str(i), "127.0.0.1")
    assert len(hosts._cache) <= hosts_module.CACHE_SIZE
    assert len(hosts._addresses) <= hosts_module.ADDRESSES_KEPT


LOADED = load_text(CONFIG)


@given(st.text(max_size=30), st.text(max_size=5), st.text(max_size=8))
def test_any_host_header_finds_some_host(host, port, address):
    assert Hosts(LOADED.main, LOADED.vhosts).find(host, "", port, address) in LOADED.vhosts


def test_names_are_found_whatever_their_case():
    text = "<VirtualHost *:80>\n</VirtualHost>\n<VirtualHost *:80>\nServerName One.Test\nServerAlias Al.Ias *.Wild.Test W?ld.Test\n</VirtualHost>"
    for name in ("one.test", "ONE.test", "al.ias", "a.wild.TEST", "wxld.test"):
        assert find(name, text=text) == 2
