"""The self-test's checks of what arrives, its forms and its guard. Each check is made to come out wrong."""

import json
import re
import time

import pytest

from mpfcgi.ipc import mutex
from mpfcgi.worker.selftest.checks import BY_NAME
from mpfcgi.worker.selftest.frontends import _LINES, APACHE, CADDY, CGI, FCGID, HAPROXY, LIGHTTPD, NGINX
from tests.support.cycle import Site

PLACE = "<Location /selftest>\nSetHandler mpfcgi-selftest\n{}</Location>\n"
OURS = {
    "HTTP_HOST": "localhost",
    "SERVER_SOFTWARE": "nginx/1.22.1",
    "SCRIPT_NAME": "/selftest",
    "SERVER_ADDR": "127.0.0.1",
}
AUTHORIZATION = "HTTP_AUTHORIZATION"


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def make_site(tmp_path, rules="Require local\n", more=""):
    sessions = f"PythonOption mod_python.session.database_directory {tmp_path}\n"
    site = Site(tmp_path, sessions + PLACE.format(rules) + more, a="x = 1")
    site.services.mutexes = mutex.create(mutex.MutexSettings(directory=str(tmp_path)))
    return site


def report(site, **params):
    """All checks that the request for the page makes, by name."""
    answer = site.get("/selftest?json", **{**OURS, **params})
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    return {check["name"]: check for check in json.loads(answer.body)["checks"]}


def one(site, query, method="GET", body=b"", path="/selftest", **params):
    """One check that takes a request of its own."""
    answer = site.get(f"{path}?check={query}", method, body, **{**OURS, **params})
    assert answer.status == 200
    return json.loads(answer.body)


def outcome(check):
    return check["verdict"], (check["remedy"] or {"lines": None})["lines"]


def test_a_good_request_finds_everything_about_itself_right(site):
    found = report(site)
    of_the_request = ("front-end", "address", "parameters", "host", "https", "client")
    assert {found[name]["verdict"] for name in of_the_request} == {"right"}
    assert found["front-end"]["seen"].startswith("nginx/1.22.1")
    assert found["address"]["seen"] == "/selftest?json"


@pytest.mark.parametrize(
    ("params", "kind"),
    [({"SERVER_SOFTWARE": "nginx/1.22.1"}, NGINX), ({"SERVER_SOFTWARE": "lighttpd/1.4.69"}, LIGHTTPD),
     ({"SERVER_SOFTWARE": "Caddy/2.6.2"}, CADDY), ({"SERVER_SOFTWARE": "HAProxy 2.6.12"}, HAPROXY),
     ({"SERVER_SOFTWARE": "Apache", "SCRIPT_FILENAME": "proxy:fcgi://mpfcgi/selftest"}, APACHE),
     ({"SERVER_SOFTWARE": "Apache/2.4.71 (Debian)", "SCRIPT_FILENAME": "/srv/www/selftest"}, FCGID),
     ({"SERVER_SOFTWARE": "Apache/2.4.71 (Debian)", "PWD": "/srv/www"}, CGI)],
)  # fmt: skip
def test_each_front_end_is_known_by_what_it_sends(site, params, kind):
    found = report(site, **params)["front-end"]
    assert found["verdict"] == "right"
    assert kind.lower() in found["seen"].lower()


def test_an_unknown_front_end_is_to_be_looked_at(site):
    found = report(site, SERVER_SOFTWARE="Server of Mine/1.0")["front-end"]
    assert found["verdict"] == "look at"
    assert "Server of Mine/1.0" in found["seen"]
    assert report(site, SERVER_SOFTWARE="")["front-end"]["verdict"] == "right"


def test_an_address_that_does_not_come_or_has_lost_its_query_is_wrong(site):
    assert outcome(report(site, REQUEST_URI="/selftest")["address"]) == (
        "wrong",
        "fastcgi_param REQUEST_URI $request_uri;",
    )
    site = make_site(site.root.parent, more="SetHandler mpfcgi-selftest\n")
    found = report(site, REQUEST_URI="")["address"]
    assert "fastcgi_param REQUEST_URI $request_uri;" in outcome(found)[1]
    assert found["seen"] == "REQUEST_URI is missing"


