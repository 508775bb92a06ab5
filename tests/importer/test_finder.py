import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.importer import finder


@pytest.mark.parametrize("name", ["/x.py", "./x.py", "../x.py", "~/x.py", "~x.py", "~../x.py"])
def test_names_with_these_beginnings_are_paths(name):
    assert finder.is_path(name)


@pytest.mark.parametrize("name", ["x", "folder/x", ".x", "x.py", "..x"])
def test_other_names_are_searched_for(name):
    assert not finder.is_path(name)


@pytest.mark.parametrize(
    ("path", "absolute"),
    [
        ("/lib/x.py", "/lib/x.py"),
        ("./x.py", "/site/blog/x.py"),
        ("../x.py", "/site/x.py"),
        ("./sub/../x.py", "/site/blog/x.py"),
        ("~/x.py", "/site/x.py"),
        ("~x.py", "/site/x.py"),
        ("~../x.py", "/x.py"),
        ("~", "/site"),
        ("lib", "/site/blog/lib"),
    ],
)
def test_a_path_is_relative_to_the_importing_module_or_to_the_handler_root(path, absolute):
    assert finder.absolute(path, "/site/blog", "/site") == absolute


def test_without_a_handler_there_is_no_handler_root():
    with pytest.raises(ImportError, match="no handler"):
        finder.absolute("~/x.py", "/site", None)


def test_the_first_folder_with_the_file_wins(tmp_path):
    for folder in "bc":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").touch()
    folders = [str(tmp_path / folder) for folder in "abc"]
    assert finder.find("x", folders) == str(tmp_path / "b" / "x.py")
    assert finder.find("y", folders) is None


def test_a_package_is_not_found(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "__init__.py").touch()
    assert finder.find("x", [str(tmp_path)]) is None
    assert finder.find("x/__init__", [str(tmp_path)]) == str(tmp_path / "x" / "__init__.py")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_each_file_has_a_module_name_of_its_own(names):
    labels = {finder.module_name(f"/no/such/{name}/x.py") for name in names}
    assert len(labels) == 2
    assert all(label.isidentifier() and "x" not in label for label in labels)


def test_a_module_that_python_would_find_by_its_plain_name_keeps_it(tmp_path, monkeypatch):
    (tmp_path / "plain_name.py").touch()
    (tmp_path / "json.py").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    assert finder.module_name(os.path.join(tmp_path, "plain_name.py")) == "plain_name"
    assert finder.module_name(os.path.join(tmp_path, "json.py")).startswith("_mp_")
