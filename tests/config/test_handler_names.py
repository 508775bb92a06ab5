"""Which handlers a configuration names for an interpreter."""

import pytest

from mpfcgi.config import Resolver, load_text
from mpfcgi.config.handler_names import named_handlers


@pytest.fixture
def names(tmp_path):
    """Handlers as (name, folder below tmp_path), of a configuration with {root} for that folder."""
    for name in ("www/inner", "other"):
        (tmp_path / name).mkdir(parents=True)

    def names(text, interpreter="a.test", connections_only=False):
        config = load_text(text.replace("{root}", str(tmp_path)), server_root=str(tmp_path))
        found = named_handlers(Resolver(config), interpreter, connections_only)
        return [(named.handler, (named.directory or "").replace(str(tmp_path), "")) for named in found]

    return names


SITE = "ServerName a.test\nDocumentRoot {root}/www\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PythonHandler m", [("m", "/www/")]),
        ("PythonHandler m | .py\nPythonLogHandler log::write", [("m", "/www/"), ("log::write", "/www/")]),
        ("<Directory {root}/www>\nPythonHandler m n\n</Directory>", [("m", "/www/"), ("n", "/www/")]),
        ("<Directory {root}/www/inner>\nPythonAccessHandler m\n</Directory>", [("m", "/www/inner/")]),
        ('<Directory {root}/www>\n<FilesMatch "x$">\nPythonHandler m\n</FilesMatch>\n</Directory>', [("m", "/www/")]),
        ("<Directory {root}/www>\nPythonOutputFilter m NAME\n</Directory>", [("m", "/www/")]),
        ("<Directory {root}/www>\nPythonHandlerModule m\n</Directory>", [("m", "/www/")]),
        ("<Location /there>\nPythonHandler m\n</Location>", [("m", "/www/")]),
        ("<Location /there>\nSetHandler mod_python\nPythonHandler m\n</Location>", [("m", "/www/")]),
        ("<Directory {root}/www>\nPythonInterpreter b\nPythonHandler m\n</Directory>", []),
        # Where a pattern holds is only seen with a request.
        ("<Directory {root}/*/x>\nPythonHandler m\n</Directory>", []),
        ('<DirectoryMatch "x$">\nPythonHandler m\n</DirectoryMatch>', []),
        ("<LocationMatch ^/x>\nPythonHandler m\n</LocationMatch>", []),
        ("<Location /x*>\nPythonHandler m\n</Location>", []),
    ],
)
def test_handlers_are_found_where_they_are_named(names, text, expected):
    assert list(dict.fromkeys(names(SITE + text))) == expected


def test_each_host_has_its_own_and_those_of_the_main_server_that_hold_for_it(names):
    text = """\
        <Directory {root}/www>
            PythonHandler of_www
        </Directory>
        <Directory {root}/other>
            PythonHandler of_other
        </Directory>
        PythonFixupHandler of_all
        <VirtualHost *>
            ServerName a.test
            DocumentRoot {root}/www
        </VirtualHost>
        <VirtualHost *>
            ServerName b.test
            DocumentRoot {root}/other
            PythonAccessHandler of_b
        </VirtualHost>
    """
    assert sorted(names(text)) == [("of_all", "/www/"), ("of_www", "/www/")]
    assert sorted(names(text, "b.test")) == [("of_all", "/other/"), ("of_b", "/other/"), ("of_other", "/other/")]
    assert names(text, "c.test") == []


def test_an_htaccess_file_counts_where_it_may_name_handlers(names, tmp_path):
    (tmp_path / "www" / ".htaccess").write_text("PythonHandler m\n")
    site = SITE + "<Directory {root}/www>\nAllowOverride %s\n</Directory>\n"
    assert names(site % "All") == [("m", "/www/")]
    assert names(site % "None") == []


def test_a_folder_that_is_an_interpreter_has_its_own(names, tmp_path):
    text = SITE + "PythonInterpPerDirectory On\n<Directory {root}/www>\nPythonHandler m\n</Directory>"
    assert names(text, f"{tmp_path}/www/inner/") == [("m", "/www/")]
    assert names(text, f"{tmp_path}/other/") == []


def test_handlers_of_connections_are_others(names):
    text = SITE + "Listen 127.0.0.1:7000 connection\nPythonConnectionHandler echo\nPythonHandler m\n"
    assert names(text, connections_only=True) == [("echo", "")]
    assert names(text) == [("m", "/www/")]
