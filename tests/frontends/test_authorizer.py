"""The manual's authentication example (3.4) guards a file that the web server itself sends."""

import pytest

from tests.frontends.guarded import GATE, check_guarded
from tests.support.apache import apache, need_module
from tests.support.lighttpd import lighttpd
from tests.support.servers import PARAMS, Daemon, free_port, nginx

pytestmark = pytest.mark.frontend

CONFIG = """\
Listen unix:mpfcgi.sock mode=0666
Listen 127.0.0.1:{port}
DocumentRoot htdocs
ErrorLog error.log
<PythonPool "*">
    MaxProcesses 1
</PythonPool>
<Directory {folder}/htdocs/secret>
    AddHandler mod_python .py
    PythonHandler who
    PythonAuthenHandler gate
    AuthType Basic
    AuthName "Restricted Area"
    Require valid-user
</Directory>
"""
# What the front-end passes on of what the authorizer has found out; and a handler that is asked for no password.
WHO = """\
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    req.add_common_vars()
    req.write("%s %s" % (req._params.get("REMOTE_USER"), req._params.get("SHOP")))
    return apache.OK
"""
LIGHTTPD = """\
server.modules = ("mod_fastcgi")
server.document-root = "{folder}/htdocs"
fastcgi.server = (
    "/secret/" => ((
        "socket" => "{socket}", "mode" => "authorizer", "docroot" => "{folder}/htdocs", "check-local" => "disable"
    )),
    ".py" => (( "socket" => "{socket}", "check-local" => "disable" ))
)
"""
NGINX = """
        location /secret/ {{
            root {folder}/htdocs;
            auth_request /permission;
            auth_request_set $user $upstream_http_variable_remote_user;
            auth_request_set $shop $upstream_http_variable_shop;
            add_header X-Seen "$user $shop";
        }}
        location = /permission {{
            internal;
            include {params};
            fastcgi_param FCGI_ROLE AUTHORIZER;
            fastcgi_pass_request_body off;
            fastcgi_pass mpfcgi;
        }}
"""
APACHE = """
ServerName localhost
KeepAlive Off
DocumentRoot {folder}/htdocs
AuthnzFcgiDefineProvider {kind} mpfcgi fcgi://127.0.0.1:{port}/
<Directory {folder}/htdocs>
    Require all granted
</Directory>
<Directory {folder}/htdocs/secret>
    AuthType Basic
    AuthName "Restricted Area"
    {directives}
</Directory>
"""
APACHE_MODULES = (
    "mpm_prefork", "authn_core", "authz_core", "authz_user", "auth_basic", "mime", "dir", "authnz_fcgi",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder whose file is guarded, and the daemon's socket."""
    folder = tmp_path_factory.mktemp("authorizer")
    for parent in (folder, *list(folder.parents)[:2]):
        parent.chmod(0o755)
    secret = folder / "htdocs" / "secret"
    secret.mkdir(parents=True)
    (secret / "page.txt").write_text("the file\n")
    (secret / "gate.py").write_text(GATE)
    (secret / "who.py").write_text(WHO)
    port = free_port()
    daemon = Daemon(folder, CONFIG.format(folder=folder, port=port))
    daemon.port = port
    try:
        yield daemon
    finally:
        daemon.stop()


def test_nginx_asks_a_responder_by_auth_request(site):
    with nginx(site.folder, site.socket, NGINX.format(folder=site.folder, params=PARAMS)) as port:
        session, answer = check_guarded(port)
        assert answer.headers["X-Seen"] == "spam cheese"
        # The body of a request is not sent with the question; the file's own rules still hold.
        posted = session.post(
            f"http://127.0.0.1:{port}/secret/page.txt", b"x" * 100_000, auth=("spam", "eggs"), timeout=20
        )
        assert posted.status_code == 405


def test_lighttpd_asks_an_authorizer(site):
    with lighttpd(site.folder, LIGHTTPD.format(folder=site.folder, socket=site.socket)) as port:
        session, _ = check_guarded(port)
        seen = session.get(f"http://127.0.0.1:{port}/secret/who.py", auth=("spam", "eggs"), timeout=20)
        assert seen.text == "spam cheese"
        assert session.get(f"http://127.0.0.1:{port}/secret/who.py", timeout=20).status_code == 401


@pytest.mark.parametrize(
    ("kind", "directives"),
    [
        ("authn", "AuthBasicProvider mpfcgi\n    Require valid-user"),
        ("authnz", "AuthBasicProvider mpfcgi\n    Require mpfcgi"),
    ],
)
def test_apache_asks_an_authorizer_by_mod_authnz_fcgi(site, kind, directives):
    need_module("authnz_fcgi")
    config = APACHE.format(folder=site.folder, port=site.port, kind=kind, directives=directives)
    with apache(site.folder, config, modules=APACHE_MODULES) as port:
        check_guarded(port)
