"""What a handler learns of TLS by `req.is_https` and `req.ssl_var_lookup`, with the lines of docs/tls.md in each web server."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.frontends.variants import Variant, printed
from tests.support.http import request, send

pytestmark = pytest.mark.frontend
DOCS = (Path(__file__).parents[2] / "docs" / "tls.md").read_text()
# Behind which line of what `mpfcgi frontend` prints for the host with TLS the lines of the page belong.
BEHIND = {
    "nginx": r"    ssl_certificate_key .*\n",
    "apache": r"    SSLCertificateKeyFile .*\n",
    "lighttpd": r"    ssl.privkey = .*\n",
    "caddy": r"",
    "haproxy": r"(?m)^fcgi-app mpfcgi_2\n",
}
NAMES = "SSL_PROTOCOL,SSL_CIPHER,SSL_CLIENT_VERIFY,SSL_CLIENT_S_DN,SSL_NOTHING"


def documented(kind):
    """The lines that the page says to add to the server's configuration."""
    section = DOCS.partition(f"## {kind}\n")[2].partition("\n## ")[0]
    return section.partition("```\n")[2].partition("```")[0]


def variant(kind):
    def write(place, port, tls_port):
        text = printed(kind)(place, port, tls_port)
        lines = documented(kind).replace("/etc/ssl/clients.pem", f"{place.folder}/site.pem")
        before = re.search(BEHIND[kind], text)
        assert before is not None, text
        text = text[: before.end()] + lines + text[before.end() :]
        if kind == "haproxy":
            text = text.replace("ssl crt", f"ssl ca-file {place.folder}/site.pem verify optional crt")
        return text

    return Variant(f"{kind}-with-certificates", kind, write)


@pytest.mark.parametrize("kind", ["nginx", "apache", "lighttpd", "caddy", "haproxy"])
def test_handlers_see_the_variables_of_tls(servers, daemon, kind):
    plain, tls = servers(variant(kind))
    asked = request("GET", f"/act/x.py?do=tls&names={NAMES}")
    seen = ast.literal_eval(send(plain, asked).body.decode())
    assert (seen[0], seen[2:]) == (0, [None] * 5)
    https, url, protocol, cipher, verified, name, nothing = ast.literal_eval(send(tls, asked, tls=True).body.decode())
    assert (https, url, nothing) == (1, "https://site.test/", None)
    assert protocol in ("TLSv1.2", "TLSv1.3")
    assert "AES" in cipher or "CHACHA20" in cipher
    assert verified in ("NONE", None)
    assert name is None
    certificate = str(daemon.place.folder / "site.pem")
    seen = ast.literal_eval(send(tls, asked, tls=True, certificate=certificate).body.decode())
    assert seen[0] == 1
    if kind == "caddy":
        assert seen[4:6] == [None, None]
    else:
        # Each writes names in its own way.
        assert (seen[4], seen[5].replace(" ", "")) == ("SUCCESS", "CN=site.test")
