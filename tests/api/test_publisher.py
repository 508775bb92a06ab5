"""The publisher by itself: addresses to objects, who may, arguments, pages. The daemon's side is in tests/parity."""

import base64
import textwrap
from types import ModuleType

import pytest

from mpfcgi.api import Request, publisher, util
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.exchange import MemoryExchange


class Settings:
    extras: dict = {}
    options: dict = {}
    python_config: dict = {}
    values: dict = {}

    def get(self, name, default=None):
        return self.values.get(name, default)


class Services:
    """Imports modules, and keeps what is logged."""

    def __init__(self):
        self.modules = {}
        self.lines = []

    def import_file(self, file, status):
        if file not in self.modules:
            module = self.modules[file] = ModuleType("page")
            with open(file) as source:
                exec(compile(source.read(), file, "exec"), module.__dict__)
        return self.modules[file]

    def log(self, level, message, **more):
        self.lines.append(message)


class Site:
    """A folder of modules, and requests for them."""

    def __init__(self, folder):
        self.folder = folder
        self.services = Services()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def request(self, filename, path_info="", args=None, method="GET", body=b"", **params):
        exchange = MemoryExchange({"REQUEST_METHOD": method, **params}, body)
        req = Request(exchange, None, self.services, Settings(), "/x", args)
        req.filename = str(self.folder / filename)
        req.path_info = path_info
        return req

    def ask(self, *args, **more):
        """The status and the text of a request's answer."""
        req = self.request(*args, **more)
        try:
            assert publisher.handler(req) == 0
        except SERVER_RETURN as returned:
            return returned.args[0], dict(req.err_headers_out.items()).get("WWW-Authenticate", "")
        req._finish()
        return 200, req._exchange.response.partition(b"\r\n\r\n")[2].decode()


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def basic(user, password):
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


MANUAL = """
    def index(req):
        return "We are in index()"

    def hello(req):
        return "We are in hello()"
"""


@pytest.mark.parametrize(
    ("filename", "path_info", "text"),
    [("index", "/index", "We are in index()"), ("", "", "We are in index()"), ("index", "/hello", "We are in hello()"),
     ("hello", "", "We are in hello()"), ("hello", "/", "We are in hello()"), ("index.py", "//hello/", "We are in hello()"),
     ("hello.py", "", "We are in hello()")],
)  # fmt: skip
def test_the_addresses_of_the_manual_lead_where_it_says(site, filename, path_info, text):
    site.write("index.py", MANUAL)
    assert site.ask(filename, path_info) == (200, text)


def test_the_request_is_told_the_module_file(site):
    site.write("index.py", "def hello(req): return req.filename.rpartition('/')[2]")
    assert site.ask("hello") == (200, "index.py")


def test_a_dot_is_as_good_as_a_slash(site):
    site.write("index.py", "class C:\n    def m(self): return 'm'\nc = C()")
    assert site.ask("c.m") == site.ask("index", "/c.m") == site.ask("c", "/m") == (200, "m")


@pytest.mark.parametrize("path", [".c", "c.", "c..m", "spam", "_hidden", "c/_hidden", "os", "os/getcwd", "c/os"])
def test_what_is_not_there_or_not_published_is_not_found(site, path):
    site.write("index.py", "import os\n_hidden = 1\nclass C:\n    _hidden = os = os\nc = C()")
    assert site.ask("index", "/" + path)[0] == 404


@pytest.mark.parametrize("path", ["length", "length/x", "f/x", "text/upper", "K/x", "none/x", "gen/x", "c/K/x"])
def test_what_is_pythons_own_is_forbidden(site, path):
    site.write(
        "index.py",
        """
        length = len
        text = "text"
        none = None
        gen = (x for x in "ab")
        def f(): return 1
        class K:
            x = 1
        class C:
            K = K
        c = C()
        """,
    )
    assert site.ask("index", "/" + path)[0] == 403


def test_a_folder_without_an_index_module_is_not_found(site):
    (site.folder / "sub").mkdir()
    assert site.ask("sub", "/x")[0] == 404


