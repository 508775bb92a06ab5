"""The interpreter that a request belongs to, and where that of a host's requests can differ by their place."""

import pytest

from mpfcgi.config import Resolver, load_text, needs_router, static_interpreters, varies_within
from tests.support.resolvers import resolver_for

HOSTS = """
{main}
<VirtualHost *:80>
    ServerName a.example
    {own}
</VirtualHost>
<VirtualHost *:80>
    ServerName b.example
    PythonInterpPerDirectory On
</VirtualHost>
"""
BY_PLACE = [
    "PythonInterpPerDirective On",
    "<Directory /x>\nAllowOverride All\n</Directory>",
    "<Location /x>\nPythonInterpreter mine\n</Location>",
    "<Directory /x>\n<Files y.py>\nPythonInterpreter mine\n</Files>\n</Directory>",
]


def host(main="", own=""):
    config = load_text(HOSTS.format(main=main, own=own))
    return config.vhosts[0], config


@pytest.mark.parametrize("line", ["", "PythonInterpreter mine", "PythonInterpPerDirectory Off"])
def test_a_host_without_places_of_their_own_has_one_interpreter(line, tmp_path):
    server, config = host(own=f"DocumentRoot {tmp_path}\n{line}")
    assert not varies_within(server, config)
    assert varies_within(config.vhosts[1], config)
    resolver = Resolver(config)
    (tmp_path / "x.py").touch()
    for uri in ("/", "/x.py", "/none/x"):
        assert resolver.resolve(server, uri)[0].interpreter == resolver.server_interpreter(server)


@pytest.mark.parametrize("line", BY_PLACE)
@pytest.mark.parametrize("where", ["main", "own"])
def test_a_place_with_an_interpreter_of_its_own_makes_them_differ(line, where):
    assert varies_within(*host(**{where: line}))


def test_interpreters_are_named_as_the_manual_says(site):
    text = f"""
        ServerName main.example
        DocumentRoot {site}
        <Directory {site}/sub>
            PythonInterpPerDirectory On
        </Directory>
        <Location /named>
            PythonInterpreter mine
        </Location>"""
    resolver, server = resolver_for(text)
    names = [resolver.resolve(server, uri)[0].interpreter for uri in ("/file.txt", "/sub/a.py", "/sub/deep/", "/named")]
    assert names == ["main.example", f"{site}/sub/", f"{site}/sub/deep/", "mine"]
    assert static_interpreters(resolver.config) == ("main.example", "mine")
    assert needs_router(resolver.config)


INTERPRETERS = """
    ServerName main.example
    DocumentRoot ROOT
    <Directory ROOT>
        PythonHandler h
    </Directory>
    <Directory ROOT/perdirective>
        PythonInterpPerDirective On
    </Directory>
    <Directory ROOT/perdirective/own>
        PythonHandler h
    </Directory>
    <Directory ROOT/perdirective/files>
        <Files f>
            PythonHandler h
        </Files>
    </Directory>
    <Directory ROOT/perdir>
        PythonInterpPerDirectory On
    </Directory>
    <Directory ROOT/perdir/off>
        PythonInterpPerDirectory Off
    </Directory>
    <Directory ROOT/wild*>
        PythonInterpPerDirective On
        PythonHandler h
    </Directory>
    <Directory ROOT/perdir/named>
        PythonInterpreter mine
    </Directory>
    <Location /loc>
        PythonHandler h
        PythonInterpPerDirective On
    </Location>
"""


# As recorded from the real module (cases 131 and 588).


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/x", "main.example"),
        ("/perdir/x", "ROOT/perdir/"),
        ("/perdir/", "ROOT/perdir/"),
        ("/perdir/sub/x", "ROOT/perdir/sub/"),
        ("/perdir/nodir/x", "ROOT/perdir/"),
        ("/perdir/off/x", "main.example"),
        ("/perdir/named/x", "mine"),
        ("/perdirective/x", "ROOT/"),
        ("/perdirective/own/x", "ROOT/perdirective/own/"),
        ("/perdirective/own/deeper/x", "ROOT/perdirective/own/"),
        ("/perdirective/files/f", "ROOT/perdirective/files/"),
        ("/perdirective/files/g", "ROOT/"),
        ("/wild1/x", "ROOT/wild1/"),
        ("/wild2/x", "ROOT/wild2/"),
        ("/loc/x", "/loc"),
    ],
)
def test_interpreters_are_named_as_the_real_module_names_them(site, uri, name):
    for folder in (
        "perdir/sub",
        "perdir/off",
        "perdir/named",
        "perdirective/own/deeper",
        "perdirective/files",
        "wild1",
        "wild2",
    ):
        (site / folder).mkdir(parents=True)
    resolver, server = resolver_for(INTERPRETERS.replace("ROOT", str(site)))
    assert resolver.resolve(server, uri)[0].interpreter == name.replace("ROOT", str(site))


def test_a_hosts_interpreter_is_named_as_it_is_written_for_imports_and_pools(tmp_path):
    config = load_text(
        "<VirtualHost *:80>\nServerName Www.Site.Test\n</VirtualHost>\nPythonImport module Www.Site.Test\n"
        "<PythonPool Www.Site.Test>\nMaxProcesses 3\n</PythonPool>"
    )
    assert static_interpreters(config) == ("Www.Site.Test",)
