import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config import ConfigError, Place
from mpfcgi.config.syntax import DirectiveNode, SectionNode, expand, parse, quote, split, variables

HERE = Place("f", 1)


def test_directives_and_sections_have_their_places():
    nodes = parse('# comment\nA b "c d"\n<S x>\n  B\n</S>\n', "f")
    assert nodes == (
        DirectiveNode("A", ("b", "c d"), Place("f", 2)),
        SectionNode("S", ("x",), (DirectiveNode("B", (), Place("f", 4)),), Place("f", 3)),
    )


def test_a_backslash_continues_a_line_whose_place_is_its_first():
    assert parse("\nA b \\\n  c\n", "f") == (DirectiveNode("A", ("b", "c"), Place("f", 2)),)


def test_variables_are_replaced_and_unknown_ones_stay():
    assert expand(parse("A ${X} ${Y}", "f")[0], {"X": "1"}.get).args == ("1", "${Y}")


def test_a_value_may_be_several_arguments_and_a_quoted_one_stays_whole():
    nodes = parse('A ${X} "${X}"\n<S ${X}>\n</S>', "f")
    assert [expand(node, {"X": "1 2"}.get).args for node in nodes] == [("1", "2", "1 2"), ("1", "2")]


def test_the_names_that_have_no_value_are_known():
    assert variables(expand(parse("A ${X} ${Y}", "f")[0], {"X": "1"}.get)) == ("Y",)


def test_comments_are_continued_too_and_a_doubled_backslash_continues_as_in_apache():
    assert parse("# a \\\nB c\nD e", "f") == (DirectiveNode("D", ("e",), Place("f", 3)),)
    assert parse("A b\\\\\nC", "f") == (DirectiveNode("A", ("b\\C",), Place("f", 1)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<A>\n", "f:1: <A> is never closed"),
        ("</A>\n", "f:1: </A> closes nothing"),
        ("<A>\n<B>\n</A>", "f:3: </A> closes <B> of f:2"),
        ('A "b\n', "f:1: a quoted argument is never closed"),
        ("<A\n", "f:1: not a section"),
    ],
)
def test_mistakes_are_named_with_their_place(text, message):
    with pytest.raises(ConfigError) as error:
        parse(text, "f")
    assert str(error.value).startswith(message)


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20), min_size=1, max_size=5)
)
def test_quoted_arguments_are_read_as_they_were_written(args):
    assert split(" ".join(quote(arg) for arg in args), HERE) == tuple(args)


@given(st.text(max_size=200))
def test_any_text_is_read_or_is_a_config_error(text):
    try:
        parse(text, "f")
    except ConfigError:
        pass


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_value_of_a_variable_gives_arguments_or_a_config_error(text, value):
    try:
        for node in parse(text + "\nA ${X}", "f"):
            expand(node, {"X": value}.get)
    except ConfigError:
        pass
