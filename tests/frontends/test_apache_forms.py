"""The ways to have Apache pass requests on, each with connections that are kept."""

from __future__ import annotations

import json
import os

import pytest

from tests.frontends.conftest import open_folder, write_site
from tests.frontends.variants import Place, apache
from tests.support import scripted
from tests.support.frontends import frontend
from tests.support.http import request, send

pytestmark = pytest.mark.frontend

HANDLED = """<Proxy "fcgi://{name}/" enablereuse=on>
    </Proxy>
    <Location "/">
        SetHandler "proxy:unix:{{socket}}|fcgi://{name}/"
    </Location>"""
FORMS = {
    "ProxyPass": 'ProxyPass "/" "unix:{socket}|fcgi://mpfcgi/" enablereuse=on',
    "ProxyPassMatch": 'ProxyPassMatch "^/(.*)$" "unix:{socket}|fcgi://mpfcgi/$1" enablereuse=on',
    "SetHandler": HANDLED.format(name="mpfcgi"),
}


@pytest.mark.parametrize("form", FORMS)
def test_connections_are_kept(form):
    with open_folder("forms") as folder:
        write_site(folder)
        place = Place(folder, str(folder / "scripted.sock"), 0)
        with (
            scripted.scripted(place.socket),
            frontend("apache", folder, lambda *ports: apache(FORMS[form])(place, *ports)) as (port, _),
        ):
            os.chmod(place.socket, 0o666)
            answers = [json.loads(send(port, request("GET", f"/a/{number}")).body) for number in range(3)]
    assert [(answer["requests_before"], answer["keep"]) for answer in answers] == [(0, True), (1, True), (2, True)]
