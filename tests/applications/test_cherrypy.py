"""CherryPy's own mod_python adapter (cherrypy._cpmodpy), configured as its documentation has it."""

import pytest

pytestmark = [pytest.mark.daemon, pytest.mark.frontend]

APPLICATION = """\
import cherrypy


class Root:
    @cherrypy.expose
    def index(self):
        return "Hi there, Ho there, Hey there"

    @cherrypy.expose
    def greet(self, name, tags=()):
        return f"{name} {tags}"

    @cherrypy.expose
    def upload(self, file):
        return f"{file.filename} {len(file.file.read())}"

    @cherrypy.expose
    def away(self):
        raise cherrypy.HTTPRedirect("/app/")

    @cherrypy.expose
    def broken(self):
        raise ValueError("a mistake")

    @cherrypy.expose
    def stream(self):
        for number in range(3):
            yield f"{number} "

    stream._cp_config = {"response.stream": True}


def setup_server():
    cherrypy.tree.mount(Root(), "/app")
    cherrypy.config.update({"environment": "production", "log.screen": False, "show_tracebacks": False})
"""
CONFIG = """
<Location /app>
    PythonPath "sys.path+['{folder}']"
    SetHandler python-program
    PythonHandler cherrypy._cpmodpy::handler
    PythonOption cherrypy.setup cherryapp::setup_server
    PythonDebug On
</Location>
"""


@pytest.fixture
def cherrypy(site, tmp_path):
    (tmp_path / "cherryapp.py").write_text(APPLICATION)
    return site(CONFIG.format(folder=tmp_path))


def test_pages_and_parameters(cherrypy, browser):
    url, _ = cherrypy
    assert browser.get(f"{url}/app/").text == "Hi there, Ho there, Hey there"
    assert browser.get(f"{url}/app/greet", params={"name": "Zoë"}).content.decode() == "Zoë ()"
    assert browser.post(f"{url}/app/greet", data={"name": "a b", "tags": ["x", "y"]}).text == "a b ['x', 'y']"
    assert browser.get(f"{url}/app/nowhere").status_code == 404


def test_uploads(cherrypy, browser):
    url, _ = cherrypy
    assert browser.post(f"{url}/app/upload", files={"file": ("size.bin", b"x" * 300_000)}).text == "size.bin 300000"


def test_redirects_errors_and_streams(cherrypy, browser):
    url, _ = cherrypy
    assert browser.get(f"{url}/app/away").url == f"{url}/app/"
    answer = browser.get(f"{url}/app/broken")
    assert answer.status_code == 500
    assert "a mistake" not in answer.text
    assert browser.get(f"{url}/app/stream").text == "0 1 2 "
