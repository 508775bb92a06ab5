"""The Authorizer and the Filter (FastCGI 6.3, 6.4), over a real socket."""

import pytest

from mpfcgi.fastcgi import AUTHORIZER, FILTER
from tests.support.client import Client
from tests.support.servers import Daemon

pytestmark = pytest.mark.daemon

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
DocumentRoot htdocs
ErrorLog error.log
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
<VirtualHost *>
    ServerName localhost
    LogFormat "%>s %U" short
    CustomLog access.log short
    <Directory {folder}/htdocs/secret>
        AuthType Basic
        AuthName "Restricted Area"
        Require user spam
        PythonAuthenHandler gate
        PythonAuthzHandler gate
        PythonCleanupHandler gate
    </Directory>
    <Directory {folder}/htdocs/shut>
        Require all denied
    </Directory>
    <Directory {folder}/htdocs/chatty>
        PythonAccessHandler gate::chatty
    </Directory>
    <Directory {folder}/htdocs/broken>
        PythonAccessHandler gate::broken
    </Directory>
    <Directory {folder}/htdocs/loud>
        PythonOutputFilter loud LOUD
        SetOutputFilter LOUD
    </Directory>
</VirtualHost>
<VirtualHost *>
    ServerName per.test
    PythonInterpPerDirectory On
    PythonPostReadRequestHandler gate::first
    <Directory {folder}/htdocs/secret>
        PythonAccessHandler gate::second
    </Directory>
    <Directory {folder}/htdocs/loud>
        PythonOutputFilter loud LOUD
        SetOutputFilter LOUD
    </Directory>
</VirtualHost>
"""
GATE = """\
from mod_python import apache

def authenhandler(req):
    password = req.get_basic_auth_pw()
    if (req.user, password) not in (("spam", "eggs"), ("ham", "eggs")):
        return apache.HTTP_UNAUTHORIZED
    req.add_common_vars()
    req.add_cgi_vars()
    req.subprocess_env["SHOP"] = "Caf\\xe9"
    req.subprocess_env["TWO_LINES"] = "a\\r\\nSet-Cookie: b"
    req.subprocess_env["no name"] = "x"
    return apache.OK

def authzhandler(req):
    req.log_error("authz asked for %s by %s" % (req.uri, req.user))
    return apache.DECLINED

def cleanuphandler(req):
    req.log_error("cleaned up %s" % req.uri)

def chatty(req):
    req.write("Hello")
    return apache.DONE

def broken(req):
    raise ValueError("on purpose")

def first(req):
    req.notes["first"] = req.interpreter
    return apache.OK

def second(req):
    req.subprocess_env["SEEN"] = "%s %s" % (req.notes["first"], req.interpreter)
    return apache.OK
"""
LOUD = """\
def outputfilter(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()
"""
SPAM = {"HTTP_AUTHORIZATION": "Basic c3BhbTplZ2dz"}
HAM = {"HTTP_AUTHORIZATION": "Basic aGFtOmVnZ3M="}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roles")
    for name in ("secret", "shut", "chatty", "broken", "loud"):
        (folder / "htdocs" / name).mkdir(parents=True)
        (folder / "htdocs" / name / "page.txt").write_text("the file\n")
        (folder / "htdocs" / name / "gate.py").write_text(GATE)
        (folder / "htdocs" / name / "loud.py").write_text(LOUD)
    (folder / "htdocs" / "gate.py").write_text(GATE)
    daemon = Daemon(folder, CONFIG.format(folder=folder))
    yield daemon
    assert daemon.stop() == 0


def ask(daemon, uri, **params):
    """An Authorizer's answer; as from mod_fcgid no FCGI_STDIN is sent. Names of headers are in lower case."""
    client = Client(daemon.socket)
    client.send(uri, AUTHORIZER, **params)
    status, body = client.response()
    return status, {name.decode().lower(): value for name, value in client.head.headers}, body


def filtered(daemon, uri, data=b"the data", **params):
    client = Client(daemon.socket)
    client.send(uri, FILTER, FCGI_DATA_LENGTH=str(len(data)), **params)
    wire = client.wire
    client.sock.sendall(wire.stdin(b"x=1") + wire.stdin_end() + wire.data(data) + wire.data_end())
    status, body = client.response()
    return status, {name.decode().lower(): value for name, value in client.head.headers}, body


def test_permission_is_200_with_what_later_requests_are_to_see(daemon):
    status, headers, body = ask(daemon, "/secret/page.txt", **SPAM)
    assert (status, body) == (200, b"")
    assert headers == {
        "variable-remote_user": b"spam",
        "variable-auth_type": b"Basic",
        "variable-shop": b"Caf\xe9",
        "variable-two_lines": b"a  Set-Cookie: b",
    }
    daemon.wait_for_log("cleaned up /secret/page.txt")


def test_a_denial_is_a_whole_response(daemon):
    status, headers, body = ask(daemon, "/secret/page.txt")
    assert status == 401
    assert headers["www-authenticate"] == b'Basic realm="Restricted Area"'
    assert b"<h1>Unauthorized</h1>" in body
    assert ask(daemon, "/secret/page.txt", **HAM)[0] == 401
    assert ask(daemon, "/shut/page.txt")[0] == 403
    assert "401 /secret/page.txt" in (daemon.folder / "access.log").read_text()


def test_a_file_is_never_an_authorizers_answer(daemon):
    assert ask(daemon, "/loud/page.txt") == (200, {}, b"")


def test_a_connection_goes_on_after_an_authorizer_without_stdin(daemon):
    client = Client(daemon.socket)
    for _ in range(2):
        client.send("/secret/page.txt", AUTHORIZER, **SPAM)
        assert client.response()[0] == 200
        # lighttpd sends the empty record after all.
        client.sock.sendall(client.wire.stdin_end())
    assert client.get("/loud/page.txt") == (200, b"THE FILE\n")


def test_a_handler_that_answers_itself_lets_nobody_in(daemon):
    assert ask(daemon, "/chatty/page.txt")[0] == 403
    daemon.wait_for_log("a handler has answered itself, with 200")


def test_a_handler_that_fails_lets_nobody_in(daemon):
    assert ask(daemon, "/broken/page.txt")[0] == 500


def test_apaches_three_questions_are_answered_each_by_its_phase(daemon):
    user = {"REMOTE_USER": "spam", "REMOTE_PASSWD": "eggs"}
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="ACCESS_CHECKER")[:2] == (200, {})
    assert ask(daemon, "/shut/page.txt", FCGI_APACHE_ROLE="ACCESS_CHECKER")[0] == 403
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="AUTHENTICATOR", **user)[0] == 200
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="AUTHENTICATOR")[0] == 401
    wrong = {**user, "REMOTE_PASSWD": "ham"}
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="AUTHENTICATOR", **wrong)[0] == 401
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="AUTHORIZER", REMOTE_USER="spam")[0] == 200
    assert ask(daemon, "/secret/page.txt", FCGI_APACHE_ROLE="AUTHORIZER", REMOTE_USER="ham")[0] == 401
    daemon.wait_for_log("authz asked for /secret/page.txt by ham")


