"""The self-test behind every real front-end: right where it is set up as printed, wrong where a line is missing, and
right again with the line that the self-test shows."""

import re

import pytest
import requests

from tests.frontends.conftest import open_folder, start_daemon, write_site
from tests.frontends.variants import VARIANTS, printed
from tests.support.browser import Browser
from tests.support.frontends import frontend
from tests.support.servers import wait_until

pytestmark = pytest.mark.frontend

HEAD = """\
<Location /selftest>
    SetHandler mpfcgi-selftest
    Require local
</Location>
<Location /open>
    SetHandler mpfcgi-selftest
    Require all granted
</Location>
"""
KINDS = {
    "nginx": "nginx/", "apache": "Apache mod_proxy_fcgi", "fcgid": "Apache mod_fcgid", "cgi": "CGI",
    "lighttpd": "lighttpd/", "caddy": "Caddy/", "haproxy": "HAProxy ",
}  # fmt: skip
# With what one of them is known for: docs/frontends.md.
LOOKED_AT = {
    "nginx-without-keepalive": {"connection"}, "apache-sethandler": {"connection"}, "apache-proxypassmatch": {"connection"},
}  # fmt: skip
WRONG = {"cgi-fcgi": {"chunked"}, "haproxy": {"chunked"}}


@pytest.fixture(scope="module")
def daemon():
    with open_folder("selftest") as folder:
        write_site(folder)
        daemon, daemon.place = start_daemon(folder, HEAD)
        yield daemon
        daemon.stop()


class Page:
    """The self-test at a port: as a client asks, with what each check needs."""

    def __init__(self, port):
        self._host = f"site.test:{port}"
        self._address = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(self, query, path="", method="GET", headers=(), place="/selftest", **more):
        headers = {"Host": self._host, **dict(headers)}
        return self._session.request(
            method, f"{self._address}{place}{path}?{query}", headers=headers, timeout=60, **more
        )

    def one(self, name, query="", **more):
        """A finding; as the page's script does, what is no answer is wrong, and its remedy the one that is at hand."""
        try:
            answer = self.ask(f"check={name}{query}", **more)
            if answer.ok:
                return answer.json()
            said = str(answer.status_code)
        except requests.exceptions.RequestException as error:
            said = str(error)
        further = {check["name"]: check for check in self.ask("json").json()["further"]}
        return {"verdict": "wrong", "seen": said, "remedy": further[name]["remedy"]}

    def checks(self):
        """All of them, by name."""
        found = {check["name"]: check for check in self.ask("json").json()["checks"]}
        upload = {"method": "POST", "headers": {"Content-Type": "application/octet-stream"}}
        return {
            **found,
            "host": self.one("host", f"&host={self._host}"),
            "https": self.one("https", "&scheme=http"),
            "path": self.one("path", path="/a%20b+c%C3%BC"),
            "authorization": self.one("authorization", auth=("mpfcgi", "selftest")),
            "cookies": self.one("cookies", "&value=1", headers={"Cookie": "x=y; mpfcgi-selftest=1"}),
            "body": self.one("body", "&bytes=1500000", data=bytes(1_500_000), **upload),
            "chunked": self.one("chunked", "&bytes=50000", data=iter([bytes(10_000)] * 5), **upload),
        }


def verdicts(checks, verdict):
    # The tests' daemon runs as the user that runs them.
    return {name for name, check in checks.items() if check["verdict"] == verdict and name != "user"}


@pytest.mark.parametrize(
    "variant",
    # The first has a configuration of its own; the second passes on only what is a file.
    [variant for variant in VARIANTS if variant.name not in ("fcgid-alone", "lighttpd-check-local")],
    ids=lambda variant: variant.name,
)
def test_a_front_end_as_it_is_set_up_here_is_right(variant, daemon, servers):
    checks = Page(servers(variant)[0]).checks()
    assert KINDS[variant.name.partition("-")[0]] in checks["front-end"]["seen"]
    assert verdicts(checks, "wrong") == WRONG.get(variant.name, WRONG.get(variant.kind, set())), checks
    assert verdicts(checks, "look at") == LOOKED_AT.get(variant.name, set()), checks


