"""The request cycle: which phases run, where, and what a <Location>, a trans handler or a redirect makes of it."""

import pytest

from tests.support.cycle import Site

SHOW = """
from mod_python import apache

def handler(req):
    h = req.hlist
    req.content_type = "text/plain"
    req.write("%r %r %r %r %r %r" % (
        req.filename, req.path_info, h.directory, h.location, h.is_location, req.interpreter), 0)
    return apache.OK
"""


def python_location(argument, kind="Location", more=""):
    return f"<{kind} {argument}>\nSetHandler mod_python\nPythonHandler h\n{more}</{kind}>\n"


def test_a_location_with_a_handler_of_its_own_has_no_file(tmp_path):
    site = Site(tmp_path, python_location("/app") + "<Directory ROOT>\nPythonOption a b\n</Directory>", h=SHOW)
    assert site.get("/app/x").body == "None None '/app' '/app' 1 'main_interpreter'"


def test_a_location_without_a_host_of_files_has_path_info(tmp_path):
    site = Site(tmp_path, python_location("/app").replace(" h\n", " ROOT/h.py\n"), h=SHOW)
    site.services.resolver.document_root = lambda server: ""
    assert site.get("/app/x").body.startswith("'' '/app/x' ")


@pytest.mark.parametrize(
    ("kind", "argument", "location"), [("LocationMatch", "^/a[0-9]", "/a7"), ("Location", "/a?/*", "/a7/more")]
)
def test_the_location_of_a_pattern_is_what_it_found(tmp_path, kind, argument, location):
    site = Site(tmp_path, python_location(argument, kind), h=SHOW)
    assert f" {location!r} 1 " in site.get("/a7/more").body


@pytest.mark.parametrize(
    "config",
    [
        # Python by the folder, the last Location has options only, no Python handler in the Location.
        "<Directory ROOT>\nSetHandler mod_python\n</Directory>\n<Location /a>\nPythonHandler h\n</Location>",
        python_location("/a") + "<Location /a/b>\nPythonOption x y\n</Location>",
        "SetHandler mod_python\nPythonHandler h\n<Location /a>\nPythonOption x y\n</Location>",
        # Path info is asked for, as before mod_python 3.5.
        python_location("/a", more="AcceptPathInfo On\n"),
    ],
)
def test_other_locations_go_with_the_file(tmp_path, config):
    site = Site(tmp_path, config, h=SHOW)
    assert site.get("/a/b").body.startswith(f"'{site.root}/a' '/b' ")


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"REQUEST_URI": "/h.py#part"}, 400),
        ({"REQUEST_URI": "/h.py?a#part"}, 400),
        # Decoded already by a front-end that sends no REQUEST_URI.
        ({"REQUEST_URI": "", "SCRIPT_NAME": "/h.py", "PATH_INFO": "/#"}, 200),
        ({"HTTP_EXPECT": "100-Continue"}, 200),
        ({"HTTP_EXPECT": "cookies"}, 417),
    ],
)
def test_an_address_with_a_fragment_and_an_expectation_that_nobody_knows_are_refused(tmp_path, params, status):
    site = Site(tmp_path, "<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\n</Directory>", h=SHOW)
    assert site.get("/h.py", **params).status == status


def test_a_file_is_not_served_where_the_handler_of_a_location_declines(tmp_path):
    site = Site(tmp_path, python_location("/secret.txt"), h="def handler(req):\n    return -1\n", secret="top")
    (site.root / "secret.txt").write_text("top secret")
    assert site.get("/secret.txt").status == 404


TRANS = """
def transhandler(req):
    if req.uri == "/named":
        req.filename = req.document_root() + "/other.txt"
    elif req.uri == "/moved":
        req.uri = "/other.txt"
    elif req.uri == "/to-alias":
        req.uri = "/alias/other.txt"
    req.headers_out["X-Trans"] = "seen"
    return -1
"""


@pytest.mark.parametrize(
    ("uri", "status", "seen"),
    [("/named", 404, None), ("/moved", 200, "seen"), ("/to-alias", 404, None), ("/alias/other.txt", 200, None)],
)
def test_a_trans_handler_that_declines_leaves_the_file_to_the_document_root(tmp_path, uri, status, seen):
    site = Site(tmp_path, "PythonTransHandler ROOT/t.py\nAlias /alias ROOT", t=TRANS)
    (site.root / "other.txt").write_text("other")
    answer = site.get(uri)
    assert (answer.status, answer.headers.get("x-trans")) == (status, seen)


def test_init_handlers_of_the_server_run_before_the_post_read_ones(tmp_path):
    handlers = """
def inithandler(req):
    req.trail = [req.phase]
    return 0

def postreadrequesthandler(req):
    req.trail.append(req.phase)
    return 0

def handler(req):
    req.write(",".join(req.trail), 0)
    return 0
"""
    config = "PythonInitHandler h\nPythonPostReadRequestHandler h\nSetHandler mod_python\nPythonHandler h"
    assert Site(tmp_path, config, h=handlers).get("/x").body == "PythonInitHandler,PythonPostReadRequestHandler"