def test_an_address_without_a_file_is_not_found_and_the_log_says_why(site):
    req = site.request("")
    req._filename = None
    with pytest.raises(SERVER_RETURN) as raised:
        publisher.handler(req)
    assert (raised.value.args[0], "no file" in site.services.lines[0]) == (404, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(site, method):
    site.write("index.py", MANUAL)
    assert site.ask("", method=method)[0] == 405


# -- arguments


PAGES = """
    def plain(): return "plain"
    def some(req, name, other="none"): return f"{name!r} {other!r}"
    def everything(req, **fields): return repr(sorted(fields.items()))
    def form(req): return f"{req.form.getfirst('name')} {req.form is req.form}"
    class Callable:
        def __call__(self, req, name="none"): return f"called {name}"
        def method(self, name="none"): return f"method {name}"
    instance = Callable()
    def returns_function(req): return lambda name="none": f"inner {name}"
    def returns_class(): return Result
    class Result:
        def __init__(self, name="none"): self.name = name
        def __str__(self): return f"<html>{self.name}</html>"
    def nothing(): return None
    data = b"bytes"
"""


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [("plain", "name=x", "plain"), ("some", "name=x", "'x' 'none'"), ("some", "name=x&name=y&other=", "['x', 'y'] ''"),
     ("everything", "b=2&a=1&req=3", "[('a', '1'), ('b', '2')]"), ("everything", None, "[]"), ("form", "name=x", "x True"),
     ("form", None, "None True"), ("instance", "name=x", "called x"), ("instance/method", "name=x", "method x"),
     ("returns_function", "name=x", "inner x"), ("returns_class", "name=x", "<html>x</html>"), ("nothing", None, ""),
     ("data", None, "b'bytes'"), ("some", "name=caf%C3%A9", "'café' 'none'"), ("some", "id=5&name=1", "'1' 'none'")],
)  # fmt: skip
def test_fields_become_the_arguments_of_their_names(site, name, args, text):
    site.write("index.py", PAGES)
    assert site.ask("index", "/" + name, args) == (200, text)


def test_a_class_in_the_address_is_shown(site):
    site.write("index.py", PAGES)
    assert site.ask("index", "/Result") == (200, "<class 'page.Result'>")


def test_fields_of_a_body_are_read_and_kept_for_what_the_function_returns(site):
    site.write("index.py", PAGES)
    params = {"method": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "9"}
    assert site.ask("index", "/returns_function", body=b"name=spam", **params) == (200, "inner spam")


def test_the_form_is_made_only_when_somebody_wants_it(site, monkeypatch):
    made = []
    monkeypatch.setattr(util, "FieldStorage", lambda *args, **more: made.append(1))
    site.write("index.py", "def f(req): return 'f'\ndef g(a='1'): return 'g'\ndef h(req): return str(req.form)")
    assert (site.ask("f", args="x=1")[1], site.ask("g")[1], made) == ("f", "g", [])
    assert (site.ask("h")[1], made) == ("None", [1])


def test_a_form_that_an_earlier_handler_has_made_is_used(site):
    site.write("index.py", PAGES)
    req = site.request("some", args="name=x")
    req.form = util.FieldStorage(req)
    req.form["name"] = "changed"
    publisher.handler(req)
    req._finish()
    assert req._exchange.response.endswith(b"'changed' 'none'")


