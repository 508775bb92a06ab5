"""The example site as a visitor meets it: a real Chromium clicks through what `mpfcgi serve examples` serves."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser import Browser

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.frontend

# What the index page's links answer, but for 200.
STATUSES = {
    "/guarded/": 401,
    "/nowhere": 404,
    "/errors/broken.py": 500,
    "/missing/apache-error.html": 404,
    "/missing/handler-error.html": 404,
}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium):
    chromium.forget()
    return chromium


@pytest.fixture(scope="module")
def site():
    """The address of the example site."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mpfcgi", "serve", str(ROOT / "examples"), "--bind", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    line = next(line for line in process.stdout if line.startswith("mpfcgi serves"))
    yield "http://" + line.split("://")[1].split("/")[0]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_every_link_of_the_index_page_leads_to_what_it_promises(browser, site):
    browser.open(site + "/")
    assert browser.evaluate("document.querySelector('h1').innerText") == "It works"
    links = browser.evaluate("[...document.querySelectorAll('dl a')].map(a => a.getAttribute('href'))")
    assert STATUSES.keys() < set(links)
    answers = {}
    for link in links:
        browser.open(site + link)
        answers[link] = browser.status
    assert answers == {link: STATUSES.get(link, 200) for link in links}


def test_the_manuals_feedback_form_is_filled_in(browser, site):
    browser.open(f"{site}/feedback/form.html")
    browser.fill("[name=name]", "Jörg <b>")
    browser.fill("[name=email]", "joerg@example.com")
    browser.fill("[name=comment]", "Schön.\nMehr davon!")
    browser.click("button")
    assert browser.path == "/feedback/form.py/email"
    assert "Dear Jörg <b>," in browser.text
    assert "From: joerg@example.com" in browser.text
    assert "Schön.\nMehr davon!" in browser.text


def test_a_form_with_nothing_in_it_is_sent_back(browser, site):
    browser.open(f"{site}/feedback/form.html")
    browser.click("button")
    assert "A required parameter is missing" in browser.text


def test_files_are_uploaded(browser, site, tmp_path):
    files = {"grün.txt": "grün\n".encode(), "large.bin": os.urandom(1 << 20)}
    for name, contents in files.items():
        (tmp_path / name).write_bytes(contents)
    browser.open(f"{site}/upload/")
    browser.choose("[type=file]", *map(tmp_path.joinpath, files))
    browser.fill("[name=note]", "two files")
    browser.click("button")
    assert "2 received. Note: two files" in browser.text
    rows = browser.evaluate("[...document.querySelectorAll('tr:has(td)')].map(row => row.innerText)")
    assert [row.split("\t") for row in rows] == [
        [name, kind, str(len(files[name])), hashlib.sha256(files[name]).hexdigest()]
        for name, kind in [("grün.txt", "text/plain"), ("large.bin", "application/octet-stream")]
    ]


def test_a_visitor_logs_in_and_out(browser, site):
    browser.open(f"{site}/login/")
    assert "Who are you?" in browser.text
    browser.fill("[name=name]", "spam")
    browser.fill("[name=password]", "ham")
    browser.click("button")
    assert "not the password" in browser.text
    browser.fill("[name=name]", "spam")
    browser.fill("[name=password]", "eggs")
    browser.click("button")
    assert (browser.path, "Welcome, spam" in browser.text) == ("/login/", True)
    browser.open(f"{site}/login/")
    assert "Welcome, spam" in browser.text
    browser.click("button")
    assert "Who are you?" in browser.text


def test_the_guarded_folder_opens_with_the_password(browser, site):
    browser.credentials = ("spam", "ham")
    browser.open(f"{site}/guarded/")
    assert browser.status == 401
    browser.credentials = ("spam", "eggs")
    browser.open(f"{site}/guarded/")
    assert (browser.status, "You are inside" in browser.text) == (200, True)


def test_hits_are_counted_until_the_visitor_is_forgotten(browser, site):
    browser.open(f"{site}/session/hits.py")
    assert "Hits: 1" in browser.text
    for hits in (2, 3, 4):
        browser.click("a[href='hits.py']")
        assert f"Hits: {hits}" in browser.text
    browser.click("a[href='hits.py?forget']")
    assert (browser.path, "Hits: 1" in browser.text) == ("/session/hits.py", True)


def test_a_cookie_keeps_a_dictionary(browser, site):
    browser.open(f"{site}/cookie/spam.py")
    assert "No basket yet" in browser.text
    browser.open(f"{site}/cookie/spam.py")
    assert "{'eggs': 1, 'spam': True}" in browser.text


def test_a_cgi_script_reads_a_form(browser, site):
    browser.open(f"{site}/cgi/guests.py")
    assert "Hello, stranger!" in browser.text
    browser.fill("[name=name]", "Zoë")
    browser.click("button")
    assert "Hello, Zoë!" in browser.text


def test_a_publisher_form_calls_a_function(browser, site):
    browser.open(f"{site}/publisher/")
    browser.fill("[name=name]", "Ada")
    browser.click("button")
    assert browser.text == "Hello Ada!"


def test_a_page_answers_its_own_error(browser, site):
    browser.open(f"{site}/psp/divide.psp")
    browser.fill("[name=b]", "0")
    browser.click("button")
    assert "ZeroDivisionError" in browser.text


def test_a_page_with_includes_knows_what_was_asked(browser, site):
    browser.open(f"{site}/ssi/index.shtml")
    browser.click("a[href='index.shtml?name=Ada']")
    assert "Hello, you who asked with name=Ada!" in browser.text
    assert "19 + 23 = 42" in browser.text
