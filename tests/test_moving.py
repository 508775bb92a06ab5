"""The pages for who comes from elsewhere name only what is there."""

import re
from pathlib import Path

from mpfcgi.config import load_text
from mpfcgi.config.directives import FRONT_END, REFUSED, REGISTRY

DOCS = Path(__file__).parents[1] / "docs"


def names(text):
    """What looks like a directive in code: capitals inside. Blocks of code are for other tests."""
    inline = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return {
        name
        for code in re.findall(r"`([^`]+)`", inline)
        for name in re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", code)
    }


def test_each_directive_of_php_fpms_table_exists():
    right = "".join(line.split(" | ")[1] for line in (DOCS / "php-fpm.md").read_text().splitlines() if " | " in line)
    known = {name.lower() for name in REGISTRY}
    unknown = {name for name in names(right) if name.lower() not in known}
    assert unknown <= {"PythonPool", "FieldStorage"}
    assert len(names(right)) > 25


def test_each_directive_of_mod_pythons_page_is_taken_ignored_or_refused_as_it_says():
    text = (DOCS / "moving-from-mod_python.md").read_text()
    known = {name.lower() for name in REGISTRY} | FRONT_END | set(REFUSED)
    sections = {"FileSession", "FilesMatch", "PythonPool", "VirtualHost"}
    assert {name for name in names(text) - sections if name.lower() not in known} == set()
    for line in text.splitlines():
        if "| an error" in line:
            assert all(name.lower() in REFUSED for name in names(line.split(" | ")[0]))
        elif "is named by" in line:
            assert all(name.lower() in FRONT_END or name == "KeepAlive" for name in names(line.split(" | ")[0]))


def test_the_moved_host_is_right_and_nothing_of_it_is_ignored(tmp_path):
    text = (DOCS / "moving-from-mod_python.md").read_text()
    before = re.search(r"```apache\n(.*?)```", text, re.S).group(1)
    after = re.search(r"```mpfcgi\n(.*?)```", text, re.S).group(1)
    assert list(load_text(after, server_root=str(tmp_path)).warnings) == []
    ignored = " ".join(map(str, load_text(before, server_root=str(tmp_path)).warnings))
    assert "LoadModule is ignored" in ignored
    assert "KeepAlive is ignored" in ignored
