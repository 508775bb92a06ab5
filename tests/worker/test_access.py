"""Who gets in: the answers of Apache 2.4 with mod_auth_basic, mod_authz_core and mod_access_compat."""

import base64
import os
from types import SimpleNamespace

import pytest

from mpfcgi.api import Request
from mpfcgi.api.constants import (
    DECLINED,
    HTTP_FORBIDDEN,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_UNAUTHORIZED,
    OK,
)
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.config import ConfigError, Resolver, load_text
from mpfcgi.worker import access, passwords

# What htpasswd makes of "eggs" with -B, -m, -s, -d, -2 and -5.
HASHES = {
    "bcrypt": "$2y$05$7NmstURJ/Ee3JGUlDUSq3u3bkKkALJ5Bpucw/oSmQD.Hyahbcab6i",
    "apr1": "$apr1$4P5zhC15$QDJcCPbjvrdXDQmHAWl3c/",
    "sha": "{SHA}vREdy0s0PeTsCnnS1exVo5GcecQ=",
    "crypt": "q/UqmoTlZYDo.",
    "sha256": "$5$wURnmzrzYwUQyRvL$ew14yToLeg2DDRY9E1IGdEFnKWngrwKe1XqPJBbtbn2",
    "sha512": (
        "$6$CcguJQXQVFR4IU8H$Hmq0QOHFMHnhOw7Et3LjlZ2z0VQa/xlxfENAHQR1YbKvouwVg4OCZExQBDZMJMAB5I/d.gCM4tMSHNhL2pFKT."
    ),
}


class Site:
    """A folder with a configuration, and requests for it."""

    def __init__(self, folder, text):
        self.logged = []
        self.config = load_text(
            f"DocumentRoot {folder}\n<Directory {folder}>\n{text}\n</Directory>\n", server_root=str(folder)
        )
        resource, _ = Resolver(self.config).resolve(self.config.main, "/")
        self.settings = resource.settings

    def log(self, level, message, **_):
        self.logged.append(message)

    def request(self, user=None, password="eggs", *, method="GET", address="127.0.0.1", **params):
        params.update(REQUEST_METHOD=method, REQUEST_URI="/", REMOTE_ADDR=address, SERVER_ADDR="192.0.2.1")
        if user is not None:
            pair = f"{user}:{password}".encode()
            params["HTTP_AUTHORIZATION"] = "Basic " + base64.b64encode(pair).decode()
        server = SimpleNamespace(_settings=self.settings)
        return Request(MemoryExchange(params), server, self, self.settings, "/", None)


def basic(more="", users="users"):
    return f'AuthType Basic\nAuthName "Some \\"realm\\""\nAuthUserFile {users}\nRequire valid-user\n{more}'


@pytest.fixture
def folder(tmp_path):
    lines = ["# people", "", *(f"{kind}:{hashed}" for kind, hashed in HASHES.items())]
    lines += [
        "plain:eggs",
        "twice:" + HASHES["sha"],
        "twice:nothing",
        "more:" + HASHES["sha"] + ":Full Name",
        "été:" + HASHES["sha"],
    ]
    (tmp_path / "users").write_text("\n".join(lines) + "\n")
    (tmp_path / "groups").write_text('# groups\nstaff: sha apr1\nBoss: "sha"\nempty:\n')
    return tmp_path


# -- passwords


@pytest.mark.parametrize("kind", HASHES)
def test_every_kind_of_hash_that_htpasswd_makes_is_checked(folder, kind):
    site = Site(folder, basic())
    req = site.request(kind)
    assert access.check_user(req, site.settings) == OK
    assert (req.user, req.ap_auth_type) == (kind, "Basic")
    assert access.check_user(site.request(kind, "spam"), site.settings) == HTTP_UNAUTHORIZED


@pytest.mark.parametrize("user", ["twice", "more", "été"])
def test_the_first_line_of_a_user_counts_up_to_its_second_colon(folder, user):
    site = Site(folder, basic())
    assert access.check_user(site.request(user), site.settings) == OK


@pytest.mark.parametrize("user", ["plain", "# people", "", "nobody"])
def test_a_password_without_a_hash_and_an_unknown_user_never_fit(folder, user):
    site = Site(folder, basic())
    assert access.check_user(site.request(user), site.settings) == HTTP_UNAUTHORIZED
    assert site.logged


def test_long_passwords_are_cut_for_bcrypt_and_nul_fits_nothing():
    import bcrypt

    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert passwords.fits(b"x" * 100, hashed)
    assert not passwords.fits(b"x" * 71, hashed)
    assert not passwords.fits(b"eggs\0", HASHES["apr1"])


@pytest.mark.parametrize("broken", ["", "*", "$2y$05$short", "$apr1$", "{SHA}x!", "$9$a$b"])
def test_a_broken_hash_is_an_error_and_never_fits(broken):
    with pytest.raises(ValueError):
        passwords.fits(b"eggs", broken)