def test_every_phase_has_an_interpreter_of_its_directive(tmp_path):
    config = (
        "PythonInterpPerDirective On\n<Directory ROOT>\nSetHandler mod_python\nPythonFixupHandler h\n</Directory>\n"
        "<Directory ROOT/sub>\nPythonHandler h\n</Directory>"
    )
    fixup = SHOW + "\n\ndef fixuphandler(req):\n    req.headers_out['X-Fixup'] = req.interpreter\n    return 0\n"
    site = Site(tmp_path, config, h=fixup, sub__h=fixup)
    answer = site.get("/sub/x")
    assert answer.headers["x-fixup"] == f"{site.root}/"
    assert answer.body.endswith(f"'{site.root}/sub/'")


def test_a_class_must_have_what_its_instances_are_asked_for(tmp_path):
    handlers = "class K:\n    def __init__(self, req):\n        self.late = lambda req: 0\n"
    site = Site(tmp_path, "SetHandler mod_python\nPythonHandler h::K.late", h=handlers)
    assert site.get("/x").status == 500
    assert "AttributeError: type object 'K' has no attribute 'late'" in site.log()


def test_a_status_without_meaning_is_500_for_the_client_and_itself_for_the_log_handler(tmp_path):
    handlers = """
def handler(req):
    return 418

def loghandler(req):
    req.server.log_error("logged %d" % req.status)
    return 0
"""
    site = Site(tmp_path, "SetHandler mod_python\nPythonHandler h\nPythonLogHandler h", h=handlers)
    assert site.get("/x").status == 500
    assert "logged 418" in site.log()


def test_the_log_names_the_client_of_a_connection_and_a_result_that_is_no_status(tmp_path):
    handlers = """
def handler(req):
    req.connection.log_error("of the connection")
    return 42
"""
    site = Site(tmp_path, "SetHandler mod_python\nPythonHandler h", h=handlers)
    assert site.get("/x", REMOTE_PORT="77").status == 500
    lines = site.log().splitlines()
    assert lines[0].endswith("[client 127.0.0.1:77] of the connection")
    assert lines[1].endswith("[client 127.0.0.1:77] a handler has returned 42, which is no status: /x")


def test_credentials_that_apache_s_rewriting_has_kept_are_seen(tmp_path):
    site = Site(
        tmp_path,
        "<Directory ROOT>\nAuthType Basic\nAuthName x\nSetHandler mod_python\nPythonHandler a\n</Directory>\n",
        a="def handler(req):\n req.write(str(req.get_basic_auth_pw()) + str(req.user))\n return 0\n",
    )
    spam = "Basic c3BhbTplZ2dz"
    assert site.get("/x", REDIRECT_HTTP_AUTHORIZATION=spam).body == "eggsspam"
    assert site.get("/x", REDIRECT_HTTP_AUTHORIZATION="Basic eA==", HTTP_AUTHORIZATION=spam).body == "eggsspam"


def test_what_is_written_behind_the_end_of_a_response_is_lost_and_stops_nothing(tmp_path):
    code = """
from mod_python import apache

def handler(req):
    req.register_cleanup(lambda data: (req.write("cleanup"), note("cleanup")))
    req.write("the page", 0)
    return apache.OK

def loghandler(req):
    req.write("log")
    req.flush()
    note("log")
    return apache.OK

def note(name):
    apache.main_server.noted = getattr(apache.main_server, "noted", "") + name + " "
"""
    config = "<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\nPythonLogHandler h\n</Directory>\n"
    site = Site(tmp_path, config, h=code)
    assert site.get("/").body == "the page"
    assert site.services.main_server.noted == "log cleanup "


def test_204_has_the_headers_of_its_handler_and_no_body(tmp_path):
    code = "def handler(req):\n    req.headers_out['X-One'] = '1'\n    req.write('lost', 0)\n    return 204\n"
    site = Site(tmp_path, "<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\n</Directory>\n", h=code)
    answer = site.get("/")
    assert (answer.status, answer.body, answer.headers) == (204, "", {"x-one": "1"})


