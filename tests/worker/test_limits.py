"""What of a request's head is too much (LimitRequestLine and kin), by the numbers of a real Apache."""

import pytest

from mpfcgi.config import Resolver, load_text
from mpfcgi.worker.limits import HeadLimits
from tests.support.cycle import Site

PARAMS = {
    "REQUEST_METHOD": "GET", "REQUEST_URI": "/x", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
    "CONTENT_TYPE": "", "CONTENT_LENGTH": "", "SERVER_NAME": "x" * 200,
}  # fmt: skip


def limits(text):
    config = load_text(text)
    return HeadLimits.of(Resolver(config).server_settings(config.main))


def test_nothing_is_counted_where_nothing_is_configured():
    assert limits("LimitRequestFields 0\n") is None


@pytest.mark.parametrize(
    ("text", "params", "status"),
    [
        ("LimitRequestLine 60", {"REQUEST_URI": "/" + "a" * 47}, None),
        ("LimitRequestLine 60", {"REQUEST_URI": "/" + "a" * 48}, 414),
        ("LimitRequestFieldSize 80", {"HTTP_X_A": "a" * 76}, None),
        ("LimitRequestFieldSize 80", {"HTTP_X_A": "a" * 77}, 400),
        ("LimitRequestFields 2", {"CONTENT_TYPE": "text/plain"}, None),
        ("LimitRequestFields 2", {"CONTENT_TYPE": "text/plain", "HTTP_X": "1"}, 400),
    ],
)
def test_a_head_past_a_limit_is_refused(text, params, status):
    found = limits(text + "\n").check(PARAMS | params)
    assert (found and found[0]) == status
    assert found is None or text in found[1]


SITE = """
<Directory ROOT>
    Require all granted
    SetHandler mod_python
    PythonHandler h
</Directory>
"""
HANDLER = """
from mod_python import apache

def handler(req):
    count = int(req.args or 0)
    if count:
        req.internal_redirect("%s?%d" % (req.uri, count - 1))
    else:
        req.write("%d %d %d %d %s" % (req.server.limit_req_line, req.server.limit_req_fields,
            req.server.keep_alive, req.server.keep_alive_max, req.server.keep_alive_timeout))
    return apache.OK
"""


def test_a_request_past_a_limit_gets_its_page_and_a_line_in_the_log(tmp_path):
    site = Site(tmp_path, SITE + "LimitRequestLine 50\n", h=HANDLER)
    assert site.get("/x").status == 200
    answer = site.get("/x?" + "a" * 50)
    assert answer.status == 414
    assert "Request-URI Too Long" in answer.body
    assert "the request line is longer than LimitRequestLine 50" in site.log()


def test_redirects_that_go_in_a_circle_end(tmp_path):
    site = Site(tmp_path, SITE + "LimitInternalRecursion 3\n", h=HANDLER)
    assert [site.get(f"/x?{count}").status for count in (3, 4)] == [200, 500]
    assert "redirected more than 3 times (LimitInternalRecursion)" in site.log()


INCLUDES = "<Directory ROOT>\nRequire all granted\nOptions +Includes\nSetOutputFilter INCLUDES\n</Directory>\n"


@pytest.mark.parametrize(("numbers", "deep"), [("5", 5), ("5 2", 2), ("2 5", 5)])
def test_pages_that_include_each_other_end_after_the_second_number(tmp_path, numbers, deep):
    site = Site(tmp_path, INCLUDES + f"LimitInternalRecursion {numbers}\n")
    (site.root / "a.shtml").write_text("a<!--#include virtual='a.shtml' -->")
    assert site.get("/a.shtml").body.partition("[")[0] == "a" * (deep + 1)
    assert f"included more than {deep} deep" in site.log()


def test_the_server_object_shows_what_is_configured(tmp_path):
    site = Site(tmp_path, SITE, h=HANDLER)
    assert site.get("/x").body == "8190 100 1 100 5.0"
    config = "LimitRequestLine 900\nLimitRequestFields 9\nKeepAlive Off\nMaxKeepAliveRequests 7\nKeepAliveTimeout 20\n"
    site = Site(tmp_path, SITE + config, h=HANDLER)
    assert site.get("/x").body == "900 9 0 7 20.0"
    assert [warning.partition(": ")[2] for warning in site.services.config.warnings] == [
        f"{name} is ignored: the front-end sees to it"
        for name in ("KeepAlive", "MaxKeepAliveRequests", "KeepAliveTimeout")
    ]
