"""Paste's own mod_python handler (paste.modpython), which serves WSGI applications."""

import pytest

pytestmark = [pytest.mark.daemon, pytest.mark.frontend]

APPLICATION = """\
def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/broken":
        raise ValueError("a mistake")
    start_response("201 Created", [("Content-Type", "text/plain"), ("X-One", "1"), ("X-One", "2")])
    return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode(), body]
"""
CONFIG = """
<Location /app>
    SetHandler mod_python
    PythonPath "['{folder}'] + sys.path"
    PythonHandler paste.modpython
    PythonOption SCRIPT_NAME /app
    PythonOption wsgi.application pasteapp::application
</Location>
"""


@pytest.fixture
def paste(site, tmp_path):
    (tmp_path / "pasteapp.py").write_text(APPLICATION)
    return site(CONFIG.format(folder=tmp_path))


def test_an_application_gets_its_path_query_and_body(paste, browser):
    url, _ = paste
    answer = browser.post(f"{url}/app/a/b?c=d", data=b"the body")
    assert (answer.status_code, answer.text) == (201, "/app /a/b c=d the body")
    assert answer.headers["X-One"] == "1, 2"


def test_its_failure_is_its_own_page_and_in_the_log(paste, browser):
    url, daemon = paste
    answer = browser.get(f"{url}/app/broken")
    assert (answer.status_code, answer.text) == (
        500,
        "A server error occurred. Please contact the administrator.",
    )
    daemon.wait_for_log("ValueError: a mistake")
