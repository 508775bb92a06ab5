"""CGI scripts run as handlers. What the real module answers is in tests/parity; here what it can't do, and what must not leak."""

import os
import sys
import threading

import pytest

from tests.support.cycle import Site

CONFIG = "<Directory ROOT>\nSetHandler mod_python\nPythonHandler mod_python.cgihandler\nPythonDebug On\n</Directory>\n"
HEAD = "print('Content-Type: text/plain')\nprint()\n"


@pytest.fixture
def site(tmp_path):
    return lambda **scripts: Site(tmp_path, CONFIG, **scripts)


def test_a_script_runs_whatever_the_extension(site):
    page = site(hello=HEAD + "print('hello')")
    assert [page.get(uri).body for uri in ("/hello.py", "/hello", "/hello.cgi", "/hello.py/path")] == ["hello\n"] * 4
    assert page.get("/nowhere.py").status == 404


def test_headers_become_those_of_the_response(site):
    answer = site(a="print('Status: 404 Not Here\\nX-A: b\\nContent-Type: text/x\\n\\nbody')").get("/a.py")
    assert (answer.status, answer.headers["x-a"], answer.headers["content-type"], answer.body) == (
        404, "b", "text/x", "body\n"
    )  # fmt: skip


@pytest.mark.parametrize("script", ["print('no header\\n')", "print('Status: x\\n')", "print('x' * 70000)"])
def test_what_is_no_header_is_an_error_that_says_so(site, script):
    answer = site(a=script).get("/a.py")
    assert (answer.status, "ValueError" in answer.body) == (500, True)


def test_the_body_is_read_from_stdin_as_text_or_bytes(site):
    page = site(
        text=HEAD + "import sys\nprint(repr(sys.stdin.readline()), sys.stdin.readlines())",
        data=HEAD + "import sys\nsys.stdout.flush()\nsys.stdout.buffer.write(sys.stdin.buffer.read(3))",
    )
    body = "één\ntwo\r\n".encode()
    more = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "text/plain"}
    assert page.get("/text.py", "POST", body, **more).body == "'één\\n' ['two\\r\\n']\n"
    assert page.get("/data.py", "POST", b"abcdef", **more).body == "abc"


def test_what_python_3_scripts_do_to_stdout_works(site):
    again = "import sys, io\nsys.stdout = io.TextIOWrapper(sys.stdout.detach(), 'latin-1')\n"
    page = site(
        detached=again + HEAD + "print('caf\\xe9')",
        configured="import sys\nsys.stdout.reconfigure(encoding='latin-1')\n" + HEAD + "print('caf\\xe9')",
        closed=HEAD + "import sys\nsys.stdout.close()\nprint('still here', sys.stdout.isatty())",
    )
    assert page.get("/detached.py").body == page.get("/configured.py").body == "caf\ufffd\n"
    assert page.get("/closed.py").body == "still here 0\n"


@pytest.mark.parametrize(("code", "logged"), [("", ""), ("0", ""), ("1", ""), ("'no such user'", "no such user")])
def test_sys_exit_ends_a_script_and_nothing_else(site, code, logged):
    page = site(a=HEAD + f"print('done')\nimport sys\nsys.exit({code})\nprint('not this')")
    answer = page.get("/a.py")
    assert (answer.status, answer.body) == (200, "done\n")
    assert logged in page.log()
    assert (page.log() == "") == (logged == "")


def test_the_process_is_as_it_was_afterwards(site):
    page = site(
        a="import os, sys\nos.environ['LEAK'] = '1'\nsys.path.insert(0, '/leak')\nsys.argv.append('leak')\nos.chdir('/')\n1/0"
    )
    before = sys.stdin, sys.stdout, os.environ, list(sys.path), list(sys.argv), os.getcwd()
    assert "ZeroDivisionError" in page.get("/a.py").body
    assert (sys.stdin, sys.stdout, os.environ, sys.path, sys.argv, os.getcwd()) == before
    assert "LEAK" not in os.environ
    assert "a" not in sys.modules


def test_a_script_finds_its_neighbours_and_sees_them_change(site):
    page = site(a=HEAD + "import cgi_neighbour\nprint(cgi_neighbour.VALUE)", cgi_neighbour="VALUE = 1")
    assert page.get("/a.py").body == "1\n"
    assert "cgi_neighbour" not in sys.modules
    (page.root / "cgi_neighbour.py").write_text("VALUE = 'two'")
    assert page.get("/a.py").body == "two\n"
    (page.root / "a.py").write_text(HEAD + "print('changed')")
    assert page.get("/a.py").body == "changed\n"


def test_the_library_stays_imported(site):
    page = site(a=HEAD + "import sys, this\nprint(sys.modules['this'] is this)")
    sys.modules.pop("this", None)
    page.get("/a.py")
    assert "this" in sys.modules


def test_the_api_stays_imported(site):
    page = site(a=HEAD + "from mod_python import testhandler\nprint(id(testhandler))")
    first = page.get("/a.py").body
    assert first.strip().isdigit()
    assert page.get("/a.py").body == first


def test_a_script_may_have_the_name_of_a_module(site):
    import string

    page = site(string=HEAD + "import sys\nprint(sys.modules[__name__].__file__ == __file__, __name__)")
    assert page.get("/string.py").body == "True string\n"
    assert sys.modules["string"] is string


def test_each_run_starts_anew(site):
    page = site(a=HEAD + "try:\n    n += 1\nexcept NameError:\n    n = 1\nprint(n)")
    assert [page.get("/a.py").body for _ in range(3)] == ["1\n"] * 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_cgi_module_sees_each_requests_form(site):
    page = site(
        a="import cgi\nform = cgi.FieldStorage()\n"
        + HEAD
        + "print(form.getvalue('name'), form.getvalue('body', 'none'))"
    )
    assert page.get("/a.py?name=first").body == "first none\n"
    assert page.get("/a.py?name=second").body == "second none\n"
    more = {"CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert page.get("/a.py?name=third", "POST", b"body=caf\xc3", **more).body.startswith("third caf")


def test_one_script_runs_at_a_time(site):
    page = site(a=HEAD + "print('ran')")
    from mpfcgi.api import cgihandler

    bodies = []
    with cgihandler._lock:
        thread = threading.Thread(target=lambda: bodies.append(page.get("/a.py").body))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(20)
    assert bodies == ["ran\n"]


def test_scripts_run_where_the_current_directory_is_gone(site, tmp_path):
    page = site(a=HEAD + "import os\nprint(os.getcwd())")
    gone = tmp_path / "gone"
    gone.mkdir()
    home = os.getcwd()
    try:
        os.chdir(gone)
        gone.rmdir()
        assert page.get("/a.py").body == f"{page.root}\n"
        assert page.get("/a.py").body == f"{page.root}\n"
    finally:
        os.chdir(home)
