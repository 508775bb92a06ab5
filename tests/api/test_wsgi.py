import sys

import pytest

from mpfcgi.api.wsgi_response import Response
from tests.support.cycle import Site

APP = """
import sys
from wsgiref.validate import validator

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr((environ["SCRIPT_NAME"], environ.get("PATH_INFO"), environ["QUERY_STRING"])).encode()]

def echo(environ, start_response):
    body = environ["wsgi.input"].read(3) + b"".join(environ["wsgi.input"])
    print("to the log", file=environ["wsgi.errors"])
    start_response("201 Created", [("Content-Type", "text/plain"), ("X-One", "1"), ("Set-Cookie", "a"),
                                   ("Set-Cookie", "b")])
    return [body[:2], b"", body[2:]]

valid = validator(echo)

def odd(environ, start_response):
    mode = environ["QUERY_STRING"]
    if mode == "reason":
        start_response("404 Not Really", [])
    elif mode == "twice":
        start_response("200 OK", [])
        start_response("200 OK", [])
    elif mode == "replaced":
        start_response("200 OK", [("X-Lost", "1"), ("Content-Length", "5")])
        try:
            1 / 0
        except ZeroDivisionError:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")], sys.exc_info())
    elif mode == "late":
        start_response("200 OK", [])(b"sent")
        try:
            1 / 0
        except ZeroDivisionError:
            start_response("500 Internal Server Error", [], sys.exc_info())
    elif mode == "written":
        start_response("200 OK", [])(b"written ")
    elif mode == "raises":
        start_response("200 OK", [("Content-Length", "5")])
        raise ValueError("after start_response")
    elif mode == "headers":
        start_response("200 OK", {})
    elif mode == "none":
        start_response("200 OK", [])
        return [b"", None]
    elif mode == "environ":
        start_response("200 OK", [])
        return [repr([environ.get(name) for name in ("PATH_INFO", "HTTP_AUTHORIZATION", "CONTENT_TYPE", "REQUEST_URI",
                                                     "wsgi.url_scheme", "wsgi.multithread", "X_SET")]).encode()]
    return Body()

class Body:
    closed = 0

    def __iter__(self):
        yield b"the "
        yield "bod\\u00e9"

    def close(self):
        Body.closed += 1
        print("closed", file=sys.stderr)

not_callable = 5
"""
LOCATION = """
<Location /app>
    SetHandler mod_python
    PythonHandler mod_python.wsgi
    PythonPath "['ROOT'] + sys.path"
    PythonDebug On
    PythonOption mod_python.wsgi.application {}
    {}
    SetEnv X_SET yes
</Location>
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop("wsgi_app", None)

    def make(application="wsgi_app", more=""):
        return Site(tmp_path, LOCATION.format(application, more), wsgi_app=APP)

    yield make
    sys.modules.pop("wsgi_app", None)


def test_an_application_stands_at_its_location(site):
    made = site()
    assert made.get("/app/some/path?query").body == "('/app', '/some/path', 'query')"
    assert made.get("/app/").body == "('/app', '/', '')"
    assert made.get("/app").body == "('/app', None, '')"


def test_a_base_uri_says_where_it_stands(site):
    made = site(more="PythonOption mod_python.wsgi.base_uri /app/inner")
    assert made.get("/app/inner/x").body == "('/app/inner', '/x', '')"
    assert made.get("/app/innermost").status == 404
    answer = site(more="PythonOption mod_python.wsgi.base_uri /app/").get("/app/x")
    assert (answer.status, "must not end in a slash" in answer.body) == (500, True)


def test_a_valid_application_finds_a_valid_server(site):
    made = site("wsgi_app::valid")
    params = {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "9"}
    # The validator wants read() and iteration apart, as the application asks for them; and its own complaints are
    # AssertionErrors, which would be the answer.
    answer = made.get("/app/x", "POST", b"ab\ncd\nefg", **params)
    assert (answer.status, answer.body) == (201, "ab\ncd\nefg")
    assert (answer.headers["content-type"], answer.headers["x-one"]) == ("text/plain", "1")
    assert "to the log" in made.log()


def test_an_answer_to_head_has_no_body(site):
    answer = site("wsgi_app::echo").get("/app/x", "HEAD")
    assert (answer.status, answer.body, answer.headers["x-one"]) == (201, "", "1")


def test_the_environ_has_the_bytes_of_the_request(site):
    made = site("wsgi_app::odd")
    answer = made.get("/app/caf%C3%A9?environ", HTTPS="on", HTTP_AUTHORIZATION="Basic YTpi", CONTENT_TYPE="")
    assert answer.body == repr(
        ["/caf\u00c3\u00a9", "Basic YTpi", None, "/app/caf%C3%A9?environ", "https", False, "yes"]
    )


@pytest.mark.parametrize(
    ("mode", "status", "body"),
    [
        ("", 200, "the bodé"),
        ("reason", 404, "the bodé"),
        ("written", 200, "written the bodé"),
        ("replaced", 503, "the bodé"),
    ],
)
def test_what_applications_do_to_answer(site, mode, status, body):
    answer = site("wsgi_app::odd").get("/app/x?" + mode)
    assert (answer.status, answer.body) == (status, body)
    assert "x-lost" not in answer.headers


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("twice", "AssertionError: start_response"),
        ("late", "ZeroDivisionError"),
        ("raises", "ValueError: after start_response"),
        ("headers", "TypeError: headers argument must be a list"),
        ("none", "TypeError: write() takes str or bytes, not NoneType"),
    ],
)
def test_what_applications_do_wrong_is_an_error_page(site, mode, error):
    answer = site("wsgi_app::odd").get("/app/x?" + mode)
    assert error in answer.body
    assert "content-length" not in answer.headers


def test_the_body_is_closed(site, capsys):
    site("wsgi_app::odd").get("/app/x")
    assert capsys.readouterr().err == "closed\n"


def test_an_application_that_is_not_there_is_not_found(site):
    made = site("wsgi_app::nosuch")
    assert made.get("/app/x").status == 404
    assert "there is no application 'wsgi_app::nosuch'" in made.log()
    assert "ModuleNotFoundError" in site("no_such_module").get("/app/x").body
    assert "TypeError" in site("wsgi_app::not_callable").get("/app/x").body


@pytest.mark.parametrize("status", ["", "20 OK", "2000 OK", "abc", "200 O\nK", 200, "099 Low"])
def test_a_status_that_is_none_is_refused(status):
    with pytest.raises((TypeError, ValueError), match=r"a status is|Invalid status line"):
        Response(None).start(status, [])


@pytest.mark.parametrize("headers", [(), [("a",)], [("a", 1)], [["a", "b"]]])
def test_headers_that_are_none_are_refused(headers):
    with pytest.raises(TypeError):
        Response(None).start("200 OK", headers)


def test_the_request_has_the_parts_for_a_handler_of_ones_own(tmp_path):
    handler = """
