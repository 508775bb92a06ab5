import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.worker import ssi_expression, ssi_legacy
from mpfcgi.worker.ssi_text import Problem
from tests.worker.ssi_world import World, holds

# What Apache 2.4 answers to each.
TRUE = """
    true
    !false
    v('NAME') == 'value'
    v("NAME") = "value"
    v( 'NAME' ) == 'value'
    v('none') = v('missing')
    '5' > '10'
    5 -lt 10
    5 eq 5
    '12abc' -eq 12
    1 == 1
    'a'=='a'&&!false
    true || false && false
    not false and true
    ! -n v('missing')
    -z v('missing')
    -T 'yes'
    -R '127.0.0.0/8'
    -A '/open' && -U "/open" && ! -A '/closed'
    -5 -lt 3
    'abc' =~ /a(?<second>b)(?<=b)c/
    ldap('(a*)') == '\\\\28a\\\\2a\\\\29'
    unbase64('YWJj-') == 'abc' && unbase64('YQ') == 'a' && unbase64('=') == ''
    'a' in { 'b', 'a' }
    v('NAME') =~ /^V/i
    v('NAME') !~ /x/
    v('NAME') =~ m#^v.l#
    v('NAME') =~ /^(v)(a)/ && $2 == 'a'
    'a'.'b' == 'ab'
    'a%{REQUEST_METHOD}b' == "aGETb"
    %{REQUEST_METHOD} == 'GET'
    %{tolower:AB} == 'ab'
    '%{tolower:A%{QUERY_STRING}}' == 'aq=1'
    'x%y$z' == 'x%y$z'
    'a\\'b' == "a'b"
    toupper(v('NAME')) == 'VALUE'
    md5('a') == '0cc175b9c0f1b6a831c399e269772661'
    sha1('a') =~ /^86f7/
    escape('a b/c?') == 'a%20b/c%3f'
    unescape('%41') == 'A'
    base64('a') == 'YQ==' && unbase64('YQ==') == 'a'
    http('Host') == 'example.test' && resp('Content-Type') == 'text/html'
    env('NAME') == reqenv('NAME')
    'abc' -strmatch 'a*' && 'ABC' -strcmatch 'a*'
    '/a/b' -fnmatch '/a/*'
    '127.0.0.1' -ipmatch '127.0.0.0/8'
    ('a' == 'a') && ('b' == 'c' || !('d' == 'e'))
"""
FALSE = """
    false
    !true
    !false && false
    v('NAME') == 'other'
    01 == 1
    'ABC' -strmatch 'a*'
    -T 'off'
    '$NAME' == 'value'
    'a' -in { 'b' }
    '/a/b/c' -fnmatch '/a/*'
"""
NO_CONDITION = """
    v('NAME')
    'a'
    5
    $NAME = 5
    a == 'a'
    ((true)
    true false
    'a' = 'a' = 'a'
    v('NAME') =~ 'v.*'
    'a' =~ /(/
    'a' =~ /a/q
    'a
    nosuch('a') == ''
    %{NOPE} == ''
    '%{NOPE}' == ''
    {NAME} != 0
    -f '/etc/passwd'
    'a' -ipmatch 'b'
"""
LEGACY_TRUE = """
    '' '' a = a
    \\$NAME = value
    \\\\$NAME != value
    a'b' = 'a\\'b\\''
    -A /open && ! -A /closed/x
    ! -A '/closed' && ( -A '/open' )
    $NAME
    $NAME = value
    '$NAME' == 'value'
    ${NAME}2 = value2
    $NAME$NAME = valuevalue
    $NAME x = 'value x'
    $NAME != other
    $NAME = /^(v)a/
    $NAME != /x/
    value = /^$NAME$/
    a b = a  b
    a=b||c=c
    a&b = a&b
    a | b
    (a = b) || !(a = b)
    a || b && !c
    10 < 9
    a >= a
    a-A b = a-A b
    a\\=b = 'a=b'
    a/b = /a\\/b/
    'it\\'s' = 'it\\'s'
    !!a
    {DEBUG} != 0
    \\$x = '\\$x'
"""
LEGACY_FALSE = """
    $missing
    !a
    a && b && !c
    '' && a || b
    'a' 'b' = 'ab'
    a = b/c/
"""
LEGACY_NO_CONDITION = """
    a =
    = a
    (a
    a)
    ! a = b
    a = b = c
    a (b)
    (a) b
    a !b
    a = !b
    a > /b/
    /a/
    /a/ = a
    (a) = (b)
    a = /(/
    'a
    -A
    a -A b
    /a
    a = /b
"""


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("condition", lines(TRUE))
def test_conditions_that_hold(condition):
    assert holds(condition) == "1"


@pytest.mark.parametrize("condition", lines(FALSE))
def test_conditions_that_do_not_hold(condition):
    assert holds(condition) == "0"


@pytest.mark.parametrize("condition", ["", *lines(NO_CONDITION)])
def test_what_is_no_condition_is_an_error_on_either_side(condition):
    assert holds(condition) == "E"


@pytest.mark.parametrize("condition", lines(LEGACY_TRUE))
def test_legacy_conditions_that_hold(condition):
    assert holds(condition, legacy=True) == "1"


@pytest.mark.parametrize("condition", ["", *lines(LEGACY_FALSE)])
def test_legacy_conditions_that_do_not_hold(condition):
    assert holds(condition, legacy=True) == "0"


@pytest.mark.parametrize("condition", lines(LEGACY_NO_CONDITION))
def test_what_is_no_legacy_condition_is_an_error(condition):
    assert holds(condition, legacy=True) == "E"


TOKENS = st.sampled_from(
    [
        "true",
        "false",
        "!",
        "&&",
        "||",
        "(",
        ")",
        "'a'",
        "'b'",
        "==",
        "=~",
        "/a/",
        "v(",
        ")",
        "-n",
        "in",
        "{",
        "}",
        ",",
        "%{",
        "$1",
        ".",
    ]
)


@given(st.lists(TOKENS, max_size=12).map(" ".join) | st.text(max_size=20))
def test_any_text_is_true_false_or_a_problem(text):
    for evaluate in (
        lambda: ssi_expression.evaluate(text, World()),
        lambda: ssi_legacy.evaluate(text, lambda text: text, lambda match: None, bool),
    ):
        try:
            assert evaluate() in (True, False)
        except Problem:
            pass


def test_deep_nesting_is_a_problem_not_a_crash():
    for condition in ("(" * 100_000 + "true", "!" * 100_000 + "true"):
        with pytest.raises(Problem):
            ssi_expression.evaluate(condition, World())
        with pytest.raises(Problem):
            ssi_legacy.evaluate(condition + "(", lambda text: text, lambda match: None, bool)


LOGIC = st.recursive(
    st.sampled_from(["true", "false"]),
    lambda inner: st.one_of(
        inner.map("(! {})".format),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
    ),
    max_leaves=20,
)


@given(LOGIC)
def test_logic_is_pythons(condition):
    expected = eval(
        condition.replace("!", "not ")
        .replace("&&", "and")
        .replace("||", "or")
        .replace("true", "True")
        .replace("false", "False")
    )
    assert ssi_expression.evaluate(condition, World()) is expected
