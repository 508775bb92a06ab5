import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpfcgi.config.walk import folders, forbidden_link, walk

LINKS = frozenset({"FollowSymLinks"})
OWNERS = frozenset({"SymLinksIfOwnerMatch"})
NONE: frozenset[str] = frozenset()


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "f.txt").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "file", "info", "exists"),
    [
        ("/sub/f.txt", "/sub/f.txt", "", True),
        ("/sub/f.txt/", "/sub/f.txt", "/", True),
        ("/sub/f.txt/a/b/", "/sub/f.txt", "/a/b/", True),
        ("/sub", "/sub", "", True),
        ("/sub/", "/sub", "/", True),
        ("/sub/none", "/sub/none", "", False),
        ("/sub/none/", "/sub/none", "/", False),
        ("/none/a/b", "/none", "/a/b", False),
    ],
)
def test_the_longest_path_that_exists_is_the_file(tree, path, file, info, exists):
    filename, path_info, status = walk(f"{tree}{path}")
    assert (filename, path_info, status is not None) == (f"{tree}{file}", info, exists)


def test_the_root_is_a_folder():
    assert walk("/")[:2] == ("/", "")


def test_path_info_may_be_longer_than_a_name(tree):
    assert walk(f"{tree}/sub/f.txt/" + "b" * 300)[1] == "/" + "b" * 300


@pytest.mark.parametrize("path", ["/" + "a" * 256, "/sub/f.txt/" + "b" * 5000, "/" + "a/" * 2100, "/sub/" + "é" * 200])
def test_names_and_paths_that_are_too_long_are_errors(tree, path):
    with pytest.raises(OSError, match="too long"):
        walk(f"{tree}{path}")


def test_the_cost_of_a_missing_path_is_the_depth_of_what_exists(tree, monkeypatch):
    asked = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **more: asked.append(path) or stat(path, **more))
    walk(f"{tree}/none" + "/x" * 1000)
    assert len(asked) == 1 + str(tree).count("/") + 1


def test_folders_lead_from_the_root_to_the_file():
    assert list(folders("/srv/www/")) == ["/", "/srv/", "/srv/www/"]
    assert list(folders("/")) == ["/"]


def test_the_options_of_a_folder_decide_on_its_own_links(tree):
    (tree / "link").symlink_to(tree / "sub")
    name = f"{tree}/link/f.txt"
    for options, there in ((LINKS, None), (OWNERS, None), (NONE, f"{tree}/link")):
        assert forbidden_link(name, [("/", LINKS), (f"{tree}/", options), (f"{tree}/link/", NONE)]) == there


def test_links_above_the_folder_that_forbids_them_are_not_its_business(tree):
    (tree / "link").symlink_to(tree / "sub")
    assert forbidden_link(f"{tree}/link/f.txt", [(f"{tree}/link/", NONE)]) is None


@given(st.text("ab/", max_size=20).map("/{}".format).filter(lambda path: "//" not in path))
def test_file_and_rest_make_up_the_path(path):
    filename, path_info, _ = walk(path)
    assert filename + path_info == path or (filename, path_info) == ("/", "")
