"""Whom the router takes a request to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import Resolver, load_text
from mpfcgi.ipc import handoff
from mpfcgi.supervisor.signpost import interpreter_of

CONFIG = """
ServerName main.test
DocumentRoot /nowhere/htdocs
<VirtualHost *:80>
    ServerName one.test
    <Location /mine>
        PythonInterpreter mine
    </Location>
</VirtualHost>
<VirtualHost *:80>
    ServerName early.test
    PythonTransHandler trans
    PythonInterpPerDirectory On
</VirtualHost>
"""
RESOLVER = Resolver(load_text(CONFIG))
PARAMETERS = ["HTTP_HOST", "REQUEST_URI", "SCRIPT_NAME", "PATH_INFO", "SCRIPT_FILENAME", "DOCUMENT_ROOT", "SERVER_PORT"]


class Log:
    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append(text)


@pytest.mark.parametrize(
    ("host", "uri", "name"),
    [
        ("one.test", "/x", "one.test"),
        ("one.test", "/mine/x", "mine"),
        ("early.test", "/x", "main_interpreter"),
        ("one.test", "/%zz", "one.test"),
    ],
)
def test_the_host_and_the_path_tell_the_interpreter(host, uri, name):
    assert interpreter_of(RESOLVER, {"HTTP_HOST": host, "REQUEST_URI": uri, "SERVER_PORT": "80"}, Log()) == name


def test_behind_the_early_phases_it_is_the_one_that_they_have_found():
    params = {"HTTP_HOST": "early.test", "REQUEST_URI": "/x", "SERVER_PORT": "80", handoff.INTERPRETER: "/srv/x/"}
    assert interpreter_of(RESOLVER, params, Log()) == "/srv/x/"


def test_a_request_that_breaks_the_look_up_is_for_its_host_and_logged(monkeypatch):
    def breaks(*arguments):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(RESOLVER, "resolve", breaks)
    log = Log()
    assert interpreter_of(RESOLVER, {"HTTP_HOST": "one.test", "REQUEST_URI": "/x"}, log) == "one.test"
    assert log.lines == ["can't tell the interpreter of '/x': RuntimeError: on purpose"]


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text(st.characters(max_codepoint=255), max_size=30)))
def test_any_request_has_an_interpreter_and_no_line_in_the_log(params):
    log = Log()
    assert interpreter_of(RESOLVER, params, log)
    assert log.lines == []