def handler(req):
    environ = req.build_wsgi_env()
    write = req.wsgi_start_response("299 Custom", [("X-Path", environ["PATH_INFO"])])
    write(b"body")
    return 0
"""
    site = Site(tmp_path, "<Location />\nSetHandler mod_python\nPythonHandler own\n</Location>", own=handler)
    answer = site.get("/some/path")
    assert (answer.status, answer.headers["x-path"], answer.body) == (299, "/some/path", "body")


def test_a_flask_application_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    app = """
from flask import Flask, request, url_for

application = Flask(__name__)

@application.post("/hello/<name>")
def hello(name):
    return f"Hello {name}! {request.form['a']} {url_for('hello', name='x')}"
"""
    site = Site(tmp_path, LOCATION.format("flask_app", ""), flask_app=app)
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "3"}
    answer = site.get("/app/hello/Caf%C3%A9", "POST", b"a=b", **form)
    assert (answer.status, answer.body) == (200, "Hello Café! b /app/hello/x")
    assert site.get("/app/nosuch").status == 404


def test_a_django_application_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    app = """
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path, reverse

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")

def hello(request, name):
    return HttpResponse(f"Hello {name}! {request.GET['a']} {reverse(hello, args=['x'])}")

urlpatterns = [path("hello/<name>", hello)]
application = get_wsgi_application()
"""
    site = Site(tmp_path, LOCATION.format("django_app", ""), django_app=app)
    answer = site.get("/app/hello/Caf%C3%A9?a=b")
    assert (answer.status, answer.body) == (200, "Hello Café! b /app/hello/x")
    assert site.get("/app/nosuch").status == 404
