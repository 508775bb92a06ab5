import os

import pytest

from mpfcgi.api import Request, alias, psp, services
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.importer import Importer


class Settings:
    values: dict = {}

    def __init__(self, options, debug):
        self.options = options
        self.extras = {}
        self.python_config = {"PythonDebug": debug}

    def get(self, name, default=None):
        return default


class Services:
    name = "main"
    importer = Importer(lambda text: None)

    def __init__(self, root):
        self.root = str(root)
        self.logged = []

    def document_root(self, req):
        return self.root

    def log(self, level, message, server=None, request=None):
        self.logged.append(message)


class Session(dict):
    """What a page uses of a session."""

    def __init__(self):
        self.events = []

    def save(self):
        self.events.append("save")

    def unlock(self):
        self.events.append("unlock")


@pytest.fixture
def site(tmp_path, monkeypatch):
    installed = Services(tmp_path)
    monkeypatch.setattr(services, "_installed", installed)
    alias.install()

    class Site:
        services = installed
        options: dict = {}
        debug = "0"

        def write(self, name, text, **times):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)
            return str(path)

        def request(self, name="page.psp", args=None):
            exchange = MemoryExchange({"REQUEST_METHOD": "GET", "REQUEST_URI": "/" + name}, b"")
            req = Request(exchange, None, installed, Settings(self.options, self.debug), "/" + name, args)
            req._filename = str(tmp_path / name)
            return req

        def body(self, req):
            req._finish()
            return req._exchange.response.partition(b"\r\n\r\n")[2].decode()

        def get(self, name="page.psp", args=None):
            req = self.request(name, args)
            assert psp.handler(req) == 0
            return self.body(req)

    return Site()


def test_a_page_is_html_and_knows_its_request(site):
    site.write("page.psp", "<b><%= req.uri %></b> <%= os.path.basename(__file__) %> <%= __name__ %>")
    assert site.get() == "<b>/page.psp</b> page.psp mod_python.psp"
    req = site.request()
    psp.handler(req)
    assert req.content_type == "text/html"


def test_a_changed_page_is_compiled_again(site):
    path = site.write("page.psp", "<%= 1 %>")
    assert site.get() == "1"
    site.write("page.psp", "<%= 2 %>")
    os.utime(path, (1, 1))
    assert site.get() == "2"


def test_pages_do_not_share_their_globals(site):
    site.write("page.psp", "<%= 'x' in globals() %><% x = 1 %>")
    assert (site.get(), site.get()) == ("False", "False")


def test_a_missing_page_is_404_and_a_missing_include_an_error(site):
    with pytest.raises(SERVER_RETURN) as caught:
        site.get("nosuch.psp")
    assert caught.value.args == (404,)
    site.write("page.psp", '<%@ include file="nosuch.inc" %>')
    with pytest.raises(FileNotFoundError):
        site.get()


def test_includes_are_relative_to_the_page_or_absolute(site, tmp_path):
    site.write("part.inc", "part")
    site.write("sub/part.inc", f'sub <%@ include file="{tmp_path}/part.inc" %>')
    site.write("sub/page.psp", '[<%@ include file="part.inc" %>]')
    assert site.get("sub/page.psp") == "[sub part]"


def test_a_page_imports_modules_beside_it(site):
    site.write("beside_the_page.py", "value = 42")
    site.write("page.psp", "<% import beside_the_page %><%= beside_the_page.value %>")
    assert site.get() == "42"


def test_the_form_is_read_when_it_is_mentioned_and_only_once(site):
    site.write("page.psp", "<%= form['name'] %> <%= req.form is form %>")
    assert site.get(args="name=Ada") == "Ada True"
    site.write("without.psp", "<%= hasattr(req, 'form') %>")
    assert site.get("without.psp") == "False"
    req = site.request(args="name=Ada")
    req.form = {"name": "Grace"}
    psp.handler(req)
    assert site.body(req) == "Grace True"


@pytest.fixture
def made(monkeypatch):
    """The session that pages get which have none yet."""
    session = Session()
    monkeypatch.setattr(psp, "_new_session", lambda req: session)
    return session


def test_a_session_is_made_when_it_is_mentioned_saved_and_unlocked(site, made):
    site.write("page.psp", "<% session['n'] = 1 %><%= req.session is session %>")
    assert site.get() == "True"
    assert made.events == ["save", "unlock"]
    site.write("without.psp", "the word session <%= (hasattr(req, 'session'), 'session') %>")
    assert site.get("without.psp") == "the word session (False, 'session')"
    assert len(made.events) == 2


def test_a_session_of_the_caller_stays_the_callers_business(site):
    site.write("page.psp", "<% session['n'] = 1 %>")
    req = site.request()
    req.session = Session()
    psp.handler(req)
    assert (dict(req.session), req.session.events) == ({"n": 1}, [])


def test_the_session_of_a_page_that_fails_is_unlocked_and_not_saved(site, made):
    site.write("page.psp", "<% session['n'] = 1 / 0 %>")
    with pytest.raises(ZeroDivisionError):
        site.get()
    assert made.events == ["unlock"]


def test_the_session_of_a_page_that_redirects_is_saved(site, made):
    site.write("page.psp", "<% session['user'] = 'spam'; psp.redirect('/home') %>")
    with pytest.raises(SERVER_RETURN):
        site.get()
    assert made.events == ["save", "unlock"]


