"""Lists of folders."""

import os
import re

from tests.support.cycle import Site

CONFIG = """
<Directory ROOT>
    Require all granted
    Options Indexes
    IndexIgnore *.bak secret
    IndexIgnore no?es
</Directory>
<Directory ROOT/closed>
    Options -Indexes
</Directory>
"""


def test_a_list_of_a_folder_leaves_out_what_is_ignored(tmp_path):
    files = {"page.html": "x", "page.bak": "x", "notes.d/x.txt": "x", "secret.txt": "x"}
    site = Site(tmp_path, CONFIG, **files)
    (site.root / "secret").write_text("x")
    (site.root / "nodes").mkdir()
    body = site.get("/").body
    assert "page.html" in body
    assert "notes.d" in body
    assert "secret.txt" in body
    for name in ("page.bak", '"secret"', "nodes"):
        assert name not in body


def test_folders_come_first_and_hidden_files_not_at_all(tmp_path):
    site = Site(tmp_path, CONFIG, **{"B.txt": "x", "a.txt": "xy", "z.d/x.txt": "x", ".hidden.txt": "x"})
    assert re.findall(r'href="([^"]*)"', site.get("/").body) == ["z.d/", "a.txt", "B.txt"]
    assert re.findall(r'href="([^"]*)"', site.get("/z.d/").body) == ["../", "x.txt"]


def test_names_are_escaped_for_the_page_and_for_its_links(tmp_path):
    site = Site(tmp_path, CONFIG)
    for name in (b"<b>&'\"?#%.txt", b"caf\xc3\xa9.txt", b"\xff.txt"):
        (site.root / os.fsdecode(name)).write_text("x")
    body = site.get("/").body
    assert "<b>" not in body
    assert "&lt;b&gt;&amp;&#x27;&quot;?#%.txt</a>" in body
    for link in re.findall(r'href="([^"]*)"', body):
        assert site.get("/" + link.replace("&#x27;", "'").replace("&amp;", "&")).body == "x"


def test_a_list_that_options_forbid_is_not_shown_and_the_log_says_why(tmp_path):
    site = Site(tmp_path, CONFIG, **{"closed/x.txt": "x"})
    assert site.get("/closed/").status == 403
    assert "directory index forbidden by Options directive" in site.log()