def test_a_changed_file_is_read_again(folder):
    file = folder / "users"
    assert passwords.hash_of(str(file), "new") is None
    file.write_text("new:" + HASHES["sha"] + "\n")
    os.utime(file, ns=(1, 1))
    assert passwords.hash_of(str(file), "new") == HASHES["sha"]
    assert passwords.hash_of(str(file), "sha") is None


# -- the authen phase


def test_without_credentials_nobody_is_asked_and_the_browser_asks_for_them(folder):
    site = Site(folder, basic())
    req = site.request()
    status = access.check_user(req, site.settings)
    assert status == HTTP_UNAUTHORIZED
    assert access.denied_user(req, site.settings, status) == HTTP_UNAUTHORIZED
    assert req.err_headers_out["WWW-Authenticate"] == 'Basic realm="Some \\"realm\\""'


@pytest.mark.parametrize("header", ["Bearer abc", "Digest username=x", "Basic", ""])
def test_other_schemes_are_no_credentials(folder, header):
    site = Site(folder, basic())
    req = site.request(HTTP_AUTHORIZATION=header)
    assert access.check_user(req, site.settings) == HTTP_UNAUTHORIZED


def test_handlers_are_asked_where_there_is_no_file_or_another_type(folder):
    site = Site(folder, "AuthType Basic\nAuthName x\nRequire valid-user")
    req = site.request("someone")
    assert access.check_user(req, site.settings) == DECLINED
    assert req.user == "someone"
    site = Site(folder, "AuthType Mine\nRequire valid-user")
    assert access.check_user(site.request(), site.settings) == DECLINED


def test_a_file_that_is_not_authoritative_leaves_unknown_users_to_handlers_but_no_wrong_passwords(folder):
    site = Site(folder, basic("AuthBasicAuthoritative Off"))
    assert access.check_user(site.request("nobody"), site.settings) == DECLINED
    assert access.check_user(site.request("sha", "spam"), site.settings) == HTTP_UNAUTHORIZED


def test_a_missing_file_is_a_server_error_and_says_so(folder):
    site = Site(folder, basic(users="nowhere"))
    assert access.check_user(site.request("sha"), site.settings) == HTTP_INTERNAL_SERVER_ERROR
    assert str(folder / "nowhere") in site.logged[0]


def test_basic_without_a_name_and_an_unanswered_authen_phase_are_server_errors(folder):
    site = Site(folder, "AuthType Basic\nRequire valid-user")
    assert access.check_user(site.request("a"), site.settings) == HTTP_INTERNAL_SERVER_ERROR
    site = Site(folder, "Require valid-user")
    req = site.request("a")
    status = access.check_user(req, site.settings)
    assert access.denied_user(req, site.settings, status) == HTTP_INTERNAL_SERVER_ERROR


@pytest.mark.parametrize("provider", ["ldap", "file dbd"])
def test_providers_that_are_not_there_are_config_errors(folder, provider):
    with pytest.raises(ConfigError, match="does not support"):
        Site(folder, f"AuthBasicProvider {provider}")


# -- the authz phase


@pytest.mark.parametrize(
    ("rules", "user", "status"),
    [
        ("Require valid-user", "sha", OK), ("Require user apr1 sha", "sha", OK), ("Require user apr1", "sha", HTTP_UNAUTHORIZED),
        ("Require group staff", "sha", OK), ("Require group boss", "apr1", HTTP_UNAUTHORIZED),
        ("Require group none staff", "apr1", OK), ("Require group empty", "sha", HTTP_UNAUTHORIZED),
        ("Require user apr1\nRequire group boss", "sha", OK),
        ("<RequireAll>\nRequire valid-user\nRequire group boss\n</RequireAll>", "apr1", HTTP_UNAUTHORIZED),
        ("<RequireAll>\nRequire valid-user\nRequire not group boss\n</RequireAll>", "apr1", OK),
        ("<RequireAll>\nRequire valid-user\nRequire not group BOSS\n</RequireAll>", "sha", HTTP_UNAUTHORIZED),
        ("<RequireAll>\nRequire valid-user\nRequire not group boss\n</RequireAll>", "sha", HTTP_UNAUTHORIZED),
        ("<RequireAny>\nRequire user nobody\nRequire group staff\n</RequireAny>", "sha", OK),
        ("<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire user sha\n</RequireNone>\n</RequireAll>", "sha",
         HTTP_UNAUTHORIZED),
        ("Require something else", "sha", HTTP_UNAUTHORIZED),
    ],
)  # fmt: skip
def test_rules_about_users(folder, rules, user, status):
    site = Site(folder, f"AuthGroupFile groups\n{rules}")
    req = site.request()
    assert access.check_access(req, site.settings) == DECLINED
    req.user = user
    assert access.check_authz(req, site.settings) == status


def test_groups_without_a_readable_file_let_nobody_in(folder):
    for lines in ("Require group staff", "AuthGroupFile nowhere\nRequire group staff"):
        site = Site(folder, lines)
        req = site.request()
        req.user = "sha"
        assert access.check_authz(req, site.settings) == HTTP_UNAUTHORIZED


