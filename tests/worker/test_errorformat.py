"""ErrorLogFormat, after httpd's documentation of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import ConfigError
from mpfcgi.worker.errorformat import Entry, compile_format
from tests.support.cycle import Site

ENTRY = Entry(3, "it failed", 7, 0.25)


@pytest.mark.parametrize(
    ("format", "line"),
    [
        ("[%l] [pid %P:tid %T] %M", "[error] [pid 7:tid 7] it failed"),
        ("%7F: %E: %4P %3P %M% ,\\ referer\\ %{Referer}i", "7 it failed"),
        ("[client\\ %a] %M", "it failed"),
        ("[client %-a] %M", "[client -] it failed"),
        ("%+a %M", None),
        ("%l% %M 100%%", "errorit failed 100%"),
        ("a\\ b %{X}i %{X}e %{X}n %v", "a b"),
    ],
)
def test_what_says_nothing_takes_its_field_with_it(format, line):
    assert compile_format(format)(ENTRY) == line


@pytest.mark.parametrize("format", ["%", "%Z", "%{x}", "%M %"])
def test_an_unknown_item_is_a_config_error(format):
    with pytest.raises(ConfigError):
        compile_format(format)


@given(st.text("%MlaPt{}cu+- \\]x", max_size=12))
def test_any_format_gives_one_line_or_is_a_config_error(format):
    try:
        line = compile_format(format)(ENTRY)
    except ConfigError:
        return
    assert line is None or "\n" not in line


def test_lines_of_a_request_are_in_its_servers_format(tmp_path):
    handler = "def handler(req):\n    req.log_error('two\\nlines')\n    return 0\n"
    config = """
    ErrorLogFormat "%{cu}t %l %v %a \\"%{User-Agent}i\\" %M"
    ServerName www.test
    <Directory ROOT>
        Require all granted
        SetHandler mod_python
        PythonHandler h
    </Directory>
    """
    site = Site(tmp_path, config, h=handler)
    site.get("/x", REMOTE_PORT="9", HTTP_USER_AGENT="me\x1b")
    stamp, _, rest = site.log().partition(" error ")
    assert len(stamp) == len("2026-11-21 08:00:00.123456")
    assert rest == 'www.test 127.0.0.1:9 "me\\x1b" two\\nlines\n'
