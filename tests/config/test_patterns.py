import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config.patterns import is_wild, name_pattern, path_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/home/*/www", "/home/a/www", True),
        ("/home/*/www", "/home/a/b/www", False),
        ("/home/**/www", "/home/a/www", True),
        ("/a?b", "/axb", True),
        ("/a?b", "/a/b", False),
        ("/x[!y]z", "/x/z", False),
        ("/x[!y]z", "/xaz", True),
        ("/x[a-c]z", "/xbz", True),
        ("/x[^a-c]z", "/xbz", False),
        ("/x[]]z", "/x]z", True),
        ("/x[z", "/x[z", True),
        ("/x[z-a]", "/xm", False),
        ("/a\\*b", "/a*b", True),
        ("/a\\*b", "/axb", False),
        ("*.p[yh]*", "index.py", True),
        ("a.b", "axb", False),
    ],
)
def test_wildcards_of_paths_never_stand_for_a_slash(pattern, path, fits):
    assert (path_pattern(pattern).fullmatch(path) is not None) is fits


def test_wildcards_of_host_names_stand_for_anything():
    assert name_pattern("*.example.com").fullmatch("a.b.example.com")
    assert not name_pattern("a.example").fullmatch("aXexample")


def test_only_patterns_are_wild():
    assert [is_wild(text) for text in ("/a", "/a*", "/a?", "/[a]")] == [False, True, True, True]


@given(st.text("ab.*?", max_size=8), st.text("ab.", max_size=8))
def test_without_slashes_and_sets_a_pattern_is_the_shells(pattern, text):
    assert (path_pattern(pattern).fullmatch(text) is not None) == fnmatch.fnmatchcase(text, pattern)


@given(st.text("ab/[]!^*?\\-&|~", max_size=12), st.text("ab/-]", max_size=6))
def test_any_text_is_a_pattern(pattern, text):
    found = path_pattern(pattern).fullmatch(text)
    assert found is None or text.count("/") == pattern.count("/") or "[" in pattern or "\\" in pattern