def test_missing_parameters_are_named_with_the_line_that_sends_them(site):
    verdict, lines = outcome(report(site, SERVER_NAME="", SERVER_PROTOCOL="")["parameters"])
    assert verdict == "wrong"
    assert "fastcgi_param SERVER_NAME $server_name;\nfastcgi_param SERVER_PROTOCOL $server_protocol;" in lines
    less = {name: value for name, value in OURS.items() if name != "SCRIPT_NAME"}
    answer = site.get("/selftest?check=parameters", **less)
    assert outcome(json.loads(answer.body))[0] == "look at"
    nobody = {name: value for name, value in less.items() if name != "SERVER_SOFTWARE"}
    assert outcome(json.loads(site.get("/selftest?check=parameters", **nobody).body))[0] == "right"
    other = report(site, SERVER_NAME="", SERVER_SOFTWARE="Other/1")["parameters"]
    assert "SERVER_NAME" in outcome(other)[1]


@pytest.mark.parametrize(
    ("query", "params", "verdict"),
    [("host", {"HTTP_HOST": ""}, "wrong"),
     ("host", {"HTTP_HOST": "localhost", "SERVER_PORT": "8080"}, "look at"),
     ("host", {"HTTP_HOST": "localhost:8080", "SERVER_PORT": "80"}, "right"),
     ("host", {"HTTP_HOST": "[::1]", "SERVER_PORT": "8080"}, "look at"),
     ("host&host=site.test%3A8080", {"HTTP_HOST": "site.test"}, "wrong"),
     ("host&host=SITE.test%3A8080", {"HTTP_HOST": "site.test:8080"}, "right"),
     ("https&scheme=https", {}, "wrong"), ("https&scheme=http", {"HTTPS": "on"}, "wrong"),
     ("https&scheme=https", {"HTTPS": "on"}, "right"), ("https&scheme=http", {}, "right"),
     ("https", {"SERVER_PORT": "443"}, "wrong"), ("https", {"HTTP_X_FORWARDED_PROTO": "https"}, "look at"),
     ("https", {"REQUEST_SCHEME": "https", "SERVER_PORT": "443"}, "right")],
)  # fmt: skip
def test_host_and_scheme_are_compared_with_what_the_client_says(site, query, params, verdict):
    found = one(site, query, **params)
    assert found["verdict"] == verdict
    assert (found["remedy"] is None) == (verdict == "right")


def test_a_host_whose_server_name_says_https_needs_no_more(tmp_path):
    site = make_site(tmp_path, more="ServerName https://www.example.com\n")
    assert one(site, "https&scheme=https")["verdict"] == "right"


def test_a_password_gets_through_or_the_line_is_shown_that_lets_it(site):
    assert one(site, "authorization", HTTP_AUTHORIZATION="Basic bXBmY2dpOnNlbGZ0ZXN0")["verdict"] == "right"
    assert report(site, HTTP_AUTHORIZATION="Basic c2VjcmV0")["authorization"]["verdict"] == "right"
    apache = {"SERVER_SOFTWARE": "Apache", "SCRIPT_FILENAME": "proxy:fcgi://x/"}
    verdict, lines = outcome(one(site, "authorization", **apache))
    assert (verdict, "CGIPassAuth On" in lines) == ("wrong", True)
    assert "E=HTTP_AUTHORIZATION" in outcome(one(site, "authorization", SERVER_SOFTWARE="Apache"))[1]
    assert outcome(one(site, "authorization", SERVER_SOFTWARE="HAProxy 2.6"))[1] == "pass-header Authorization"


def test_a_cookie_comes_back_or_not(site):
    page = site.get("/selftest", **OURS)
    cookie = page.headers["set-cookie"].partition(";")[0]
    value = cookie.partition("=")[2]
    assert one(site, f"cookies&value={value}", HTTP_COOKIE=f"a=b; {cookie}")["verdict"] == "right"
    for other in ("", cookie + "x"):
        assert one(site, f"cookies&value={value}", HTTP_COOKIE=other)["verdict"] == "wrong"