KEPT = "    fastcgi_keep_conn on;"
NGINX_URI = "fastcgi_param REQUEST_URI        $request_uri;"
NGINX_PROTOCOL = "fastcgi_param SERVER_PROTOCOL    $server_protocol;"
APACHE_AUTH = '    <Location "/">\n        CGIPassAuth On\n    </Location>'
FCGID_AUTH = '    <Location "/">\n        CGIPassAuth On\n'
PLACE = '    <Location "/">\n'
HAPROXY_AUTH = "    pass-header Authorization"
HAPROXY_HEAD = "# Sections for haproxy.cfg"
SIZE = "server.max-request-size = 0"
# A variant, what is wrong in it, a text of its configuration, and with what it is broken and mended.
BROKEN = [
    ("nginx", "path", NGINX_URI, "fastcgi_param REQUEST_URI $uri$is_args$args;", "{lines}"),
    ("nginx", "host", KEPT, KEPT + "fastcgi_param HTTP_HOST $host;", KEPT + "{lines}"),
    ("nginx", "authorization", KEPT, KEPT + 'fastcgi_param HTTP_AUTHORIZATION "";', KEPT + "{lines}"),
    ("nginx", "parameters", NGINX_PROTOCOL, "", "{lines}"),
    ("nginx", "connection", KEPT, "", "{lines}"),
    ("nginx", "body", "client_max_body_size 0;", "", "{lines}"),
    ("apache", "authorization", APACHE_AUTH, "", "{lines}"),
    ("fcgid-bridged", "authorization", FCGID_AUTH, PLACE, "{lines}" + PLACE),
    ("fcgid-bridged", "body", "FcgidMaxRequestLen 200000000", "", "{lines}"),
    ("cgi", "authorization", FCGID_AUTH, PLACE, "{lines}" + PLACE),
    ("haproxy", "authorization", HAPROXY_AUTH, "", "{lines}"),
    ("haproxy", "chunked", HAPROXY_HEAD, HAPROXY_HEAD, "global\n{lines}" + HAPROXY_HEAD),
    ("lighttpd", "body", SIZE, "server.max-request-size = 1000", "{lines}"),
]


@pytest.mark.parametrize(
    ("variant", "name", "old", "broken", "mended"), BROKEN, ids=[f"{name}-{check}" for name, check, *_ in BROKEN]
)
def test_a_line_that_is_missing_is_found_and_the_one_that_is_shown_mends_it(variant, name, old, broken, mended, daemon):
    variant = next(one for one in VARIANTS if one.name == variant)

    def checks(new):
        def write(*ports):
            text = variant.write(daemon.place, *ports)
            assert old in text
            return text.replace(old, new)

        with open_folder(variant.kind) as folder, frontend(variant.kind, folder, write) as ports:
            return Page(ports[0]).checks()

    found = checks(broken)
    assert found[name]["verdict"] == ("look at" if name == "connection" else "wrong")
    # No other finding hides it.
    assert verdicts(found, "right") >= {"front-end", "client", "document-root", "sessions", "locks"}
    lines = found[name]["remedy"]["lines"]
    if name == "connection":
        # The second line is for the upstream, which has it.
        lines, rest = lines.split("\n")
        assert rest == "keepalive 32;"
    again = checks(mended.replace("{lines}", lines + "\n"))[name]
    assert again["verdict"] == "right", again


FORWARDED = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
HAPROXY_LOG = "    log-stderr global"
LIGHTTPD_TYPES = "# The types of files"
# Where the lines go that let a front-end believe the proxy before it: in the place of what.
TRUSTING = [
    ("nginx", "https", KEPT, KEPT + "{lines}"),
    ("nginx", "client", KEPT, KEPT + "{lines}"),
    ("apache", "https", APACHE_AUTH, APACHE_AUTH + "\n{lines}"),
    ("apache", "client", APACHE_AUTH, APACHE_AUTH + "\n{lines}"),
    ("fcgid-bridged", "https", PLACE, "{lines}" + PLACE),
    ("cgi", "https", PLACE, "{lines}" + PLACE),
    ("lighttpd", "https", LIGHTTPD_TYPES, "{lines}" + LIGHTTPD_TYPES),
    ("lighttpd", "client", LIGHTTPD_TYPES, "{lines}" + LIGHTTPD_TYPES),
    ("haproxy", "https", HAPROXY_LOG, "{lines}" + HAPROXY_LOG),
]


