"""What early phases have changed, as the text that goes to the request's own process and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.fastcgi import Pairs
from mpfcgi.ipc import handoff
from mpfcgi.worker import early
from tests.support.cycle import Site

CONFIG = """
PythonPostReadRequestHandler ROOT/h.py
PythonInterpPerDirectory On
SetHandler mod_python
PythonHandler h
"""
HANDLERS = """
from mod_python import apache

KEPT = %r

def postreadrequesthandler(req):
    req.kept = KEPT
    req.status = 202
    return apache.OK

def handler(req):
    req.write("%%r %%r %%r" %% (req.kept == KEPT, type(req.kept) is type(KEPT), req.status), 0)
    return apache.OK
"""


@pytest.mark.parametrize(
    "kept",
    [None, "caf\xe9 \udcff", b"\xff\x00", 1.5, True, [1, ("a", b"b")], {"k": {1, 2}}, -(10**30), ("x" * 50_000,)],
)
def test_plain_values_travel(tmp_path, kept):
    site = Site(tmp_path, CONFIG, name="main_interpreter", h=HANDLERS % (kept,))
    params = Pairs(REQUEST_METHOD="GET", REQUEST_URI="/x", SERVER_NAME="localhost", SERVER_PORT="80")
    begun = early.begin(site.cycle, params, 1)
    assert begun.interpreter == f"{site.root}/"
    assert begun.state.isascii()
    assert site.get("/x", **{handoff.STATE: begun.state}).body == "True True 202"


@given(st.text(max_size=40))
def test_what_is_no_state_is_a_bad_request(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("bad")
    site = Site(folder, CONFIG, h=HANDLERS % ("",))
    assert site.get("/x", **{handoff.STATE: text}).status == 400


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("PythonInterpPerDirectory On", "main_interpreter"),
        ("PythonInterpPerDirective On", "main_interpreter"),
        ("PythonInterpPerDirectory On\nPythonInterpreter mine", "mine"),
        ("<Directory /a>\nPythonInterpreter mine\n</Directory>", "localhost"),
        ("<Directory /a>\nAllowOverride FileInfo\n</Directory>", "localhost"),
        ("<Directory /a>\nPythonOption a b\n</Directory>", None),
        ("PythonInterpreter mine", None),
    ],
)
def test_early_phases_have_an_interpreter_of_their_own_where_it_may_differ(tmp_path, config, name):
    for handlers, expected in (("PythonTransHandler t\n", name), ("", None)):
        resolver = Site(tmp_path, "ServerName localhost\n" + handlers + config).services.resolver
        assert resolver.early_interpreter(resolver.config.main) == expected
