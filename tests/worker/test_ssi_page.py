import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.ssi_world import World, shown

YES, NO = '<!--#if expr="true" -->', '<!--#if expr="false" -->'
ELSE, END = "<!--#else -->", "<!--#endif -->"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("no <b>elements</b> <!-- at all -->", "no <b>elements</b> <!-- at all -->"),
        ('<!--#echo var="NAME" -->', "value"),
        ('<!--#echo var="missing" -->', "(none)"),
        ('<!--#echo var="NAME" var="missing" -->', "value(none)"),
        ('<!--#echo var="NAME" foo="x" -->', "valueE"),
        ('<!--#echo encoding="bogus" var="NAME" -->', "E"),
        ("<!--#echo -->", "E"),
        ("a<!--#nosuch -->b", "aEb"),
        ('<!--#set var="x" value="$NAME" --><!--#echo var="$x" -->|<!--#echo var="x" -->', "(none)|value"),
        ('<!--#set value="1" var="x" -->', "E"),
        ('<!--#set var="x" -->', "E"),
        ('<!--#set var="x" value="1" foo="2" --><!--#echo var="x" -->', "E1"),
        ('<!--#config -->|<!--#config foo="1" -->|<!--#config sizefmt="huge" -->', "E|E|E"),
        ('<!--#config errmsg="<$NAME>" --><!--#nosuch -->', "<value>"),
        ('<!--#config echomsg="<&amp;>" --><!--#echo var="missing" -->', "<&amp;>"),
        ('<!--#printenv foo="1" -->', "E"),
        ("<!--#fsize -->|<!--#flastmod -->|<!--#include -->|<!--#exec -->", "E|E|E|E"),
        ('<!--#fsize foo="1" -->|<!--#include foo="1" -->|<!--#exec foo="1" -->', "E|E|E"),
        (
            "<!--#python -->|<!--#python foo='1' -->|<!--#python eval='1' exec='1' -->|<!--#python eval='' -->",
            "E|E|E|E",
        ),
    ],
)
def test_elements(source, result):
    assert shown(source) == result


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("1$", "1$"), ("$$NAME", "$value"), ("$NAME-$NAME", "value-value"), (r"\$NAME ${NAME}s", "$NAME values"),
        ("a$missing${missing}b", "ab"), ("${NO NAME}", ""), ("${}", "${}"), ("a${NAME", "a"), ("a&lt;b", "a&lt;b"),
    ],
)  # fmt: skip
def test_variables_stand_for_their_values(text, expanded):
    assert shown(f'<!--#set var="x" value="{text}" --><!--#echo encoding="none" var="x" -->') == expanded


@pytest.mark.parametrize(
    ("encoding", "result"),
    [
        ("none", "a b<\"'é/?+%"), ("entity", "a b&lt;&quot;'é/?+%"), ("url", "a%20b%3c%22'%c3%a9/%3f+%25"),
        ("urlencoded", "a+b%3c%22%27%c3%a9%2f%3f%2b%25"), ("base64", "YSBiPCInw6kvPysl"),
        ("entity,url", "a%20b&lt;&quot;'%c3%a9/%3f+%25"),
    ],
)  # fmt: skip
def test_encodings(encoding, result):
    assert shown(f'<!--#echo encoding="{encoding}" var="x" -->', World({"x": "a b<\"'é/?+%"})) == result


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_what_is_encoded_can_be_decoded(text):
    for name in ("url", "urlencoded", "entity", "base64"):
        world = World({"x": text})
        source = (
            f'<!--#set var="y" encoding="{name}" value="$x" --><!--#echo decoding="{name}" encoding="none" var="y" -->'
        )
        if text:
            assert shown(source, world).replace("E", "") == text.replace("E", "")


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (f"{YES}a{ELSE}b{END}c", "ac"),
        (f"{NO}a{ELSE}b{END}c", "bc"),
        (f'{NO}a<!--#elif expr="true" -->b<!--#elif expr="true" -->c{ELSE}d{END}e', "be"),
        (f"{YES}a{NO}b{ELSE}c{END}d{ELSE}e{END}f", "acdf"),
        (f"{NO}a{YES}b{END}c{ELSE}d{END}e", "de"),
        (f'{NO}<!--#set var="x" value="1" --><!--#nosuch --><!--#if -->{END}{END}<!--#echo var="x" -->', "(none)"),
        (f"a{ELSE}b{END}c", "ac"),
        (f"a{END}b", "ab"),
        (f"a{NO}b", "a"),
        (f"<!--#if -->a{ELSE}b{END}c", "Ec"),
        (f"<!--#if expr='true' expr='true' -->a{ELSE}b{END}c", "Ec"),
        (f'<!--#if expr="what?" -->a{ELSE}b{END}c', "Ec"),
        (f'<!--#if expr="what?" -->a<!--#elif expr="true" -->b{ELSE}c{END}d', "Ebd"),
        (f'{NO}a<!--#elif expr="what?" -->b{ELSE}c{END}d', "Ed"),
    ],
)
def test_conditionals(source, result):
    assert shown(source) == result


