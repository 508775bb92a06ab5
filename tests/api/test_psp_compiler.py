import sys
import traceback

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mpfcgi.api.psp_compiler import compile_page, decode

TAGS = [
    "<%",
    "<%=",
    "<%--",
    "--%>",
    "<%@",
    "%>",
    "\n",
    "\r",
    "    ",
    "\t",
    ":",
    "if 1:",
    "x",
    "(",
    ")",
    "\\",
    "'",
    '"',
    "#",
    "\0",
]
PAGES = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(TAGS), st.text(max_size=3))).map("".join))


class Req:
    def __init__(self):
        self.written = []

    def write(self, data, flush=1):
        self.written.append(data)


def run(source, name="/site/page.psp", read=None, **names):
    req = Req()
    exec(compile_page(source, name, read), {"req": req, **names})
    return "".join(req.written)


def frames(call):
    """(file, line) of the frames of a page, outermost first."""
    with pytest.raises(ZeroDivisionError) as caught:
        call()
    found = traceback.extract_tb(caught.value.__traceback__)
    return [(frame.filename, frame.lineno) for frame in found if frame.filename != __file__]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("one\ntwo <%= 1 / 0 %>", 2),
        ("<%-- a\nb\nc --%>\n<%= 1 / 0 %>", 4),
        ("a<%--\n--%>b\n<%\nx = 1\n1 / 0\n%>", 5),
        ("one\r\ntwo\r\n<%\r\n1 / 0\r\n%>", 4),
        ("one\rtwo\r<%\r1 / 0\r%>", 4),
        ("<% # comment %>\n<% x = 1 # comment %>\n<%= 1 / 0 %>", 3),
        ("<%= (1,\n 2,\n 1 / 0) %>", 3),
    ],
)
def test_tracebacks_have_the_lines_of_the_page(source, line):
    assert frames(lambda: run(source)) == [("/site/page.psp", line)]


def test_a_function_of_a_page_has_its_own_line():
    page = "text\n<%\ndef f():\n    return 1 / 0\n# end\n%>\n<%= f() %>"
    assert frames(lambda: run(page)) == [("/site/page.psp", 7), ("/site/page.psp", 4)]


def test_tracebacks_show_the_text_of_the_page_and_mark_the_place(tmp_path):
    file = tmp_path / "page.psp"
    file.write_text("<%-- é\n --%>é <%= len('') + 1 / 0 %> after\n")
    with pytest.raises(ZeroDivisionError) as caught:
        run(file.read_text(), str(file))
    shown = traceback.format_exception(type(caught.value), caught.value, caught.value.__traceback__)[-2].splitlines()
    assert shown[1].strip() == "--%>é <%= len('') + 1 / 0 %> after"
    if sys.version_info >= (3, 11):
        assert shown[2].index("~~^~~") == shown[1].index("1 / 0")


def test_an_included_file_counts_as_the_line_of_its_directive():
    page = '\n\n<%@ include file="part" %>\n<% x = 1 %>\n<%= 1 / x - 1 / 0 %>'
    assert frames(lambda: run(page, read=lambda name: (name, "a\nb\n<%= 1 / 0 %>"))) == [("/site/page.psp", 3)]
    assert frames(lambda: run(page, read=lambda name: (name, "a\nb\n"))) == [("/site/page.psp", 5)]


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("<% x = = 1 %>", 1, "invalid syntax"),
        ("a\nb<%-- \n --%>\n<%\nif 1:\n%>\n<%\n    y\n%>", 8, "unindent"),
        ("a\n<% if 1: f() %>", 2, "invalid syntax"),
        ("a\n<% return 1 %>", 2, "outside function"),
        ("a\n <%= x", 2, "'<%=' is never closed"),
        ("a\n <%-- x", 2, "'<%--' is never closed"),
        ("a\n <%@ x", 2, "'<%@' is never closed"),
        ("a\n\n<% x = '\0' %>", 3, "null bytes"),
        ("a\n\n<% x = '\ud800' %>", 3, "surrogates"),
    ],
)
def test_a_mistake_names_page_and_line(source, line, message):
    with pytest.raises(SyntaxError, match=message) as caught:
        run(source)
    assert (caught.value.filename, caught.value.lineno) == ("/site/page.psp", line)


def test_a_mistake_in_an_included_file_names_that_file():
    for part in ("a\n<% x = = 1 %>", "a\n<% x"):
        with pytest.raises(SyntaxError) as caught:
            run('\n\n<%@ include file="part" %>', read=lambda name, part=part: ("/site/" + name, part))
        assert (caught.value.filename, caught.value.lineno) == ("/site/part", 2)


def test_the_column_of_a_mistake_is_counted_in_characters(tmp_path):
    file = tmp_path / "page.psp"
    file.write_text("éé <% x = = 1 %>")
    with pytest.raises(SyntaxError) as caught:
        run(file.read_text(), str(file))
    assert (caught.value.offset, caught.value.text) == (11, "éé <% x = = 1 %>\n")


def test_a_page_that_is_not_utf_8_names_the_line():
    with pytest.raises(UnicodeDecodeError, match=r"byte 0xe9 .*pages are UTF-8: page, line 2"):
        decode(b"a\r\nb\xe9", "page")


def test_code_at_the_end_needs_no_closing_tag():
    assert run("text <% x = 1; req.write('more')") == "text more"


@given(PAGES)
@example("<% x = " + "(" * 300 + " %>")
@example("<% x = " + "-" * 100000 + "1 %>")
@example("<% x = " + "a." * 20000 + "b %>")
def test_any_text_compiles_or_is_a_mistake_on_a_line_of_the_page(source):
    lines = source.count("\n") + source.count("\r") + 1
    try:
        compile_page(source, "page", lambda name: (name, "part"))
    except SyntaxError as error:
        mistake = error
    else:
        return
    assert mistake.filename == "page"
    assert mistake.lineno is not None
    assert 1 <= mistake.lineno <= lines