def test_a_password_as_a_parameter_counts_only_for_an_authorizer(daemon):
    """mod_authnz_fcgi asks about user and rights at once."""
    assert ask(daemon, "/secret/page.txt", REMOTE_USER="spam", REMOTE_PASSWD="eggs")[0] == 200
    assert ask(daemon, "/secret/page.txt", REMOTE_USER="ham", REMOTE_PASSWD="eggs")[0] == 401
    client = Client(daemon.socket)
    assert client.get("/secret/page.txt", REMOTE_USER="spam", REMOTE_PASSWD="eggs")[0] == 401


def test_phases_of_another_interpreter_are_heard_too(daemon):
    status, headers, _ = ask(daemon, "/secret/page.txt", HTTP_HOST="per.test")
    own = f"{daemon.folder}/htdocs/secret/"
    assert (status, headers) == (200, {"variable-seen": f"main_interpreter {own}".encode()})
    assert filtered(daemon, "/loud/page.txt", HTTP_HOST="per.test")[2] == b"THE DATA"


def test_a_responder_is_asked_for_permission_only_where_a_parameter_says_so(daemon):
    client = Client(daemon.socket)
    assert client.get("/secret/page.txt", FCGI_ROLE="AUTHORIZER", **SPAM) == (200, b"")
    assert client.get("/secret/page.txt", FCGI_ROLE="AUTHORIZER")[0] == 401
    assert client.get("/secret/page.txt", FCGI_ROLE="RESPONDER", **SPAM) == (200, b"the file\n")
    # A client's header of that name is a parameter of another name.
    assert client.get("/secret/page.txt", HTTP_FCGI_ROLE="AUTHORIZER", **SPAM) == (200, b"the file\n")
    assert client.get("/secret/page.txt", FCGI_ROLE="FILTER", **SPAM)[0] == 400


def test_data_runs_through_the_output_filters(daemon):
    status, headers, body = filtered(daemon, "/loud/page.txt")
    assert (status, body) == (200, b"THE DATA")
    assert headers["content-type"] == b"text/plain"
    big = b"abc" * 1_000_000
    assert filtered(daemon, "/loud/page.txt", big)[2] == big.upper()


def test_a_filters_data_is_guarded_as_the_file_is(daemon):
    assert filtered(daemon, "/secret/page.txt")[0] == 401
    assert filtered(daemon, "/secret/page.txt", **SPAM)[2] == b"the data"


def test_data_that_the_client_has_is_not_sent_again(daemon):
    when = {"FCGI_DATA_LAST_MOD": "784111777"}
    status, headers, _ = filtered(daemon, "/loud/page.txt", **when)
    assert (status, headers["last-modified"]) == (200, b"Sun, 06 Nov 1994 08:49:37 GMT")
    known = {"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"}
    assert filtered(daemon, "/loud/page.txt", **when, **known)[::2] == (304, b"")


def test_data_that_is_cut_is_refused(daemon):
    client = Client(daemon.socket)
    client.send("/loud/page.txt", FILTER, FCGI_DATA_LENGTH="9")
    client.sock.sendall(client.wire.stdin_end() + client.wire.data(b"half") + client.wire.data_end())
    assert client.response()[0] == 400
    daemon.wait_for_log("FCGI_DATA has 4 bytes, where FCGI_DATA_LENGTH says 9")
