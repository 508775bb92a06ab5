import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.worker import ssi_parser
from mpfcgi.worker.ssi_parser import Element, Parser

PAGE = b"a<!--#set var=\"x\" value='1 --> 2' -->b<!-- c --><!--#endif-->"


def parts(source, size=None, **tags):
    """The parts of a page that comes in pieces of `size` bytes; texts that follow each other as one."""
    parser = Parser(**tags)
    size = size or len(source) or 1
    found = []
    pieces = [source[at : at + size] for at in range(0, len(source), size)]
    for part in [part for piece in pieces for part in parser.feed(piece)] + list(parser.close()):
        if isinstance(part, bytes) and found and isinstance(found[-1], bytes):
            found[-1] += part
        else:
            found.append(part)
    return found


def test_a_page_is_text_and_elements():
    assert parts(PAGE) == [
        b"a",
        Element("set", (("var", "x"), ("value", "1 --> 2"))),
        b"b<!-- c -->",
        Element("endif"),
    ]


@pytest.mark.parametrize(
    ("source", "attributes"),
    [
        (b'var="x" -->', (("var", "x"),)),
        (b'VAR="X"-->', (("var", "X"),)),
        (b"a='1'b=`2` -->", (("a", "1"), ("b", "2"))),
        (b'a = "1" -->', (("a", "1"),)),
        (b"a=1 -->", (("a", "1"),)),
        (b"a -->", (("a", None),)),
        (b'a="1"b -->', (("a", "1"), ("b", None))),
        (b'a="q\\"q\'q\\\'" -->', (("a", "q\"q'q\\'"),)),
        (b'a="1" - -->', (("a", "1"), ("-", None))),
        (b'a="caf\xc3\xa9 \xff" -->', (("a", "café \udcff"),)),
    ],
)
def test_attributes_are_read_as_apache_does(source, attributes):
    assert parts(b"<!--#x " + source) == [Element("x", attributes)]


@pytest.mark.parametrize("source", [b"<!--#-->", b"<!--# -->", b'<!--# echo var="x" -->', b'<!--#echo ="x" -->'])
def test_what_has_no_name_is_a_problem_and_the_page_goes_on(source):
    element, text = parts(source + b"after")
    assert element.problem
    assert text == b"after"


@pytest.mark.parametrize(
    "source", [b"<!--#echo var", b"<!--#echo var-->b", b"<!--#echo var=x-->b", b'<!--#echo var="x-->']
)
def test_an_element_without_end_is_a_problem_and_its_source_stays_hidden(source):
    text, element = parts(b"a" + source)
    assert text == b"a"
    assert "not finished" in element.problem


def test_other_tags_can_be_chosen():
    assert parts(b"a{{x}}<!--#y-->", start=b"{{", end=b"}}") == [b"a", Element("x"), b"<!--#y-->"]


def test_an_element_that_never_ends_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(ssi_parser, "MAX_ELEMENT", 100)
    found = parts(b"<!--#python exec='" + b"x" * 200 + b"'-->after", size=10)
    assert "longer than 100 bytes" in found[0].problem
    assert found[1:] == [b"after"]


@given(st.integers(1, 60))
def test_the_pieces_a_page_comes_in_make_no_difference(size):
    assert parts(PAGE, size) == parts(PAGE)


FRAGMENTS = [b"<!--#", b"-->", b"<!", b"--", b"#", b" ", b"x", b"=", b'"', b"'", b"\\", b"<", b"\n", b"\xff"]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30), st.integers(1, 10))
def test_any_bytes_in_any_pieces_are_the_same_parts(fragments, size):
    source = b"".join(fragments)
    assert parts(source, size) == parts(source)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30))
def test_without_a_start_tag_a_page_stays_as_it_is(fragments):
    source = b"".join(fragments).replace(b"<!--#", b"")
    if b"<!--#" not in source:
        assert b"".join(parts(source)) == source


ATTRIBUTES = st.lists(st.tuples(st.text("abcxyz_-", min_size=1), st.text()), max_size=4)


@given(st.text("abcdef", min_size=1), ATTRIBUTES, st.sampled_from("\"'`"))
def test_what_is_written_as_an_element_is_read_back(name, attributes, quote):
    # A value can't end in a backslash: it would take the meaning of the quote behind it.
    attributes = [(key, value.replace("\\", "/")) for key, value in attributes]
    pairs = "".join(f" {key}={quote}{value.replace(quote, chr(92) + quote)}{quote}" for key, value in attributes)
    source = f"<!--#{name}{pairs} -->".encode("utf-8", "surrogatepass")
    read = source.decode("utf-8", "surrogateescape") == source.decode("utf-8", "replace")
    if read:
        assert parts(source) == [Element(name, tuple(attributes))]
