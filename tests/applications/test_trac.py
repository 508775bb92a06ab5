"""Trac behind its own mod_python front end (trac.web.modpython_frontend), configured as its documentation has it."""

import re
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.daemon, pytest.mark.frontend, pytest.mark.slow]

CONFIG = """
<Location /projects>
    SetHandler mod_python
    PythonInterpreter main_interpreter
    PythonHandler trac.web.modpython_frontend
    PythonOption TracEnv {folder}/trac
    PythonOption TracUriRoot /projects
</Location>
<Location /projects/login>
    AuthType Basic
    AuthName "Trac"
    AuthUserFile {folder}/users
    Require valid-user
</Location>
"""


@pytest.fixture
def trac(site, tmp_path):
    admin = [sys.executable, "-W", "ignore", "-m", "trac.admin.console", str(tmp_path / "trac")]
    subprocess.run([*admin, "initenv", "A project", "sqlite:db/trac.db"], check=True, capture_output=True)
    subprocess.run([*admin, "permission", "add", "alice", "TRAC_ADMIN"], check=True, capture_output=True)
    # {SHA} of "secret"
    (tmp_path / "users").write_text("alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    return site(CONFIG.format(folder=tmp_path))[0]


def form_of(page, number=-1):
    """The hidden fields of a form in a page."""
    form = page.split("<form")[number]
    return {
        re.search(r'name="([^"]*)"', field).group(1): re.search(r'value="([^"]*)"', field).group(1)
        for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', form)
    }


def test_the_wiki_is_read_and_its_static_files_are_sent(trac, browser):
    page = browser.get(f"{trac}/projects")
    assert page.status_code == 200
    assert "Welcome to Trac" in page.text
    style = re.search(r'href="(/projects/chrome/common/css/trac.css)"', page.text).group(1)
    assert "text/css" in browser.get(trac + style).headers["Content-Type"]
    assert browser.get(f"{trac}/projects/wiki/Nowhere").status_code == 404


def test_a_ticket_with_an_attachment_is_made_by_who_has_logged_in(trac, browser):
    assert browser.get(f"{trac}/projects/login").status_code == 401
    assert "logged in as" in browser.get(f"{trac}/projects/login", auth=("alice", "secret")).text

    token = browser.cookies["trac_form_token"]
    made = browser.post(
        f"{trac}/projects/newticket",
        data={
            "__FORM_TOKEN": token, "field_summary": "Größe stimmt nicht", "field_description": "Really.",
            "field_type": "defect", "field_priority": "major", "field_status": "new", "submit": "Create ticket",
        },
    )  # fmt: skip
    assert made.url == f"{trac}/projects/ticket/1"
    assert "Größe stimmt nicht" in made.text

    content = bytes(range(256)) * 1000
    answer = browser.post(
        f"{trac}/projects/attachment/ticket/1/?action=new",
        data={"__FORM_TOKEN": token, "action": "new", "realm": "ticket", "id": "1", "description": ""},
        files={"attachment": ("data.bin", content)},
    )
    assert answer.status_code == 200
    assert browser.get(f"{trac}/projects/raw-attachment/ticket/1/data.bin").content == content
