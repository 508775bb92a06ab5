"""Where the interpreter of a host's requests can differ by their place."""

import pytest

from mpfcgi.config import Resolver, load_text, varies_within

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
