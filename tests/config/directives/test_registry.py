"""What holds for every directive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpfcgi.config.directives import CONTEXT_NAMES, FRONT_END, NOT_YET, REFUSED, REGISTRY, BadValue

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["On", "off", "none", "all", "not", "from", "|", ".x", "/a/", "10s", "64K", "301", "0", "-1", "env=A"]
    ),
)
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
    assert spec.help[:1].isupper()
    assert spec.help.endswith(".")


@ALL
def test_what_may_stand_in_htaccess_and_only_that_has_a_class_of_allowoverride(spec):
    assert ("H" in spec.contexts) == (spec.override is not None)


def test_a_name_is_ours_or_it_is_not():
    for names in (REFUSED, NOT_YET, dict.fromkeys(FRONT_END)):
        assert not REGISTRY.keys() & names.keys()
