import posixpath
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config.directives.files import Mapping
from mpfcgi.config.translate import escape, map_alias, match_prefix, normalize, parse_uri, sent_filename, tidy


@pytest.mark.parametrize(
    ("raw", "path", "args", "status"),
    [
        ("/a/b?x=1", "/a/b", "x=1", 0),
        ("/a?", "/a", "", 0),
        ("/caf%C3%A9", "/café", None, 0),
        ("/a//b/./c/../d", "/a/b/d", None, 0),
        ("/..", "/..", None, 400),
        ("/%2e%2e/etc", "/../etc", None, 400),
        ("/a%2Fb", "/a%2Fb", None, 404),
        ("/a%zz", "/a%zz", None, 400),
        ("/a%00", "/a\0", None, 404),
        ("http://host/p?q", "/p", "q", 0),
        ("nonsense", "nonsense", None, 400),
    ],
)
def test_uris_are_taken_apart_as_apache_does(raw, path, args, status):
    assert parse_uri(raw) == (path, args, status)


def test_encoded_slashes_may_be_allowed():
    assert parse_uri("/a%2Fb", "on").path == "/a/b"
    assert parse_uri("/a%2Fb", "nodecode").path == "/a%2Fb"


def test_an_overlong_uri_is_refused():
    assert parse_uri("/" + "a" * 70_000).status in (400, 414)


@given(st.text("ab./", max_size=30))
def test_a_normal_path_never_leaves_the_root_and_stays_as_it_is(text):
    path = normalize("/" + text)
    if path is not None:
        assert normalize(path) == path
        assert posixpath.normpath("/root" + path).startswith("/root")


def test_aliases_fit_whole_parts_of_a_path():
    aliases = (Mapping("/icons", None, "/usr/icons"), Mapping("/i/", None, "/other/"))
    assert map_alias(aliases, "/icons/a.png") == "/usr/icons/a.png"
    assert map_alias(aliases, "/iconsx") is None
    assert map_alias(aliases, "/i/x") == "/other/x"
    assert match_prefix("/a", "/a") == ""


@pytest.mark.parametrize(
    ("sent", "query", "file"),
    [
        ("/srv/a.py", "", "/srv/a.py"),
        ("proxy:fcgi://127.0.0.1:9000/srv/a%20b.py?x=1", "x=1", "/srv/a b.py"),
        ("proxy:fcgi://localhost/srv/what%3f.py", "", "/srv/what?.py"),
        ("proxy:balancer://pool/srv/a.py", "", "/srv/a.py"),
        ("/srv/odd?name.py", "x", "/srv/odd?name.py"),
    ],
)
def test_script_filenames_of_front_ends_name_their_file(sent, query, file):
    assert sent_filename(sent, query) == file


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("*", 400),
        ("f.txt", 400),
        ("", 400),
        ("/%", 400),
        ("/f.txt%2Fx", 404),
        ("/a" * 40_000, 414),
        ("/\xff", 0),
        ("/a\0", 400),
    ],
)
def test_what_is_no_path_is_refused_as_apache_refuses_it(raw, status):
    assert parse_uri(raw).status == status


def test_a_path_is_decoded_once():
    assert parse_uri("/%252e%252e/%2541").path == "/%2e%2e/%41"
    assert parse_uri("/%ff").path.encode("utf-8", "surrogateescape") == b"/\xff"


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.sampled_from(["off", "on", "nodecode"]))
def test_any_request_uri_has_a_normal_path_or_a_status(raw, slashes):
    path, _, status = parse_uri(raw, slashes)
    if not status:
        assert path.startswith("/")
        assert "\0" not in path
        assert not {"", ".", ".."} & set(path[1:].rstrip("/").split("/")) or path == "/"
        assert normalize(path) == path


@given(st.text("ab./", max_size=20), st.sampled_from(["/srv/$1", "/srv/x$1", "/srv/../srv/$1", "/srv$1"]))
def test_an_alias_by_expression_stays_below_its_target_or_is_refused(text, target):
    uri = normalize("/f" + text)
    alias = Mapping("", re.compile("^/f(.*)"), target)
    try:
        path = map_alias((alias,), uri) if uri else None
    except ValueError:
        return
    assert path is None or not tidy(path).startswith("/..")
    assert path is None or posixpath.normpath(path).startswith("/srv")


@given(st.text("ab./", max_size=20))
def test_a_tidy_path_stays_as_it_is(text):
    path = tidy("/" + text)
    assert path.startswith("/")
    assert "//" not in path
    assert tidy(path) == path


@given(st.text(max_size=20))
def test_an_escaped_path_is_fit_for_a_header_and_means_the_same(text):
    escaped = escape(text)
    assert escaped.isascii()
    assert escaped.isprintable()
    assert unquote(escaped) == text
