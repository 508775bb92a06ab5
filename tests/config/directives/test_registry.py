"""What holds for every directive."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpfcgi.config import PoolSettings, pools
from mpfcgi.config.directives import CONTEXT_NAMES, FRONT_END, REFUSED, REGISTRY, BadValue

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["On", "off", "none", "all", "not", "from", "|", ".x", "/a/", "10s", "64K", "301", "0", "-1", "env=A"]
    ),
)
# The defaults in the help texts: "Default 10s.", "Default 0, never."
TOLD = {
    spec.name: told[1] for spec in REGISTRY.values() if (told := re.search(r"Default ([\w.-]*\w)(?!,?\w)", spec.help))
}
# What pools have where nothing is said, by directive; ReloadFile has none.
PLAIN = {
    name: value
    for name, field in pools.FIELDS.items()
    if name != "ReloadFile" and isinstance(value := getattr(PoolSettings(), field), (str, int, float))
}
ALL = pytest.mark.parametrize("spec", REGISTRY.values(), ids=lambda spec: spec.name)


@settings(max_examples=1500)
@given(spec=st.sampled_from(list(REGISTRY.values())), args=st.lists(WORDS, max_size=4).map(tuple))
def test_any_arguments_give_a_value_or_say_what_is_wrong(spec, args):
    try:
        value = spec.parse(args)
    except BadValue:
        return
    # Joined with itself, as with an earlier line and with an outer section.
    line = spec.combine(spec.combine(None, value), value)
    spec.merge(spec.merge(None, line), line)


@ALL
def test_it_says_where_it_may_stand_and_what_it_is_for(spec):
    assert spec.contexts
    assert set(spec.contexts) <= set(CONTEXT_NAMES)
    assert spec.syntax
    assert spec.help[:1].isupper()
    assert spec.help.endswith(".")


@pytest.mark.parametrize("name", PLAIN)
def test_the_default_that_is_told_of_a_pool_is_the_one_that_holds(name):
    assert REGISTRY[name.lower()].parse((TOLD[name],)) == PLAIN[name]


@ALL
def test_what_may_stand_in_htaccess_and_only_that_has_a_class_of_allowoverride(spec):
    assert ("H" in spec.contexts) == (spec.override is not None)


def test_a_name_is_ours_or_it_is_not():
    for names in (REFUSED, FRONT_END):
        assert not REGISTRY.keys() & names