def test_an_error_page_gets_the_exception(site):
    site.write("sub/error.psp", "[<%= exception[0].__name__ %> <%= exception[1] %> <%= exception[2].tb_lineno %>]")
    for name in ("error.psp", "/sub/error.psp"):
        site.write("sub/page.psp", f"<% psp.set_error_page({name!r}) %>before\n<%= 1 / 0 %>")
        assert site.get("sub/page.psp") == "before\n[ZeroDivisionError division by zero 2]"


def test_an_error_page_that_fails_shows_its_own_exception(site):
    site.write("error.psp", "<%= {}['missing'] %>")
    site.write("page.psp", "<% psp.set_error_page('error.psp'); 1 / 0 %>")
    with pytest.raises(KeyError, match="missing"):
        site.get()


def test_a_redirect_is_no_error(site):
    site.write("error.psp", "error")
    site.write("page.psp", "<% psp.set_error_page('error.psp'); psp.redirect('/there', permanent=1) %>not seen")
    req = site.request()
    with pytest.raises(SERVER_RETURN):
        psp.handler(req)
    assert (req.status, req.err_headers_out["Location"]) == (301, "/there")
    assert "error" not in site.body(req)


def test_a_redirect_after_output_was_sent_is_an_error(site):
    site.write("page.psp", "text<% req.flush(); psp.redirect('/there') %>")
    with pytest.raises(OSError, match="already been sent"):
        site.get()


def test_apply_data_calls_with_the_fields_of_the_form(site):
    site.write("page.psp", "<%= psp.apply_data(lambda name, n: name * n, n=2) %>")
    assert site.get(args="name=ab&other=x") == "abab"


def test_apply_data_gives_the_request_to_what_takes_it(site):
    site.write("page.psp", "<%= psp.apply_data(lambda req, name: (req.args, str(name))) %>")
    assert site.get(args="name=ab") == "('name=ab', 'ab')"


def test_a_folder_is_no_page(site):
    site.write("folder/page.psp", "")
    with pytest.raises(SERVER_RETURN, match="404"):
        psp.PSP(site.request("page.psp"), filename="folder")


def test_a_handler_without_a_file_runs_templates_by_their_whole_names(site):
    site.write("beside.py", "x = 5")
    path = site.write("template.html", "<% import beside %><%= beside.x %> <%= __file__ %>")
    req = site.request()
    req._filename = None
    psp.PSP(req, filename=str(path)).run()
    assert site.body(req) == "5 None"


def test_a_template_gets_variables_those_of_run_win(site):
    site.write("t.html", "<h1>Hello, <%=what%>!</h1>")
    req = site.request("handler.py")
    psp.PSP(req, filename="t.html", vars={"what": "nobody"}).run({"what": "world"})
    psp.PSP(req, string="<%= a %>", vars={"a": 1}).run()
    psp.PSP(req, string="é<%= 'é' %>".encode()).run()
    assert f"{psp.PSP(req, string='s')}" == ""
    assert site.body(req) == "<h1>Hello, world!</h1>1éés"


def test_a_flushed_page_is_on_its_way(site):
    req = site.request()
    psp.PSP(req, string="text").run(flush=1)
    assert req.sent_bodyct == 1
    assert b"Content-Length" not in req._exchange.response


def test_a_page_is_a_file_or_a_string(site):
    with pytest.raises(ValueError, match="either filename or string"):
        psp.PSP(site.request(), filename="a", string="b")
    with pytest.raises(TypeError):
        psp.PSP(site.request(), string=5)


def test_the_debug_view_shows_source_and_python_under_debug_only(site):
    site.write("page.psp", "<i>\n<%= '&' %>")
    with pytest.raises(SERVER_RETURN):
        site.get("page.psp_")
    site.debug = "1"
    view = site.get("page.psp_")
    assert "<font color=green>&lt;%=&nbsp;&#x27;&amp;&#x27;&nbsp;%&gt;</font>" in view
    assert "req.write(str(&nbsp;&#x27;&amp;&#x27;&nbsp;),0);" in view
    req = site.request()
    psp.PSP(req, string="text").display_code()
    assert "<font color=green>text</font>" in site.body(req)


def test_compiled_pages_are_kept_in_the_database_that_the_options_name(site, tmp_path, monkeypatch):
    for option in ("mod_python.psp.cache_database_filename", "PSPDbmCache"):
        path = tmp_path / option
        site.options = {option: str(path)}
        site.write("page.psp", "cached <%= 1 + 1 %>")
        assert site.get() == "cached 2"
        size = path.stat().st_size
        with monkeypatch.context() as patch:
            patch.setattr(psp.psp_compiler, "compile_page", None)
            assert site.get() == "cached 2"
        site.write("page.psp", "changed")
        assert site.get() == "changed"
        assert path.stat().st_size > size


def test_a_database_that_is_not_safe_is_logged_and_not_used(site, tmp_path):
    path = tmp_path / "shared"
    path.write_bytes(b"")
    path.chmod(0o666)
    site.options = {"mod_python.psp.cache_database_filename": str(path)}
    site.write("page.psp", "<%= 1 %>")
    assert site.get() == "1"
    assert path.read_bytes() == b""
    assert "must be a file of this user" in site.services.logged[0]


def test_the_functions_of_the_parser_are_where_code_looks_for_them(site):
    from mod_python import _psp

    path = site.write("page.psp", "a<%= 1 %>")
    expected = 'req.write("""a""",0); req.write(str( 1 ),0); req.write("""""",0)\n'
    folder, name = os.path.split(path)
    assert psp.parse(path) == psp.parse(name, folder + "/") == _psp.parsestring(b"a<%= 1 %>") == expected
