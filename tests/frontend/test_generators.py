"""The configurations that are printed: what the servers' own checkers say of them, and what contrib/ holds."""

from pathlib import Path

import pytest

from mpfcgi.config import ConfigError, load, load_text
from mpfcgi.frontend import GENERATORS, CheckFailed, NotInstalled, check, deployment
from mpfcgi.frontend.nginx import PARAMS
from tests.support.apache import need_module
from tests.support.servers import program

ROOT = Path(__file__).parents[2]
FILES = {
    "nginx": "mpfcgi.conf",
    "apache": "mpfcgi.conf",
    "lighttpd": "lighttpd.conf",
    "caddy": "Caddyfile",
    "haproxy": "haproxy.cfg",
}
PROGRAMS = {"apache": "apache2"}
MANY = """\
Listen 127.0.0.1:9000
LimitRequestBody 20M
RequestBuffering Off
Timeout 30
<VirtualHost *:80 127.0.0.1:8080 [::1]:8081>
    ServerName a.test
    ServerAlias b.test *.c.test d?.test www.*.test
    DocumentRoot /srv/a
</VirtualHost>
<VirtualHost *:80>
    ServerName e.test
    DocumentRoot /srv/e
    Alias /s.x/ /srv/style/
    SetHandler mod_python
    PythonHandler app
    <Directory /srv/style>
        SetHandler None
    </Directory>
</VirtualHost>
<PythonPool "e.test">
    Listen unix:/run/e.sock
</PythonPool>
"""


@pytest.mark.parametrize("name", GENERATORS)
def test_contrib_holds_what_is_printed_for_the_example(name):
    printed = GENERATORS[name](deployment(load(str(ROOT / "conf" / "hosts.conf"))))
    assert (ROOT / "contrib" / name / FILES[name]).read_text() == printed, (
        f"run: mpfcgi frontend {name} -c conf/hosts.conf > contrib/{name}/{FILES[name]}"
    )


def test_what_debian_has_enabled_in_the_way_is_said():
    nameless = deployment(load_text("Listen unix:/run/a.sock\nDocumentRoot /srv/a"))
    named = deployment(load_text("Listen unix:/run/a.sock\nDocumentRoot /srv/a\nServerName a.test"))
    assert "a2dissite 000-default" in GENERATORS["apache"](nameless)
    assert "a2dissite" not in GENERATORS["apache"](named)
    assert "/etc/nginx/sites-enabled/default" in GENERATORS["nginx"](named)


def test_contrib_has_nginxs_parameters_in_a_file_of_their_own():
    assert (ROOT / "contrib" / "nginx" / "mpfcgi_params").read_text().endswith("\n\n" + PARAMS)


@pytest.mark.frontend
@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param((ROOT / "conf" / "hosts.conf").read_text(), id="hosts"),
        pytest.param((ROOT / "conf" / "mpfcgi.conf").read_text(), id="one host without a root"),
        pytest.param("Listen unix:/run/m.sock\nServerName a.test\nDocumentRoot /srv/www\n", id="static host"),
        pytest.param(MANY, id="many"),
    ],
)
def test_the_servers_own_checker_accepts_it(name, text):
    program(PROGRAMS.get(name, name))
    check(name, GENERATORS[name](deployment(load_text(text))))


SENDFILE = {
    "nginx": "X-Accel-Redirect /f/ /srv/store/",
    "caddy": "X-Accel-Redirect /f/ /srv/store/",
    "apache": "X-Sendfile /srv/store/",
    "lighttpd": "X-Sendfile /srv/store/",
}
OFFERING = """\
Listen unix:/run/m.sock
<VirtualHost *:80>
    ServerName a.test
    DocumentRoot /srv/a
    {first}
    <Directory /srv/a/private>
        {second}
    </Directory>
</VirtualHost>
<VirtualHost *:80>
    ServerName b.test
    DocumentRoot /srv/b
</VirtualHost>
"""


@pytest.mark.frontend
@pytest.mark.parametrize("name", SENDFILE)
def test_what_sendfileheader_needs_is_printed_once_for_each_folder(name):
    header = SENDFILE[name]
    first, second = (
        f"SendfileHeader {header}",
        f"SendfileHeader {header.replace('/f/', '/g/').replace('store', 'more')}",
    )
    text = GENERATORS[name](deployment(load_text(OFFERING.format(first=first, second=second))))
    # lighttpd says for each of a host's ways to the daemon what it may send.
    times = text.count("x-sendfile-docroot") or 1
    assert text.count("/srv/store/") == text.count("/srv/more/") == times
    program(PROGRAMS.get(name, name))
    if name == "apache":
        need_module("xsendfile")
    check(name, text)
    twice = GENERATORS[name](deployment(load_text(OFFERING.format(first=first, second=first))))
    assert twice.count("/srv/store/") == (twice.count("x-sendfile-docroot") or 1)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("header", ["X-Sendfile", "X-Accel-Redirect /f/"])
def test_a_sendfileheader_that_the_server_does_not_know_is_an_error(name, header):
    known = SENDFILE.get(name, "").split(" ")[0]
    config = load_text(OFFERING.format(first="", second=f"SendfileHeader {header}"), "mpfcgi.conf")
    if header.split(" ")[0] == known:
        assert GENERATORS[name](deployment(config))
        return
    with pytest.raises(ConfigError, match=r"mpfcgi.conf:7: .*SendfileHeader X-.*\(.*SendfileHeader"):
        GENERATORS[name](deployment(config))


@pytest.mark.frontend
@pytest.mark.parametrize("name", GENERATORS)
def test_the_servers_own_checker_refuses_what_is_wrong(name):
    program(PROGRAMS.get(name, name))
    text = GENERATORS[name](deployment(load(str(ROOT / "conf" / "hosts.conf"))))
    with pytest.raises(CheckFailed):
        check(name, text + "\n}\nnonsense = here\n")


def test_a_server_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *args, **options: None)
    with pytest.raises(NotInstalled, match="caddy is not installed"):
        check("caddy", "")