@pytest.mark.parametrize("name", ["body", "chunked"])
def test_a_body_is_counted(site, name):
    sent = {"method": "POST", "CONTENT_TYPE": "application/octet-stream"}
    assert one(site, f"{name}&bytes=100000", body=bytes(100_000), **sent)["verdict"] == "right"
    cut = one(site, f"{name}&bytes=100000", body=bytes(16_384), **sent)
    assert (cut["verdict"], cut["seen"]) == ("wrong", "100000 bytes were sent, and 16384 came")
    untyped = one(site, f"{name}&bytes=3", body=b"abc", **{**sent, "CONTENT_TYPE": ""})
    assert outcome(untyped)[0] == "wrong"
    assert "CONTENT_TYPE" in outcome(untyped)[1]


@pytest.mark.parametrize("came", ["/selftest/a b+cü", "/selftest/a%20b%20c%C3%BC", "/selftest/a%2520b+c%25C3%25BC"])
def test_an_odd_address_that_came_otherwise_is_wrong(site, came):
    sent = "/selftest/a%20b+c%C3%BC"
    assert one(site, "path", path=sent)["verdict"] == "right"
    found = one(site, "path", path=came.encode().decode("latin-1"))
    assert outcome(found) == ("wrong", "fastcgi_param REQUEST_URI $request_uri;")


def test_an_odd_address_that_was_rewritten_is_wrong(tmp_path):
    site = make_site(tmp_path, more="FrontEndRewrites On\n")
    found = one(site, "path", path="/selftest/a%20b+c%C3%BC", SCRIPT_NAME="/selftest/other")
    assert outcome(found) == ("wrong", "FrontEndRewrites On")


def test_a_clock_is_compared_with_the_clients(site):
    assert one(site, f"clock&now={time.time()}")["verdict"] == "right"
    assert "behind" in one(site, f"clock&now={time.time() + 3600}")["seen"]
    ahead = one(site, f"clock&now={time.time() - 3600}")
    assert (ahead["verdict"], "ahead of" in ahead["seen"]) == ("look at", True)


def test_an_answer_in_parts_is_one_that_nobody_should_hold_back(site):
    answer = site.get("/selftest?check=stream", **OURS)
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.body == "data: the first part\n\ndata: the second part\n\n"


def test_what_takes_a_request_of_its_own_is_shown_with_its_command(site):
    answer = site.get("/selftest?json", **{**OURS, "HTTP_HOST": "o'hara:81"})
    further = {check["name"]: check for check in json.loads(answer.body)["further"]}
    assert set(further) == {"path", "authorization", "cookies", "body", "chunked", "stream", "clock"}
    assert further["authorization"]["curl"] == (
        "curl -u mpfcgi:selftest 'http://o'\\''hara:81/selftest?check=authorization'"
    )


