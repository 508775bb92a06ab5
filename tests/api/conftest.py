"""What sessions ask of the process."""

import pytest

from mpfcgi.api import Session
from mpfcgi.api import services as api_services
from mpfcgi.ipc import mutex
from mpfcgi.ipc.mutex import MutexSettings
from tests.support.requests import Services


@pytest.fixture
def services(tmp_path, monkeypatch):
    made = mutex.create(MutexSettings("flock", 4, str(tmp_path)))
    installed = Services(made)
    monkeypatch.setattr(api_services, "_installed", installed)
    monkeypatch.setattr(Session, "CLEANUP_CHANCE", 10**12)
    yield installed
    made.close()
