"""How a file is named to the web server, and when it is not."""

import pytest

from mpfcgi.api.offered import named
from mpfcgi.config import ConfigError, load_text
from tests.support.cycle import Site


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/a b.txt", "/f/a%20b.txt"),
        ("/srv/100%.txt", "/f/100%25.txt"),
        ("/srv/x?y#z", "/f/x%3Fy%23z"),
        ("/srv/caf\xe9\udcff", "/f/caf%C3%A9%FF"),
        (b"/srv/bytes", "/f/bytes"),
        ("/srv/../etc/passwd", None),
        ("/srv2/x", None),
    ],
)
def test_a_file_below_the_folder_is_named_as_a_url(path, name):
    assert named(("X-Accel-Redirect", "/f/", "/srv/"), path) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [("/srv/a b.txt", None), ("/srv/a%20b", None), ("/srv/caf\xe9", None), ("/srv/~a/b.c", "/srv/~a/b.c")],
)
def test_a_path_is_told_if_it_is_the_same_with_and_without_escapes(path, name):
    assert named(("X-Sendfile", "/", "/"), path) == name


def test_a_static_file_is_named_by_its_path(tmp_path):
    site = Site(tmp_path, "SendfileHeader x-sendfile\n<Directory ROOT>\nRequire all granted\n</Directory>\n")
    (site.root / "a.txt").write_text("text")
    answer = site.get("/a.txt")
    assert (answer.status, answer.body) == (200, "")
    assert answer.headers["x-sendfile"] == f"{site.root}/a.txt"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "Off",
        "None /x/",
        "X-Sendfile /x",
        "X-Sendfile /x/ /y/",
        "X-Accel-Redirect",
        "X-Accel-Redirect /x",
        "X-Accel-Redirect x/ /",
    ],
)
def test_anything_else_is_an_error_of_the_configuration(arguments):
    with pytest.raises(ConfigError, match="t:1: SendfileHeader"):
        load_text(f"SendfileHeader {arguments}", "t")
    assert load_text("SendfileHeader None", "t")