def test_a_missing_endif_is_logged():
    world = World()
    shown(f"{YES}a", world)
    assert "endif" in world.problems[0]


def test_groups_of_a_legacy_regular_expression_are_variables():
    source = '<!--#if expr="$NAME = /(v)(x)?/" --><!--#set var="y" value="$1-$0" --><!--#echo var="y" --><!--#endif -->'
    assert shown(source, legacy=True) == "v-v"


@pytest.mark.parametrize(
    ("count", "abbreviated", "digits"),
    [(0, "  0 ", "0"), (972, "972 ", "972"), (973, "1.0K", "973"), (1500, "1.5K", "1,500"), (123456, "121K", "123,456"),
     (10 << 20, " 10M", "10,485,760"), (9.99 * 1024, " 10K", "10,229"), (5 << 50, "5.0P", "5,629,499,534,213,120")],
)  # fmt: skip
def test_sizes(count, abbreviated, digits):
    world = World()
    world.status = lambda target, virtual: (int(count), 0.0)
    source = '<!--#fsize file="f" -->|<!--#config sizefmt="bytes" --><!--#fsize virtual="f" -->'
    assert shown(source, world) == f"{abbreviated}|{digits}"


def test_times_follow_timefmt():
    source = '<!--#config timefmt="%Y %Z" --><!--#echo var="DATE_GMT" -->|<!--#echo var="LAST_MODIFIED" -->|<!--#flastmod file="f" -->'
    result = shown(source, World(files={"f": ""}))
    assert result.startswith("2023 GMT|2020 ")
    assert result.split("|")[1] == result.split("|")[2]


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("<!--#include virtual='/a' file='b' -->", "AB"),
        ("<!--#include virtual='/x' -->", "E"),
        ("<!--#include virtual='/x' onerror='/a' -->", "A"),
        ("<!--#include onerror='/a' virtual='/x' -->", "E"),
        ("<!--#include virtual='/x' onerror='/y' -->", "E"),
        ("<!--#include virtual='/$name' -->", "A"),
        ("<!--#include virtual='/&#97;' -->", "A"),
    ],
)
def test_includes(source, result):
    assert shown(source, World({"name": "a"}, {"/a": "A", "b": "B"})) == result


def test_code_is_handed_on_decoded_and_commands_with_their_variables():
    world = World()
    shown("<!--#python eval=\"'&lt;' + '$NAME'\" --><!--#exec cmd='echo $NAME' cgi='/$NAME' -->", world)
    assert world.ran == [("eval", "'<' + '$NAME'"), "echo $NAME", "/value"]


def test_nothing_is_executed_where_options_forbid_it():
    world = World(may_execute=False)
    assert shown("<!--#python eval='1' -->|<!--#exec cmd='id' -->|<!--#echo var='NAME' -->", world) == "E|E|value"
    assert not world.ran
    assert "IncludesNOEXEC" in world.problems[0]


def test_nothing_follows_when_python_has_ended_the_page():
    assert shown("a<!--#python exec='end' -->b<!--#echo var='NAME' -->") == "a"


def test_nothing_is_executed_in_a_branch_that_is_not_shown():
    world = World()
    shown(f"{NO}<!--#python exec='1' --><!--#exec cmd='id' -->{END}", world)
    assert not world.ran


def test_printenv_shows_all_variables_as_text():
    assert shown("<!--#printenv -->", World({"X": "<x>"})) == "NAME=value\nQUERY_STRING=q=1\nX=&lt;x&gt;\n"


def test_the_messages_come_from_the_configuration():
    assert shown("<!--#nosuch -->|<!--#echo var='x' -->", error_message="oops", undefined="-") == "oops|-"


NAMES = [
    "var",
    "value",
    "encoding",
    "decoding",
    "expr",
    "errmsg",
    "timefmt",
    "sizefmt",
    "file",
    "virtual",
    "onerror",
    "eval",
]
ELEMENTS = ["echo", "set", "config", "fsize", "flastmod", "include", "printenv", "exec", "if", "elif", "else", "endif"]
VALUES = st.sampled_from(
    ["NAME", "$NAME", "base64,url", "%Y", "bytes", "true", "f", "\0", "%", "${", "&#55296;"]
) | st.text(max_size=8)
ATTRIBUTES = st.lists(st.tuples(st.sampled_from(NAMES), VALUES).map(lambda pair: f" {pair[0]}=`{pair[1]}`"), max_size=4)


@given(
    st.lists(
        st.tuples(st.sampled_from(ELEMENTS), ATTRIBUTES).map(lambda e: f"<!--#{e[0]}{''.join(e[1])} -->"), max_size=8
    )
)
def test_any_elements_in_any_order_end_in_a_page(elements):
    source = "a".join(elements).encode("utf-8", "surrogatepass")
    for legacy in (False, True):
        shown(source, World(files={"f": ""}), legacy=legacy)
