import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import request_uri
from mpfcgi.config.frontend_params import path_for, script_filename, text

ROOT = "/srv/www"


# The dialects of reference front-ends: what each sends for /a.py/info below /srv/www.
@pytest.mark.parametrize(
    ("front_end", "root", "sent", "query", "path"),
    [
        ("nginx, fastcgi_params alone", ROOT, "", "", f"{ROOT}/a.py/info"),
        ("nginx, $document_root$fastcgi_script_name", ROOT, f"{ROOT}/a.py/info", "", f"{ROOT}/a.py/info"),
        ("nginx, fastcgi_split_path_info", ROOT, f"{ROOT}/a.py", "", f"{ROOT}/a.py/info"),
        ("Apache, SetHandler proxy:fcgi", ROOT, f"proxy:fcgi://localhost{ROOT}/a.py", "", f"{ROOT}/a.py/info"),
        ("Apache, ProxyPassMatch", ROOT, f"proxy:fcgi://[::1]:9000{ROOT}/a.py/info?x=1", "x=1", f"{ROOT}/a.py/info"),
        ("Apache, balancer", ROOT, f"proxy:balancer://pool{ROOT}/a.py", "", f"{ROOT}/a.py/info"),
        ("Apache, GENERIC", ROOT, f"{ROOT}/a.py", "", f"{ROOT}/a.py/info"),
        ("Apache, ProxyPass / without root", ROOT, "proxy:fcgi://localhost:9000/a.py/info", "", f"{ROOT}/a.py/info"),
        ("Apache, the same with path info cut", ROOT, "proxy:fcgi://localhost:9000/a.py", "", f"{ROOT}/a.py/info"),
        ("lighttpd and Caddy", ROOT + "/", f"{ROOT}/a.py", "", f"{ROOT}/a.py/info"),
        ("an alias of the front-end", ROOT, "/opt/app/a.py", "", "/opt/app/a.py"),
        ("a URI that it has rewritten", ROOT, f"{ROOT}/index.py", "", f"{ROOT}/index.py"),
        ("no root, but a file", "", f"{ROOT}/a.py", "", f"{ROOT}/a.py"),
    ],
)
def test_each_front_end_says_where_the_file_is(front_end, root, sent, query, path):
    assert path_for("/a.py/info", root, script_filename(sent, query)) == path


def test_the_index_that_a_front_end_names_is_left_to_our_directoryindex():
    assert path_for("/sub/", ROOT, f"{ROOT}/sub/index.php") == f"{ROOT}/sub/"


@pytest.mark.parametrize("sent", ["", "proxy:fcgi://localhost:9000/etc/passwd", "/etc/passwd", "/etc", "relative"])
@pytest.mark.parametrize("root", ["", "relative"])
def test_a_bare_uri_is_never_taken_for_a_path_of_the_disk(root, sent):
    assert path_for("/etc/passwd", root, script_filename(sent)) == ""


def test_only_proxy_forms_are_url_encoded():
    assert script_filename("proxy:fcgi://h/a%20b%3F.py") == "/a b?.py"
    assert script_filename("/a%20b.py") == "/a%20b.py"


def test_a_question_mark_is_cut_off_only_with_the_requests_own_query():
    assert script_filename("proxy:fcgi://h/a.py?x=1", "x=1") == "/a.py"
    assert script_filename("proxy:fcgi://h/a.py?x=1", "x=2") == "/a.py?x=1"
    assert script_filename("/odd?x", "x") == "/odd?x"


def test_names_that_are_not_ascii_are_utf_8():
    assert text("/caf\xc3\xa9") == "/café"
    assert script_filename("/caf\xc3\xa9.py") == "/café.py"
    assert text("/\xff").encode("utf-8", "surrogateescape") == b"/\xff"
    assert path_for("/x", "/caf\xc3\xa9", "") == "/café/x"


latin = st.text(st.characters(max_codepoint=255), max_size=30)


@given(latin, latin, st.sampled_from(["", "proxy:fcgi://host:1/", "proxy:balancer://x/", "/"]))
def test_any_parameter_gives_a_path(sent, query, start):
    script_filename(start + sent, query).encode("utf-8", "surrogateescape")


@given(st.text("ab/.", max_size=12).map("/{}".format), st.text("ab/", max_size=8).filter(lambda text: text.strip("/")))
def test_with_a_root_alone_the_path_is_below_it(uri, root):
    assert path_for(uri, "/" + root, "").startswith(("/" + root).rstrip("/") + "/")


def test_the_whole_disk_is_no_root():
    assert path_for("/etc/passwd", "/", "") == ""


# What front-ends say of an address that they have rewritten to /page/5, and of one that they have not.
@pytest.mark.parametrize(
    ("front_end", "sent", "script", "info", "path"),
    [
        ("nginx and Apache", "/shop/5", "/page/5", "", "/page/5"),
        ("nginx with fastcgi_split_path_info", "/shop/5", "/page", "/5", "/page/5"),
        ("lighttpd and Caddy", "/shop/5", "", "/page/5", "/page/5"),
        ("a rewriting to a folder", "/shop/5", "/page/", "", "/page/"),
        ("nothing rewritten", "/page/5", "/page", "/5", None),
        ("escapes undone", "/p%61ge/5%20", "/page/5 ", "", None),
        ("dots and slashes as they came", "/a/..//page/5", "/a/..//page/5", "", None),
        ("dots and slashes undone", "/a/..//page/5", "/page/5", "", None),
        ("UTF-8", "/gr%C3%BCn", "/gr\xc3\xbcn", "", None),
        ("an index file that the front-end has found", "/page/", "/page/index.html", "", None),
        ("a program for the whole site", "/page/5", "/mpfcgi.cgi", "/page/5", None),
        ("what lighttpd passes on", "/static/none", "/.mpfcgi", "", None),
        ("an encoded slash, which SCRIPT_NAME doesn't show", "/page%2F5", "/page/5", "", None),
        ("neither", "/page/5", "", "", None),
        ("no path", "/page/5", "page", "", None),
        ("above the root", "/page/5", "/../page", "", None),
    ],
)
def test_the_front_ends_rewriting_is_found(front_end, sent, script, info, path):
    params = {"REQUEST_URI": sent + "?x=1", "SCRIPT_NAME": script, "PATH_INFO": info, "QUERY_STRING": "y=2"}
    plain = request_uri(params, "nodecode", rewrites=False)
    assert plain.args == "x=1"
    assert request_uri(params, "nodecode", rewrites=True) == (path or plain.path, "y=2", 0)


@pytest.mark.parametrize(
    ("sent", "query", "args"),
    [("/page?", "", ""), ("/page?x", "", None), ("/page?x", None, "x"), ("/page", "y", "y"), ("/page", "", None)],
)
def test_the_query_may_be_rewritten_alone(sent, query, args):
    params = {"REQUEST_URI": sent, "SCRIPT_NAME": "/page"} | ({} if query is None else {"QUERY_STRING": query})
    assert request_uri(params, "off", rewrites=True) == ("/page", args, 0)


@given(st.text(), st.text(), st.text(), st.text())
def test_what_front_ends_say_makes_a_path_or_nothing(sent, script, info, query):
    params = {"REQUEST_URI": sent, "SCRIPT_NAME": script, "PATH_INFO": info, "QUERY_STRING": query}
    params = {name: value.encode("utf-8", "surrogateescape").decode("latin-1") for name, value in params.items()}
    uri = request_uri(params, "off", rewrites=True)
    assert uri.status or uri.path.startswith("/")
