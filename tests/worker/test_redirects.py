"""Internal redirects: what the new request gets of the old one, and what stays as it was."""

from urllib.parse import quote

import pytest

from tests.support.cycle import Site

CONFIG = """
SetHandler mod_python
PythonHandler h
<Directory ROOT/sub>
    PythonHandler h
</Directory>
"""


def test_a_handler_that_redirected_goes_on_importing_from_its_own_folder(tmp_path):
    outer = """
from mod_python import apache

def handler(req):
    req.internal_redirect("/sub/x")
    req.log_error("after: " + apache.import_module("near", path=["~/"]).WHO)
    return apache.OK
"""
    inner = """
from mod_python import apache

def handler(req):
    req.write(apache.import_module("near", path=["~/"]).WHO, 0)
    return apache.OK
"""
    site = Site(
        tmp_path,
        CONFIG.replace("<Directory ROOT/sub>", "<Directory ROOT>\nPythonHandler h\n</Directory>\n<Directory ROOT/sub>"),
        h=outer, near="WHO = 'outer'", sub__h=inner, sub__near="WHO = 'inner'",
    )  # fmt: skip
    assert site.get("/x").body == "inner"
    assert "after: outer" in site.log()


def test_the_environment_is_renamed_and_the_user_has_to_be_found_again(tmp_path):
    handlers = """
def handler(req):
    if req.prev is None:
        req.user = "spam"
        req.subprocess_env["MINE"] = "1"
        req.status = 202
        req.internal_redirect("/y")
        return 0
    env = req.subprocess_env
    req.write("%r %r" % (req.user, sorted((k, env[k]) for k in env.keys())), 0)
    return 0
"""
    answer = Site(tmp_path, CONFIG, h=handlers).get("/x")
    assert answer.body == "None [('REDIRECT_MINE', '1'), ('REDIRECT_STATUS', '202')]"


def test_an_error_document_knows_the_method_and_status_that_failed(tmp_path):
    handlers = """
def handler(req):
    if req.prev is None:
        return 403
    env = req.subprocess_env
    req.write("%s %r" % (req.method, sorted((k, env[k]) for k in env.keys())), 0)
    return 0
"""
    answer = Site(tmp_path, CONFIG + "ErrorDocument 403 /error", h=handlers).get("/x", "POST")
    assert answer.status == 403
    assert answer.body == "GET [('REDIRECT_REQUEST_METHOD', 'POST'), ('REDIRECT_STATUS', '403')]"


def test_a_handler_whose_output_a_filter_has_changed_goes_on_importing_from_its_own_folder(tmp_path):
    handler = """
from mod_python import apache

def handler(req):
    req.write("x")
    req.log_error("after: " + apache.import_module("near", path=["~/"]).WHO)
    return apache.OK
"""
    filters = """
from mod_python import apache

def outputfilter(filter):
    while (data := filter.read()):
        filter.write(data + apache.import_module("near", path=["~/"]).WHO.encode())
    if data is None:
        filter.close()
"""
    config = """
SetHandler mod_python
<Directory ROOT>
    PythonHandler h
    SetOutputFilter F
</Directory>
<Directory ROOT/sub>
    PythonOutputFilter f F
</Directory>
"""
    site = Site(
        tmp_path, config, sub__h=handler, sub__f=filters, sub__near="WHO = 'filter'", h=handler, near="WHO = 'handler'"
    )
    assert site.get("/sub/x").body == "xfilter"
    assert "after: handler" in site.log()


REDIRECTING = """
from urllib.parse import unquote

def handler(req):
    if req.prev is None:
        req.status = 202
        req.internal_redirect(unquote(req.args))
        return 0
    req.write("%s %s %s %d" % (req.uri, req.args, req.unparsed_uri, req.status), 0)
    return 0
"""


def test_a_redirect_takes_what_an_address_may_be_and_keeps_the_status(tmp_path):
    site = Site(tmp_path, CONFIG, h=REDIRECTING)
    for target, seen in (
        ("/a%20b?c%20d", "/a b c%20d /a%20b?c%20d 202"),
        ("/y#part", "/y None /y#part 202"),
        ("http://localhost/y?z", "/y z http://localhost/y?z 202"),
        ("", "/ None  202"),
    ):
        answer = site.get(f"/x?{quote(target)}")
        assert (answer.status, answer.body) == (202, seen)
    assert site.get("/x?y").status == 400
    assert "invalid URI path (y)" in site.log()


def test_a_document_that_fails_answers_the_first_error_and_401_stays_here(tmp_path):
    documents = "ErrorDocument 409 /y?404\nErrorDocument 401 http://other.test/\nErrorDocument 402 http://other.test/"
    site = Site(tmp_path, CONFIG + documents, h="def handler(req):\n    return int(req.args)\n")
    assert site.get("/x?409").status == 409
    assert site.get("/x?401").status == 401
    paid = site.get("/x?402")
    assert (paid.status, paid.headers["location"]) == (302, "http://other.test/")


GUARDED = """
<Directory ROOT>
    SetHandler mod_python
    PythonHeaderParserHandler h
    PythonAccessHandler h
    PythonHandler h
    ErrorDocument 401 /told.txt
    AuthType Basic
    AuthName ours
    Require valid-user
</Directory>
"""
GUARD = """
from mod_python import apache

def headerparserhandler(req):
    if req.uri == "/early.txt" and req.prev is None:
        req.internal_redirect("/secret.txt")
        return apache.DONE
    return apache.HTTP_UNAUTHORIZED if req.uri == "/refused.txt" else apache.OK

def accesshandler(req):
    if req.uri == "/login.txt":
        req.internal_redirect("/told.txt")
        return apache.DONE
    return apache.OK

def handler(req):
    req.write("seen: " + req.uri)
    return apache.OK
"""


@pytest.mark.parametrize("uri", ["/secret.txt", "/login.txt", "/refused.txt", "/early.txt"])
def test_whom_nobody_has_asked_is_asked_where_a_redirect_leads_and_sees_only_what_tells_so(tmp_path, uri):
    site = Site(tmp_path, GUARDED, h=GUARD)
    for name in ("secret", "login", "refused", "early", "told"):
        (site.root / f"{name}.txt").write_text("")
    assert site.get(uri).body == "seen: /told.txt"
