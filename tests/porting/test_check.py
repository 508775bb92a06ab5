"""The port helper, tried on a folder of old handlers whose lines say what is to be found on them."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api.alias import MODULES
from mpfcgi.porting import LOOK, MUST, SHOULD, check_paths, check_text

OLD = Path(__file__).parent / "old"
MARK = re.compile(r"#! ([\w<> -]+?)(?= %>|$)")


def marks(path):
    return sorted(
        (number, pattern)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for match in MARK.finditer(line)
        for pattern in match[1].split()
    )


def patterns(text, file="x.py"):
    return [finding.pattern for finding in check_text(file, text.encode())]


@pytest.mark.parametrize("name", ["login.py", "library.py", "modern.py", "page.psp", "filters.py", "stars.py"])
def test_all_that_the_lines_say_is_found_and_nothing_else(name):
    found = [(finding.line, finding.pattern) for finding in check_paths([str(OLD / name)])]
    assert sorted(found) == marks(OLD / name)


def test_a_folder_is_searched_for_all_that_can_be_checked():
    found = list(check_paths([str(OLD)]))
    assert {Path(finding.file).name for finding in found} == {
        ".htaccess",
        "filters.py",
        "library.py",
        "login.py",
        "page.psp",
        "site.conf",
        "stars.py",
    }
    assert all(finding.line > 0 and finding.column > 0 and finding.message and finding.instead for finding in found)
    assert {finding.severity for finding in found} == {MUST, SHOULD, LOOK}


def test_handlers_in_locations_and_by_path_are_named():
    found = [
        (finding.line, finding.pattern) for finding in check_paths([str(OLD / "site.conf"), str(OLD / ".htaccess")])
    ]
    assert found == [(6, "location"), (2, "handler-path")]


def test_python_itself_is_asked_for_what_no_pattern_knows():
    (finding,) = check_text("x.py", b"x = 1\ny = = 2\n")
    assert (finding.line, finding.severity, finding.pattern) == (2, MUST, "syntax")
    assert patterns("print 'x'\ny = = 2\n") == ["print"]
    assert patterns("x = '\0'\n") == ["syntax"]


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xef\xbb\xbfx = 1\n", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", b"x = 1\r\ny = 2\r\n"]
)
def test_files_of_any_encoding_are_read(data):
    assert check_text("x.py", data) == []


def test_tables_have_their_old_methods_still():
    severities = {
        owner: check_text("x.py", f"{owner}.has_key('x')".encode())[0].severity
        for owner in (
            "req.headers_in",
            "form",
            "req.subprocess_env",
            "req.get_options()",
            "request.session",
            "users",
            "d['x']",
        )
    }
    assert [severities[owner] for owner in list(severities)[:5]] == [SHOULD] * 5
    assert [severities[owner] for owner in list(severities)[5:]] == [MUST] * 2


@pytest.mark.parametrize("table", ["form", "req.headers_in"])
def test_bytes_find_nothing_in_a_table_of_text(table):
    assert patterns(f"x = {table}.get(b'Host')\n") == ["bytes-header"]
    assert patterns("x = pages.get(b'Host')\n") == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_that_is_here_is_said_to_be_missing(module):
    assert patterns(f"from mod_python import {module}\nimport mod_python.{module}\n") == []


def test_a_module_of_the_site_may_have_an_old_name(tmp_path):
    (tmp_path / "commands.py").write_text("x = 1\n")
    page = tmp_path / "page.py"
    page.write_text("import commands, sets\n")
    assert [finding.column for finding in check_paths([str(page)])] == [18]


def test_print_is_for_the_client_in_handlers_only():
    assert check_text("x.py", b"from mod_python import apache\nprint 'x'\n")[0].instead == "req.write(text)"
    assert check_text("x.cgi", b"import os\nprint 'x'\n")[0].instead == "print(text)"


def test_print_to_a_file_stays_one():
    (finding,) = check_text("x.py", b"from mod_python import apache\nprint >>out, 'x'\n")
    assert finding.instead == "print(text, file=out)"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = '<h1>%s</h1>' % title.encode('utf-8')", True),
        ("x = '<h1>%s, %s</h1>' % (a, page['t'].encode('utf-8'))", True),
        ("x = 'a: ' + names[0].title().encode('utf-8')", True),
        ("x = (a or b).encode('utf-8') + '\\n'", True),
        ("x = b'%s' % title.encode('utf-8')", False),
        ("x = '%s' % urlsafe_b64encode(title.encode())", False),
        ("x = '%s' % title.encode('utf-8').hex()", False),
        ("x = quote(title.encode('utf-8'))", False),
        ("encode('x')", False),
        (").encode('x') + 'y'", True),
    ],
)
def test_what_is_encoded_is_no_part_of_a_text(text, found):
    assert ("encoded-text" in patterns(text + "\n")) is found


def test_an_upload_is_bytes():
    upload = "from mod_python import apache\ndef up(req, file):\n    data = file.file.read()\n    return %s\n"
    assert patterns(upload % r"data.split('\n')") == ["input-bytes"]
    assert patterns(upload % r"file.file.readline().strip('\n')") == ["input-bytes"]
    assert patterns(upload % r"data.split(b'\n')") == []


def test_a_view_that_has_a_name_has_no_places_either():
    assert patterns("k = filter(f, x)\nprint(k[0:1])\n") == ["view"]
    assert patterns("k = list(filter(f, x))\nprint(k[0:1])\n") == []
    assert patterns("k = d.keys()\nk = list(k)\nk[0]\n") == []


@pytest.mark.parametrize("second", ["        b = 2", "\tb = 2\n        c = 3"])
def test_a_tab_and_eight_blanks_are_not_the_same(second):
    source = f"if a:\n\tb = 1\n{second}\n\td = 4\n"
    assert [finding.pattern for finding in check_text("x.py", source.encode()) if finding.severity == MUST] == ["tabs"]


def test_the_examples_need_no_porting():
    examples = Path(__file__).parents[2] / "examples"
    assert [finding for finding in check_paths([str(examples)]) if finding.severity != LOOK] == []


def test_brackets_that_never_close_do_not_hide_what_follows():
    assert patterns("x = (1, [2\ndef f():\n    print 'x'\n") == ["syntax", "print"]


def test_a_string_that_never_ends_hides_its_line_only():
    assert patterns("x = 'abc\nprint 'y'\n") == ["syntax", "print"]


@given(st.text(st.sampled_from("print except raise,:()[]{}'\"\n\t\\#`<>=%x1.0Lé;\r\f")) | st.text())
def test_any_text_is_checked(text):
    for name in ("x.py", "x.psp"):
        for finding in check_text(name, text.encode("utf-8", "surrogatepass")):
            assert finding.line <= text.count("\n") + text.count("\r") + 1
