"""The Roundup issue tracker behind its own mod_python front end (roundup.cgi.apache), configured as it documents."""

import configparser
import re
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.daemon, pytest.mark.frontend, pytest.mark.slow]

CONFIG = """
AliasMatch ^/roundup(.*) {folder}/tracker/dummy.py$1
<Directory {folder}/tracker>
    Require all granted
    AddHandler mod_python .py
    PythonHandler roundup.cgi.apache
    PythonOption TrackerHome {folder}/tracker
</Directory>
"""


@pytest.fixture
def roundup(site, tmp_path):
    home = tmp_path / "tracker"
    (tmp_path / "answers").write_text("y\n" * 5)

    def admin(*arguments):
        with (tmp_path / "answers").open() as answers:
            subprocess.run(
                [sys.executable, "-m", "roundup.scripts.roundup_admin", "-i", str(home), *arguments],
                stdin=answers, check=True, capture_output=True,
            )  # fmt: skip

    admin("install", "classic", "anydbm")
    (home / "dummy.py").touch()
    url, _ = site(CONFIG.format(folder=tmp_path))
    config = configparser.RawConfigParser()
    config.read(home / "config.ini")
    config["tracker"]["web"] = f"{url}/roundup/"
    # What it would mail goes to a file.
    config["mail"].update(domain="example.com", host="localhost", debug=str(home / "mail"))
    with (home / "config.ini").open("w") as file:
        config.write(file)
    admin("initialise", "secret")
    return f"{url}/roundup"


def csrf(page):
    field = re.search(r'<input[^>]*name="@csrf"[^>]*>', page).group()
    return re.search(r'value="([^"]*)"', field).group(1)


def test_pages_and_static_files(roundup, browser):
    assert "List of issues" in browser.get(f"{roundup}/issue").text
    assert browser.get(f"{roundup}/issue/none").status_code == 404
    style = browser.get(f"{roundup}/@@file/style.css")
    assert style.headers["Content-Type"] == "text/css"
    assert "body" in style.text


def test_an_issue_with_a_file_is_made_by_who_has_logged_in(roundup, browser):
    home = browser.get(f"{roundup}/")
    fields = {"@action": "login", "__login_name": "admin", "__login_password": "secret", "@csrf": csrf(home.text)}
    headers = {"Referer": f"{roundup}/", "Origin": roundup.removesuffix("/roundup")}
    assert "Hello, admin" in browser.post(f"{roundup}/", data=fields, headers=headers).text

    page = browser.get(f"{roundup}/issue?@template=item")
    content = b"some content " * 50_000
    made = browser.post(
        f"{roundup}/issue",
        data={"@action": "new", "@template": "item", "@csrf": csrf(page.text), "title": "It is broken", "priority": "bug", "@note": "Really."},
        files={"@file": ("notes.txt", content, "text/plain")},
        headers=headers,
    )  # fmt: skip
    assert "issue 1 created" in made.text
    assert "It is broken" in browser.get(f"{roundup}/issue1").text
    assert browser.get(f"{roundup}/file1/notes.txt").content == content