# -- the access phase


@pytest.mark.parametrize(
    ("rules", "address", "status"),
    [
        ("", "10.1.2.3", OK),
        ("Require all granted", "10.1.2.3", OK), ("Require all denied", "10.1.2.3", HTTP_FORBIDDEN),
        ("Require ip 10.1", "10.1.2.3", OK), ("Require ip 10.1", "10.2.2.3", HTTP_FORBIDDEN),
        ("Require ip 10.1.0.0/16 192.0.2.7", "192.0.2.7", OK), ("Require ip 2001:db8::/32", "2001:db8::9", OK),
        ("Require ip 2001:db8::/32", "10.1.2.3", HTTP_FORBIDDEN), ("Require local", "127.0.0.9", OK),
        ("Require local", "::1", OK), ("Require local", "192.0.2.1", OK), ("Require local", "192.0.2.2", HTTP_FORBIDDEN),
        ("Require method POST", "10.1.2.3", HTTP_FORBIDDEN), ("Require method GET", "10.1.2.3", OK),
        ("<RequireAll>\nRequire all granted\nRequire not ip 10.1\n</RequireAll>", "10.1.2.3", HTTP_FORBIDDEN),
        ("<RequireAll>\nRequire all granted\nRequire not ip 10.1\n</RequireAll>", "10.2.2.3", OK),
        ("Require ip 10.1\nRequire valid-user", "10.1.2.3", OK),
        ("Require ip 10.1\nRequire valid-user", "10.2.2.3", DECLINED),
        ("Require ip 10.1", "unix:", HTTP_FORBIDDEN),
    ],
)  # fmt: skip
def test_rules_that_need_no_user(folder, rules, address, status):
    site = Site(folder, rules)
    assert access.check_access(site.request(address=address), site.settings) == status


@pytest.mark.parametrize(
    ("lines", "address", "status"),
    [
        ("Order Deny,Allow\nDeny from all\nAllow from 10.1", "10.1.2.3", OK),
        ("Order Deny,Allow\nDeny from all\nAllow from 10.1", "10.2.2.3", HTTP_FORBIDDEN),
        ("Order Allow,Deny\nAllow from all\nDeny from 10.1", "10.1.2.3", HTTP_FORBIDDEN),
        ("Order Allow,Deny\nAllow from all\nDeny from 10.1", "10.2.2.3", OK),
        ("Order Allow,Deny", "10.2.2.3", HTTP_FORBIDDEN), ("Order Deny,Allow", "10.2.2.3", OK),
        ("Deny from 10.0.0.0/8", "10.2.2.3", HTTP_FORBIDDEN), ("Allow from env=LET_IN", "10.2.2.3", OK),
    ],
)  # fmt: skip
def test_order_allow_and_deny(folder, lines, address, status):
    site = Site(folder, lines)
    assert access.check_host(site.request(address=address), site.settings) == status


def test_rules_and_hosts_may_depend_on_the_environment(folder):
    site = Site(folder, "Order Allow,Deny\nAllow from env=LET_IN\nRequire env LET_IN")
    req = site.request()
    assert access.check_host(req, site.settings) == HTTP_FORBIDDEN
    assert access.check_access(req, site.settings) == HTTP_FORBIDDEN
    req.subprocess_env["LET_IN"] = "1"
    assert access.check_host(req, site.settings) == OK
    assert access.check_access(req, site.settings) == OK


def test_rules_in_limit_hold_for_their_methods(folder):
    site = Site(folder, "<Limit POST>\nRequire all denied\n</Limit>")
    assert access.check_access(site.request(method="POST"), site.settings) == HTTP_FORBIDDEN
    assert access.check_access(site.request(), site.settings) == OK


def test_rules_of_hosts_in_limit_hold_for_their_methods(folder):
    site = Site(folder, "Deny from all\n<Limit POST>\nOrder Deny,Allow\nAllow from 10.1\n</Limit>")
    assert access.check_host(site.request(method="POST", address="10.1.2.3"), site.settings) == OK
    assert access.check_host(site.request(address="10.1.2.3"), site.settings) == HTTP_FORBIDDEN


@pytest.mark.parametrize(
    "rules", ["<Limit HEAD>\nRequire all denied\n</Limit>", "<LimitExcept POST>\nRequire all denied\n</LimitExcept>"]
)
def test_what_holds_for_get_holds_for_head(folder, rules):
    site = Site(folder, rules)
    for method in ("GET", "HEAD"):
        assert access.check_access(site.request(method=method), site.settings) == HTTP_FORBIDDEN


@pytest.mark.parametrize(
    ("domain", "fits"), [("good.test", True), (".good.test", True), ("ood.test", False), (".www.good.test", False)]
)
def test_a_domain_is_the_end_of_a_name(domain, fits):
    assert access._in_domain("www.good.test", domain) == fits
