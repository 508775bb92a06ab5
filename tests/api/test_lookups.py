"""Names of clients: what the owner of an address says of it, and what is checked of that."""

from __future__ import annotations

import socket

import pytest

from mpfcgi.api import lookups
from mpfcgi.api.constants import REMOTE_DOUBLE_REV, REMOTE_HOST, REMOTE_NAME, REMOTE_NOLOOKUP

# Names by address, and addresses by name: 192.0.2.3 calls itself by a name that is another's.
NAMES = {"192.0.2.2": "Good.test", "192.0.2.3": "good.test", "192.0.2.4": "nowhere.test"}
ADDRESSES = {"good.test": ["192.0.2.2", "2001:db8::2"]}


class Connection:
    """What a lookup asks of a connection; `told` is the front-end's REMOTE_HOST."""

    def __init__(self, address: str, told: str | None = None) -> None:
        self.client_ip = address
        self.told = told
        self._name = None
        self._double_reverse = 0

    @property
    def remote_host(self):
        return self.told or self._name


@pytest.fixture(autouse=True)
def names(monkeypatch):
    def name_of(address):
        if address not in NAMES:
            raise OSError(f"no name for {address}")
        return NAMES[address], [], [address]

    def addresses_of(name, port):
        if name not in ADDRESSES:
            raise OSError(f"no address for {name}")
        return [(None, None, 0, "", (address, 0)) for address in ADDRESSES[name]]

    monkeypatch.setattr(socket, "gethostbyaddr", name_of)
    monkeypatch.setattr(socket, "getaddrinfo", addresses_of)
    lookups._name_of.cache_clear()
    lookups._addresses_of.cache_clear()
    yield
    lookups._name_of.cache_clear()
    lookups._addresses_of.cache_clear()


@pytest.mark.parametrize(
    ("how", "address", "answers"),
    [
        # REMOTE_NOLOOKUP, REMOTE_NAME, REMOTE_HOST, REMOTE_DOUBLE_REV, each of a new connection
        ("off", "192.0.2.2", ("192.0.2.2", "192.0.2.2", None, "good.test")),
        ("on", "192.0.2.2", ("192.0.2.2", "good.test", "good.test", "good.test")),
        ("double", "192.0.2.2", ("192.0.2.2", "good.test", "good.test", "good.test")),
        ("on", "192.0.2.3", ("192.0.2.3", "good.test", "good.test", None)),
        ("double", "192.0.2.3", ("192.0.2.3", "192.0.2.3", None, None)),
        ("on", "192.0.2.4", ("192.0.2.4", "nowhere.test", "nowhere.test", None)),
        ("double", "192.0.2.4", ("192.0.2.4", "192.0.2.4", None, None)),
        ("on", "192.0.2.5", ("192.0.2.5", "192.0.2.5", None, None)),
    ],
)
def test_a_name_is_looked_up_as_configured_and_asked(how, address, answers):
    kinds = (REMOTE_NOLOOKUP, REMOTE_NAME, REMOTE_HOST, REMOTE_DOUBLE_REV)
    assert tuple(lookups.remote_host(Connection(address), how, kind) for kind in kinds) == answers


@pytest.mark.parametrize("told", [None, "good.test"])
def test_a_name_that_is_known_already_is_not_taken_for_a_confirmed_one(told):
    connection = Connection("192.0.2.3", told)
    assert lookups.remote_host(connection, "on", REMOTE_NAME) == "good.test"
    assert lookups.remote_host(connection, "on", REMOTE_DOUBLE_REV) is None
    assert connection._double_reverse == -1
    assert lookups.remote_host(connection, "on", REMOTE_NAME) == "good.test"


def test_a_name_that_was_confirmed_stays(monkeypatch):
    connection = Connection("192.0.2.2")
    assert lookups.remote_host(connection, "off", REMOTE_DOUBLE_REV) == "good.test"
    monkeypatch.delattr(socket, "gethostbyaddr")
    monkeypatch.delattr(socket, "getaddrinfo")
    assert lookups.remote_host(connection, "off", REMOTE_DOUBLE_REV) == "good.test"
    assert lookups.remote_host(connection, "off", REMOTE_NAME) == "good.test"