@pytest.mark.parametrize(
    ("setting", "content_type", "sent"),
    [
        ("utf-8", "text/plain", "text/plain; charset=utf-8"),
        ("On", "text/html", "text/html; charset=iso-8859-1"),
        ("utf-8", "text/html; charset=Latin-1", "text/html; charset=Latin-1"),
        ("utf-8", "TEXT/plain; format=flowed", "TEXT/plain; format=flowed; charset=utf-8"),
        ("utf-8", "text/css", "text/css"),
        ("Off", "text/plain", "text/plain"),
    ],
)
@pytest.mark.parametrize("write", ["req.write('x')", "req.write('x', 0)", "req.headers_out['A'] = 'b'"])
def test_add_default_charset_holds_for_what_handlers_send(tmp_path, setting, content_type, sent, write):
    code = f"def handler(req):\n    req.content_type = {content_type!r}\n    {write}\n    return 0\n"
    config = f"AddDefaultCharset {setting}\n<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\n</Directory>\n"
    answer = Site(tmp_path, config, h=code, **{"sub__file.txt": "x"}).get("/")
    assert answer.headers["content-type"] == sent


IDENTIFIED = """
from mod_python import apache

def accesshandler(req):
    if req.args:
        req.user = req.args
    return apache.OK

def authenhandler(req):
    req.err_headers_out["WWW-Authenticate"] = 'Basic realm="own"'
    return 401

def handler(req):
    req.write("for " + req.user, 0)
    return apache.OK
"""
ASKING = """
<Directory ROOT>
    SetHandler mod_python
    PythonHandler h
    PythonAccessHandler h
    PythonAuthenHandler h
    AuthType Basic
    AuthName "the realm"
    AuthBasicAuthoritative Off
    Require user ann
</Directory>
"""


@pytest.mark.parametrize(("user", "status"), [("ann", 200), ("joe", 403), ("", 401)])
def test_whom_the_access_phase_knows_is_asked_for_no_password(tmp_path, user, status):
    answer = Site(tmp_path, ASKING, h=IDENTIFIED).get(f"/?{user}")
    assert answer.status == status
    assert status != 200 or answer.body == "for ann"


def test_who_the_front_end_says_it_is_gets_in_by_no_rule_here(tmp_path):
    assert Site(tmp_path, ASKING, h=IDENTIFIED).get("/", REMOTE_USER="ann").status == 401


def test_the_realm_that_is_asked_for_is_that_of_the_configuration(tmp_path):
    answer = Site(tmp_path, ASKING, h=IDENTIFIED).get("/", HTTP_AUTHORIZATION="Basic eDp5")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="the realm"')


NOBODY = """
from mod_python import apache

def authenhandler(req):
    if req.args:
        req.user = req.args
    return apache.OK

def authzhandler(req):
    return apache.OK

def handler(req):
    req.write("for %s" % req.user)
    return apache.OK
"""


def test_whom_an_authen_handler_lets_in_must_have_a_name(tmp_path):
    config = ASKING.replace("AuthType Basic", "AuthType Own").replace("PythonAccessHandler", "PythonAuthzHandler")
    site = Site(tmp_path, config, h=NOBODY)
    assert site.get("/?ann").body == "for ann"
    assert site.get("/").status == 500
    assert "After PythonAuthenHandler req->user is NULL. Assign something to req.user" in site.log()


CLEANING = """
from mod_python import apache

def note(text):
    apache.main_server.noted.append(text)

apache.main_server.noted = []

def handler(req):
    if req.args != "quiet":
        req.register_cleanup(note, "cleanup of " + req.uri)
    if req.uri == "/first":
        req.internal_redirect("/second")
    elif req.uri == "/missing":
        return apache.HTTP_NOT_FOUND
    return apache.OK

def cleanuphandler(req):
    note("cleanup handler of " + req.uri)
    return apache.OK
"""


@pytest.mark.parametrize("handlers", ["", "PythonCleanupHandler h\n"])
@pytest.mark.parametrize(
    ("uri", "answering"), [("/first", "/second"), ("/first?quiet", "/second"), ("/missing", "/error")]
)
def test_what_answers_in_the_place_of_a_request_is_cleaned_up_before_it(tmp_path, uri, answering, handlers):
    config = "ErrorDocument 404 /error\n<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\n"
    site = Site(tmp_path, f"{config}{handlers}</Directory>\n", h=CLEANING)
    site.get(uri)
    wanted = []
    for path in (answering, uri):
        wanted += [f"cleanup of {path}"] if "quiet" not in path else []
        wanted += [f"cleanup handler of {path.partition('?')[0]}"] if handlers else []
    assert site.services.main_server.noted == wanted


def test_an_internal_redirect_keeps_the_time_the_headers_as_they_are_now_and_no_cache(tmp_path):
    code = """
def handler(req):
    if req.uri == "/first":
        req.headers_in["X-New"] = "set"
        req.no_cache = 1
        req.internal_redirect("/second")
    else:
        req.write("%r %r %r" % (req.headers_in["X-New"], req.no_cache, req.request_time == req.prev.request_time), 0)
    return 0
"""
    site = Site(tmp_path, "<Directory ROOT>\nSetHandler mod_python\nPythonHandler h\n</Directory>\n", h=code)
    answer = site.get("/first")
    assert answer.body == "'set' 1 True"
    assert "expires" in answer.headers