def test_parts_without_a_name_are_nobodys_arguments(site):
    site.write("index.py", PAGES)
    body = b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n"
    params = {"method": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=B", "CONTENT_LENGTH": str(len(body))}
    assert site.ask("everything", body=body, **params) == (200, "[]")


def test_a_missing_argument_is_the_functions_error(site):
    site.write("index.py", PAGES)
    with pytest.raises(TypeError, match="name"):
        site.ask("some")


@pytest.mark.parametrize(
    ("text", "kind"),
    [("<html></html>", "text/html"), ("x</HTML >\\n", "text/html"), ("<p>", "text/plain"), ("</html> x", "text/plain")],
)
def test_the_type_is_guessed_by_the_end_of_the_page(site, text, kind):
    site.write("index.py", f"def index(): return '{text}'")
    req = site.request("")
    publisher.handler(req)
    assert req.content_type == kind


def test_a_type_that_is_set_stays(site):
    site.write("index.py", "def index(req):\n    req.content_type = 'text/x'\n    return '<html></html>'")
    req = site.request("")
    publisher.handler(req)
    assert req.content_type == "text/x"


# -- who may


def test_the_members_only_module_of_the_manual(site):
    site.write(
        "members.py",
        """
        __auth_realm__ = "Members only"
        __auth__ = {"eggs": "spam", "joe": "eoj"}
        __access__ = ["eggs"]
        def hello(req): return "hello"
        """,
    )
    assert site.ask("members", "/hello") == (401, 'Basic realm="Members only"')
    assert site.ask("members", "/hello", **basic("eggs", "wrong")) == (401, 'Basic realm = "Members only"')
    assert site.ask("members", "/hello", **basic("joe", "eoj")) == (403, "")
    assert site.ask("members", "/hello", **basic("eggs", "spam")) == (200, "hello")
    # Who may not come in is not told what is there.
    assert site.ask("members", "/nowhere")[0] == 401


NESTED = """
    import functools
    def wrapping(function):
        @functools.wraps(function)
        def inner(*args, **more): return function(*args, **more)
        return inner
    def nested(req):
        def __auth__(req, user, password): return (user, password) == ("spam", "eggs")
        return "in"
    @wrapping
    def wrapped(req):
        def __auth__(req, user, password): return (user, password) == ("spam", "eggs")
        return "in"
    class C:
        def method(self, req):
            def __auth__(req, user, password): return (user, password) == ("spam", "eggs")
            return "in"
        def listed(self):
            __access__ = ["spam"]
            return "in"
    c = C()
    def attribute(req): return "in"
    attribute.__auth__ = {"spam": "eggs"}
    class Guarded:
        def __auth__(self, req, user, password): return user == "spam"
        def page(self): return "in"
    guarded = Guarded()
    def passed(req): return "in"
"""


@pytest.mark.parametrize("name", ["nested", "wrapped", "c/method", "c/listed", "attribute", "guarded/page"])
def test_guards_stand_in_functions_methods_and_instances(site, name):
    site.write("index.py", NESTED)
    assert site.ask("index", "/" + name)[0] in (401, 403)
    assert site.ask("index", "/" + name, **basic("ham", "eggs"))[0] in (401, 403)
    assert site.ask("index", "/" + name, **basic("spam", "eggs")) == (200, "in")


def test_guards_of_a_sibling_do_not_count(site):
    site.write("index.py", NESTED)
    assert site.ask("passed") == (200, "in")


def test_a_guard_that_cannot_be_told_lets_nobody_in_and_says_so(site):
    site.write("index.py", "def f(req):\n    __auth__ = req.args == 'let me in'\n    return 'in'")
    assert site.ask("f", args="let me in", **basic("spam", "eggs"))[0] == 401
    assert "__auth__ in f" in site.services.lines[0]


def test_credentials_that_cannot_be_read_are_bad_but_those_of_another_scheme_are_none(site):
    site.write("index.py", "__access__ = ['spam']\ndef f(req): return repr(req.user)")
    assert site.ask("f", HTTP_AUTHORIZATION="Basic !!notbase64")[0] == 400
    assert site.ask("f", HTTP_AUTHORIZATION="Basic c3BhbQ==")[0] == 400
    req = site.request("f", HTTP_AUTHORIZATION="Bearer x")
    req.user = "spam"
    assert publisher.handler(req) == 0


@pytest.mark.parametrize("guard", ["1", "lambda req, user, password: True", "{'': ''}"])
def test_a_name_of_no_characters_is_no_credentials(site, guard):
    site.write("index.py", f"__auth__ = {guard}\ndef f(req): return 'in'")
    assert site.ask("f", **basic("", "")) == (401, 'Basic realm="unknown"')
    assert site.ask("f", **basic("", "x")) == (401, 'Basic realm="unknown"')


def test_names_and_passwords_are_text(site):
    site.write("index.py", "__auth__ = {'caf\\u00e9': 's\\u00e9cret'}\ndef f(req): return repr(req.user)")
    assert site.ask("f", **basic("café", "sécret")) == (200, "None")
