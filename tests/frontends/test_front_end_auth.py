"""Passwords that the front-end checks itself: handlers see who it is in req.user, as under Apache."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.frontends.cases import basic
from tests.frontends.variants import VARIANTS, fcgid, printed
from tests.support.apache import need_module
from tests.support.frontends import frontend
from tests.support.http import request, send
from tests.support.servers import program

pytestmark = pytest.mark.frontend

# Of spam:eggs, in the form that nginx, Apache and lighttpd read.
HASH = "spam:$apr1$FBmXzKA2$4eY/Mnl3oZNEimeNjX7u/1"
KINDS = [*(variant.kind for variant in VARIANTS if variant.printed), "fcgid"]
APACHE = """
        AuthType Basic
        AuthName "Front"
        AuthUserFile {users}
        Require valid-user
"""
HAPROXY = "userlist front\n    user spam insecure-password eggs\n\n"


def nginx(text, users):
    text = text.replace("location / {", f'auth_basic "Front";\n    auth_basic_user_file {users};\n    location / {{', 1)
    return text.replace(
        "fastcgi_keep_conn on;", "fastcgi_keep_conn on;\n    fastcgi_param REMOTE_USER $remote_user;", 1
    )


def apache(text, users):
    text = text.replace("Require all granted", "", 1) if "fcgid" in text else text
    return text.replace("CGIPassAuth On", "CGIPassAuth On" + APACHE.format(users=users), 1)


def lighttpd(text, users):
    return (
        text.replace('("mod_fastcgi"', '("mod_auth", "mod_authn_file", "mod_fastcgi"', 1)
        + f'auth.backend = "htpasswd"\nauth.backend.htpasswd.userfile = "{users}"\n'
        + 'auth.require = ("" => ("method" => "basic", "realm" => "Front", "require" => "valid-user"))\n'
    )


def caddy(text, users):
    command = [program("caddy"), "hash-password", "--plaintext", "eggs"]
    hashed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return re.sub(r"(?m)^http.* \{$", lambda site: f"{site[0]}\n    basicauth {{\n        spam {hashed}\n    }}", text)


def haproxy(text, users):
    return HAPROXY + text.replace(
        "    use-fcgi-app", "    http-request auth unless { http_auth(front) }\n    use-fcgi-app", 1
    )


CHANGES = {"nginx": nginx, "apache": apache, "fcgid": apache, "lighttpd": lighttpd, "caddy": caddy, "haproxy": haproxy}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def port(kind, daemon, tmp_path_factory):
    if kind == "fcgid":
        need_module("fcgid")
    write = fcgid("--connect unix:{socket}") if kind == "fcgid" else printed(kind)
    users = daemon.folder / "users"
    users.write_text(HASH + "\n")

    def changed(*ports):
        text = write(daemon.place, *ports)
        other = CHANGES[kind](text, users)
        assert other != text
        return other

    own = daemon.folder / kind
    own.mkdir()
    own.chmod(0o755)
    with frontend("apache" if kind == "fcgid" else kind, own, changed) as ports:
        yield ports[0]


def test_who_gives_no_password_never_gets_here(port, daemon):
    for headers in ([], [basic("spam:ham")]):
        answer = send(port, request("GET", "/seen.py/secret", headers))
        assert answer.status == 401
        assert answer.get("www-authenticate")[0].startswith("Basic")


def test_handlers_see_who_the_front_end_has_let_in(port, kind):
    seen = json.loads(send(port, request("GET", "/seen.py", [basic("spam:eggs")])).body)
    who = seen["user"], seen["env"]["REMOTE_USER"]
    how = seen["ap_auth_type"], seen["env"]["AUTH_TYPE"]
    # HAProxy sends the name that a client gives in any case, checked or not, so that it is not taken.
    assert who == ((None, None) if kind == "haproxy" else ("spam", "spam"))
    # nginx has no variable for how, and Caddy leaves it empty.
    assert how == ((None, None) if kind in ("haproxy", "nginx", "caddy") else ("Basic", "Basic"))


def test_passwords_of_the_daemon_are_asked_for_all_the_same(port):
    """The front-end's user is not one of ours."""
    assert send(port, request("GET", "/guarded/page.txt", [basic("spam:eggs")])).body == b"guarded\n"
