import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mpfcgi.api.psp_parser import parse
from mpfcgi.api.psp_writer import runnable, shown

TEXT = st.text(st.characters(exclude_characters="\\\r")).map(lambda text: text.replace("<%", "<"))


def python(source):
    return shown(parse(source, "page", None))


def output(source, **names):
    """What the page writes."""
    written = []

    class Req:
        def write(self, data, flush=1):
            written.append(data)

    exec(runnable(parse(source, "page", None)).text, {"req": Req(), **names})
    return "".join(written)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("two\nlines\n", 'req.write("""two\nlines\n""",0)\n'),
        ("a<%= x %>b", 'req.write("""a""",0); req.write(str( x ),0); req.write("""b""",0)\n'),
        ("<% x = 1 %>", 'req.write("""""",0); x = 1 ;req.write("""""",0)\n'),
        ("<%\nx = 1\n%>\n", 'req.write("""""",0);\nx = 1\nreq.write("""\n""",0)\n'),
        ("<%\r\nx = 1\r\n%>\r\nb", 'req.write("""""",0);\nx = 1\nreq.write("""\nb""",0)\n'),
        ('"quoted" \\n \\', 'req.write("""\\"quoted\\" \\\\n \\""",0)\n'),
        ("<%-- unclosed", 'req.write("""'),
        ("<%= unclosed", 'req.write("""""",0); req.write(str( unclosed'),
    ],
)
def test_the_python_shown_is_mod_pythons(source, expected):
    assert python(source) == expected


@pytest.mark.parametrize(
    ("code", "indent"),
    [
        ("\nfor n in x:\n", "\t"),
        ("\nif a:\n    if b:\n", "    \t"),
        ("\nfor n in x:\n    # stays\n", "    "),
        ("\nif x:\n    y\n\n", ""),
        ("\nif x:\n    y\n    \n", "    "),
        ("\nfor n in x: # comment\n", ""),
        ("\nfor n in x: \n", ""),
        ("\rfor n in x:\r    # stays\r", "    "),
    ],
)
def test_text_is_indented_as_the_code_before_it_was_left(code, indent):
    assert python(f"<%{code}%>text").endswith(f'\n{indent}req.write("""text""",0)\n')


def test_the_block_of_the_manual_ends_with_a_comment_or_with_empty_code():
    for ending in ("# This line will cause the block to end", ""):
        page = f"<%\nfor n in range(3):\n%>\n<p><%= n %></p>\n<%\n{ending}\n%>once"
        assert output(page) == "\n<p>0</p>\n\n<p>1</p>\n\n<p>2</p>\nonce"


def test_backslashes_in_text_are_what_they_are_in_python_but_for_line_ends_and_tabs():
    assert output(r"\n \r \t \\ \x41 \u00e9 \d \q \x4 \u12 \N{EM DASH} \N{DASH} \U00110000") == (
        "\\n \\r \\t \\ A é \\d \\q \\x4 \\u12 — \\N{DASH} \\U00110000"
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [("tail\\", "tail\\"), ("a\\<%= 1 %>", "a\\1"), ('\\"', '\\"'), ('\\"""', '\\"""'), ("\\\\n", "\\\n")],
)
def test_a_backslash_before_a_tag_or_at_the_end_is_a_backslash(page, expected):
    assert output(page) == expected


def test_text_behind_a_comment_in_code_is_not_lost():
    assert output("<% x = '#' # comment %>text <%= x # and here\n %>\nmore") == "text #\nmore"
    assert output("<%\nfor n in (1, 2):\n    # twice\n%>a<% # once more %>b\n<%\n%>c") == "ab\nab\nc"


@given(TEXT)
def test_text_comes_out_unchanged(text):
    assert output(text) == text


@given(TEXT, TEXT)
def test_text_around_tags_comes_out_unchanged(before, after):
    assert output(f"{before}<%= x %>{after}", x="-") == f"{before}-{after}"


@given(st.text().map(lambda text: text.replace("<%", "<")))
def test_any_text_is_python_that_writes_text(text):
    assert isinstance(output(text), str)


PARTS = ["\\", "\\N{", "}", "EM DASH", "x", "4", "u", "U", "0", "7", "n", "\n", '"', "'", "\0"]


@given(st.lists(st.sampled_from(PARTS)).map("".join))
@example("\\777")
def test_any_backslash_is_python_that_writes_text_and_does_not_warn(text):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(output(text), str)
