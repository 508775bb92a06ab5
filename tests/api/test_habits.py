"""What applications written for mod_python do with it, beyond what the manual tells: it works on Python 3 as it reads."""

import pytest

from mpfcgi.ipc import mutex
from mpfcgi.ipc.mutex import MutexSettings
from tests.support.cycle import Site

APP = '''
import os

import _apache
import mod_python.publisher
from mod_python import Cookie, apache, publisher
from mod_python.apache import HTTP_FORBIDDEN, HTTP_NOT_FOUND, OK, SERVER_RETURN
from mod_python.Session import BaseSession
from mod_python.util import Field, FieldStorage, StringField


class Input(object):
    """The request as a file, as gateways make it."""

    def __init__(self, req):
        self.req = req

    def read(self, size=-1):
        return self.req.read(size)

    def readline(self, size=-1):
        return self.req.readline(size)

    def __iter__(self):
        line = self.readline()
        while line:
            yield line
            line = self.readline()


class OwnSession(BaseSession):
    kept = {}

    def __init__(self, req, sid=0, secret=None, lock=1, timeout=0):
        BaseSession.__init__(self, req, sid=sid, secret=secret, lock=lock, timeout=timeout)

    def do_load(self):
        return self.kept.get(self._sid)

    def do_save(self, dict):
        self.kept[self._sid] = dict

    def do_delete(self):
        self.kept.pop(self._sid, None)

    def do_cleanup(self):
        pass


class OwnCookie(Cookie.Cookie):
    pass


def gateway(req):
    env = dict(apache.build_cgi_env(req))
    env["wsgi.multithread"] = bool(apache.mpm_query(apache.AP_MPMQ_IS_THREADED))
    req.add_common_vars()
    req.add_cgi_vars()
    env.update(req.subprocess_env.copy())
    first = Input(req).readline(3)
    lines = list(Input(req))
    req.status = int("201 Created"[:3])
    for name, value in [(b"X-Bytes", b"v"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")]:
        req.headers_out.add(name, value)
    text = repr((env["SCRIPT_NAME"], env["HTTP_AUTHORIZATION"], first, lines)).encode()
    req.content_type = "text/plain"
    req.set_content_length(len(text))
    req.send_http_header()
    req.write(text)
    return apache.OK


def form(req):
    form = FieldStorage(req, keep_blank_values=True)
    found = {}
    for key in form.keys():
        field = form[key]
        if isinstance(field, list):
            found[key] = [each.value for each in field]
        elif isinstance(field, Field) and field.filename:
            found[key] = field.filename, field.file.read(), field.type
        else:
            assert isinstance(field, StringField) and isinstance(field, str)
            found[key] = "%s|%s|%s" % (field, field.value, "/".join(("d", form[key])))
    req.write(repr(sorted(found.items())))
    return apache.OK


def session(req):
    req.session = OwnSession(req)
    if not hasattr(req, "page"):
        req.page = "page"
    req.session["n"] = req.session.get("n", 0) + 1
    req.session.save()
    _apache._global_lock(req.server, "key")
    _apache._global_unlock(req.server, "key")
    cookie = OwnCookie("own", "value")
    cookie.path = "/"
    Cookie.add_cookie(req, cookie)
    req.write("%s %d %s" % (req.session.id(), req.session["n"], req.page))
    return OK


def refuses(req):
    try:
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    except SERVER_RETURN as error:
        assert error.args[0] == 404
    raise apache.SERVER_RETURN(HTTP_FORBIDDEN)


def publishes(req):
    publisher.publish_object(req, lambda name="nobody": "published " + name)
    return apache.OK


def modules(req):
    there = os.path.dirname(__file__)
    other = apache.import_module("other", path=[there], autoreload=1)
    with_no_end = apache.import_module(os.path.join(there, "other.py"))
    assert mod_python.publisher is publisher
    req.write("%d %d" % (other.VALUE, with_no_end.VALUE))
    return apache.OK
'''
SECTION = """
<Location /{name}>
    SetHandler mod_python
    PythonHandler app::{name}
    PythonPath "['ROOT'] + sys.path"
    PythonDebug On
</Location>
"""
NAMES = ("gateway", "form", "session", "refuses", "publishes", "modules")


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, "".join(SECTION.format(name=name) for name in NAMES), app=APP, other="VALUE = 42\n")
    site.services.mutexes = mutex.create(MutexSettings("flock", 4, str(tmp_path)))
    yield site
    site.services.mutexes.close()


def test_a_gateway_wraps_the_request_as_a_file_and_adds_headers_as_bytes(site):
    answer = site.get("/gateway/x", "POST", b"one\ntwo\n", CONTENT_LENGTH="8", HTTP_AUTHORIZATION="Basic YTpi")
    assert (answer.status, answer.headers["x-bytes"]) == (201, "v")
    assert answer.body == repr(("/gateway/x", "Basic YTpi", b"one", [b"\n", b"two\n"]))


@pytest.mark.parametrize(
    ("query", "body", "kind", "found"),
    [
        ("a=1&b=2&b=3", b"", "", [("a", "1|1|d/1"), ("b", ["2", "3"])]),
        ("", b"c=%C3%A9&d=", "application/x-www-form-urlencoded", [("c", "é|é|d/é"), ("d", "||d/")]),
        (
            "",
            b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n\r\nhello\r\n--B--\r\n',
            "multipart/form-data; boundary=B",
            [("f", ("x.txt", b"hello", "text/plain"))],
        ),
    ],
)
def test_fields_are_formatted_joined_and_told_from_files(site, query, body, kind, found):
    method = "POST" if body else "GET"
    answer = site.get(f"/form?{query}", method, body, CONTENT_TYPE=kind, CONTENT_LENGTH=str(len(body)))
    assert answer.body == repr(found)


def test_a_session_class_of_its_own_is_kept_on_the_request(site):
    answer = site.get("/session")
    sid, rest = answer.body.split(" ", 1)
    assert rest == "1 page"
    assert "own=value; path=/" in answer.headers["set-cookie"]
    assert site.get("/session", HTTP_COOKIE=f"pysid={sid}").body == f"{sid} 2 page"


def test_server_return_is_raised_and_caught_as_an_exception(site):
    assert site.get("/refuses").status == 403


def test_the_publisher_publishes_what_a_handler_gives_it(site):
    assert site.get("/publishes").body == "published nobody"
    assert site.get("/publishes?name=me").body == "published me"


def test_modules_are_imported_by_name_and_by_path(site):
    assert site.get("/modules").body == "42 42"