@pytest.mark.parametrize(
    ("variant", "name", "old", "mended"), TRUSTING, ids=[f"{name}-{check}" for name, check, *_ in TRUSTING]
)
def test_a_proxy_before_the_web_server_is_found_and_the_line_that_is_shown_believes_it(
    variant, name, old, mended, daemon
):
    variant = next(one for one in VARIANTS if one.name == variant)

    def find(new):
        def write(*ports):
            text = variant.write(daemon.place, *ports)
            assert old in text
            return text.replace(old, new)

        with open_folder(variant.kind) as folder, frontend(variant.kind, folder, write) as ports:
            page = Page(ports[0])
            refused = page.ask("json", headers=FORWARDED).status_code
            return page.one(name, "&scheme=https", headers=FORWARDED, place="/open"), refused

    found, refused = find(old)
    assert (found["verdict"], refused) == ("wrong", 403)
    lines = found["remedy"]["lines"].replace("ADDRESS OF THE PROXY", "127.0.0.1")
    found, refused = find(mended.replace("{lines}", lines + "\n"))
    # Where the client's address is known, the rule that asks for it refuses.
    assert (found["verdict"], refused) == ("right", 403), found


def test_cookies_that_nginx_keeps_to_itself_are_found(daemon):
    def write(*ports):
        return printed("nginx")(daemon.place, *ports).replace(KEPT, KEPT + 'fastcgi_param HTTP_COOKIE "";')

    with open_folder("nginx") as folder, frontend("nginx", folder, write) as ports:
        found = Page(ports[0]).checks()["cookies"]
    assert (found["verdict"], "HTTP_COOKIE" in found["remedy"]["lines"]) == ("wrong", True)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


SHOWN = "[...document.querySelectorAll('li')].map(row => [row.id, row.querySelector('.verdict').textContent])"
DONE = "document.body.dataset.done"


def comes_in_parts(browser):
    if browser.evaluate("document.querySelector('#stream').className") == "right":
        return True
    browser.call("Runtime.evaluate", expression="ask('stream', '')", awaitPromise=True)
    return False


STREAMS = "server.stream-response-body = 1"


@pytest.mark.parametrize(
    ("kind", "new", "verdict"),
    [
        ("nginx", None, "right"),
        ("lighttpd", STREAMS, "right"),
        ("lighttpd", "server.stream-response-body = 0", "look at"),
    ],
)
def test_the_page_asks_everything_that_a_browser_can(daemon, browser, kind, new, verdict):
    def write(*ports):
        text = printed(kind)(daemon.place, *ports)
        assert new is None or STREAMS in text
        return text.replace(STREAMS, new) if new else text

    with open_folder(kind) as folder, frontend(kind, folder, write) as ports:
        browser.open(f"http://127.0.0.1:{ports[0]}/selftest")
        wait_until(lambda: browser.evaluate(DONE) == "yes", "the page has asked")
        if verdict == "right":
            # On a machine that does much else, both parts may be there before the browser looks: so it looks again.
            wait_until(lambda: comes_in_parts(browser), "the parts are seen")
        shown = dict(browser.evaluate(SHOWN))
        hidden = browser.evaluate("document.querySelector('#stream .remedy').hidden")
        lines = browser.evaluate("document.querySelector('#stream .lines').textContent")
        counted = browser.evaluate("document.querySelector('#sum').textContent")
    assert re.match(r"\d wrong, \d to be looked at, \d+ right, 1 not asked", counted)
    assert sum(map(int, re.findall(r"\d+", counted))) == len(shown)
    shown.pop("user")
    assert shown.pop("chunked") == "not asked"
    assert (shown.pop("stream"), hidden) == (verdict, verdict == "right")
    assert set(shown.values()) == {"right"}, shown
    assert new is None or lines == STREAMS
