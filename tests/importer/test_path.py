import sys

import pytest

from mpfcgi.importer import path


@pytest.fixture(autouse=True)
def python_path(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/usr/lib/python"])


def test_the_expression_replaces_the_path():
    path.apply("['/a', '/b']", set())
    assert sys.path == ["/a", "/b"]


def test_the_expression_may_build_on_the_path_and_is_evaluated_once():
    seen = set()
    path.apply("sys.path + ['/a']", seen)
    path.apply("sys.path + ['/a']", seen)
    assert sys.path == ["/usr/lib/python", "/a"]


def test_another_text_is_evaluated_again():
    seen = set()
    path.apply("sys.path + ['/a']", seen)
    path.apply("['/b']", seen)
    assert sys.path == ["/b"]


@pytest.mark.parametrize("expression", ["'/a'", "[1]", "None"])
def test_what_is_no_list_of_folders_changes_nothing(expression):
    with pytest.raises(ValueError, match="PythonPath"):
        path.apply(expression, set())
    assert sys.path == ["/usr/lib/python"]


def test_an_expression_that_fails_is_tried_again():
    seen = set()
    for _ in range(2):
        with pytest.raises(NameError):
            path.apply("nothing + ['/a']", seen)