def test_the_page_is_whole_and_escaped_and_loads_nothing_from_elsewhere(site):
    hostile = "<script>alert(1)</script>"
    answer = site.get("/selftest", **{**OURS, "HTTP_HOST": hostile, "SERVER_SOFTWARE": f"nginx/{hostile}"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.body
    assert not re.search(r"""(src|href)=["'](?!\?)""", answer.body)
    nonce = re.search(r"script-src 'nonce-([^']+)'", answer.headers["content-security-policy"]).group(1)
    assert answer.body.count(f'nonce="{nonce}"') == 2
    assert 'name="viewport"' in answer.body
    assert re.search(r'<p id="sum">\d wrong, 0 to be looked at, 1[1-3] right, 7 not asked</p>', answer.body)
    assert set(re.findall(r'<li class="\w+" id="([^"]+)"', answer.body)) == set(BY_NAME)


def test_the_text_has_the_worst_first_and_what_to_write(site):
    answer = site.get("/selftest?text", **{**OURS, "HTTP_HOST": ""})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.body.splitlines()
    assert lines[2] == "wrong      Host and port: the Host header does not come"
    assert lines[4].strip() == "fastcgi_param HTTP_HOST $http_host;"
    assert re.search(r"^not asked  Uploads: head -c", answer.body, re.M)


def test_no_form_shows_what_is_secret(site, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    secret = {AUTHORIZATION: "Basic c2VjcmV0OnNlY3JldA==", "HTTP_COOKIE": "pysid=5ec2e7", "HTTP_X_KEY": "k3y"}
    for form in ("", "?json", "?text", "?check=authorization", "?check=cookies&value=1"):
        body = site.get(f"/selftest{form}", **OURS, **secret).body
        assert not any(word in body for word in ("hunter2", "c2VjcmV0", "5ec2e7", "k3y"))


def test_it_is_there_only_where_it_is_configured_and_the_access_rules_hold(site):
    assert site.get("/other", **OURS).status == 404
    assert site.get("/selftest", **OURS, REMOTE_ADDR="192.0.2.1").status == 403
    assert site.get("/selftest?check=nothing", **OURS).status == 404


def test_a_handler_can_not_make_itself_the_self_test(tmp_path):
    fixup = "def fixuphandler(req):\n    req.handler = 'mpfcgi-selftest'\n    return 0\n"
    site = Site(
        tmp_path, "<Directory ROOT>\nPythonFixupHandler fix\n</Directory>\n", fix=fixup, **{"page.txt": "plain"}
    )
    assert site.get("/page.txt").body == "plain"


def test_only_the_checks_of_bodies_take_one(site):
    answer = site.get("/selftest", method="POST", **OURS)
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")
    assert one(site, "body&bytes=0", method="PUT", CONTENT_TYPE="application/octet-stream")["verdict"] == "right"


@pytest.mark.parametrize(
    "told",
    [{"HTTP_X_FORWARDED_FOR": "192.0.2.1, 127.0.0.1"}, {"HTTP_X_REAL_IP": "192.0.2.1"}, {"HTTP_FORWARDED": "for=x"}],
)
def test_behind_a_proxy_a_local_address_opens_nothing(tmp_path, site, told):
    assert site.get("/selftest", **OURS, **told).status == 403
    assert "the self-test is not shown" in site.log()
    same_machine = {"REMOTE_ADDR": "192.0.2.7", "SERVER_ADDR": "192.0.2.7"}
    assert site.get("/selftest", **{**OURS, **told, **same_machine}).status == 403
    # Who is found out by a password, or lets everybody in, gets the finding.
    everybody = make_site(tmp_path, "Require all granted\n")
    found = report(everybody, **told)["client"]
    assert (found["verdict"], "set_real_ip_from" in found["remedy"]["lines"]) == ("wrong", True)
    assert report(everybody, **told, REMOTE_ADDR="192.0.2.9")["client"]["verdict"] == "right"


def test_a_proxy_on_this_machine_that_tells_of_local_clients_hides_nothing(site):
    assert report(site, HTTP_X_FORWARDED_FOR="127.0.0.1")["client"]["verdict"] == "right"


def test_a_browser_that_is_let_in_by_a_password_sees_it_behind_a_proxy(tmp_path):
    gate = "def authenhandler(req):\n    req.get_basic_auth_pw()\n    return 0\n"
    rules = "AuthType Basic\nAuthName x\nPythonAuthenHandler gate\nRequire valid-user\n"
    site = make_site(tmp_path, rules)
    (site.root / "gate.py").write_text(gate)
    told = {"HTTP_X_FORWARDED_FOR": "192.0.2.1", AUTHORIZATION: "Basic c3BhbTplZ2dz"}
    assert report(site, **told)["client"]["verdict"] == "wrong"


def test_each_check_that_is_asked_for_has_lines_for_every_front_end(site):
    for name, check in BY_NAME.items():
        if check.curl:
            for kind in (NGINX, APACHE, FCGID, CGI, LIGHTTPD, CADDY, HAPROXY):
                assert kind in _LINES[name] or "" in _LINES[name], (name, kind)


def test_the_query_counts_even_where_the_address_has_lost_it(site):
    answer = site.get("/selftest", **OURS, QUERY_STRING="check=address")
    assert outcome(json.loads(answer.body))[0] == "wrong"
