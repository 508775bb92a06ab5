import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.api.psp_parser import CODE, EXPRESSION, TEXT, Place, parse

FILES = {"part": "one\n<%= 2 %>", "outer": '[<%@ include file="part" %>]', "me": '<%@include file="me"%>'}
PAGES = st.lists(
    st.sampled_from(["<%", "<%=", "<%--", "--%>", "<%@", "%>", "\n", "\r\n", "\r", " ", ":", "text", "é", '"', "\\"])
).map("".join)


def read(name):
    return name, FILES[name]


def pieces(source):
    return [(piece.kind, piece.text) for piece in parse(source, "page", read).pieces]


def test_a_page_is_text_code_and_expressions():
    assert pieces("a<% b %>c<%= d %>e") == [
        (TEXT, "a"),
        (CODE, " b "),
        (TEXT, "c"),
        (EXPRESSION, " d "),
        (TEXT, "e"),
    ]


def test_comments_and_unknown_directives_leave_nothing():
    assert pieces("a<%-- <% x %> --%>b<%@ page x='y' %>c") == [(TEXT, "a"), (TEXT, "b"), (TEXT, "c")]


def test_code_has_newlines_only_and_text_keeps_a_lone_carriage_return():
    assert pieces("a\r\nb\rc<%\r\nd\re\r\n%>") == [(TEXT, "a\nb\rc"), (CODE, "\nd\ne\n")]


def test_pieces_know_where_they_stand():
    page = parse("é\r\na<%\rx\n%>b <%= y %>", "page", read)
    assert [piece.place for piece in page.pieces] == [
        Place("page", 1, 0),
        Place("page", 2, 3),
        Place("page", 4, 2),
        Place("page", 4, 7),
    ]


def test_an_included_file_is_part_of_the_page_and_remembers_where_it_comes_from():
    page = parse('a\n <%@ include file="outer" %>', "page", read)
    assert [(piece.text, piece.place.file, piece.place.line) for piece in page.pieces[1:]] == [
        ("[", "outer", 1),
        ("one\n", "part", 1),
        (" 2 ", "part", 2),
        ("]", "outer", 1),
    ]
    assert {piece.directive for piece in page.pieces[1:]} == {Place("page", 2, 1)}


def test_a_file_that_includes_itself_is_an_error_with_its_place():
    with pytest.raises(SyntaxError, match="in a circle: page -> me -> me") as caught:
        parse('\n<%@include file="me"%>', "page", read)
    assert (caught.value.filename, caught.value.lineno) == ("me", 1)


@pytest.mark.parametrize("tag", ["<%", "<%=", "<%--", "<%@"])
def test_a_tag_without_end_is_told(tag):
    page = parse("a\n b" + tag + " c", "page", read)
    assert page.unclosed is not None
    assert page.unclosed.tag == tag
    assert page.unclosed.place == Place("page", 2, 2)


@given(PAGES)
def test_pieces_stand_where_they_say(source):
    lines = source.replace("\r\n", "\n").replace("\r", "\n").encode().split(b"\n")
    for piece in parse(source, "page", read).pieces:
        first = piece.text.replace("\r", "\n").split("\n")[0].encode()
        assert lines[piece.place.line - 1][piece.place.column :].startswith(first)
