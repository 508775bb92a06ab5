"""Who gets in, by the configuration: Order/Allow/Deny, Require, AuthUserFile.

The Python handlers of the access and authz phases are asked first (`phases`), AuthUserFile before those of the authen
phase, as Apache with mod_auth_basic does. Results are those of phases: OK, DECLINED (for "it depends on the user", or
"not mine") or a status.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable

from mpfcgi.api import Request
from mpfcgi.api.auth import basic_challenge
from mpfcgi.api.constants import (
    DECLINED,
    HTTP_FORBIDDEN,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_UNAUTHORIZED,
    OK,
)
from mpfcgi.config import Settings
from mpfcgi.config.directives.access import Rule, counted_as, holds_for, networks
from mpfcgi.worker import passwords

USER_RULES = frozenset(("valid-user", "user", "group"))
KNOWN_RULES = USER_RULES | {"all", "ip", "host", "local", "method", "env", "all-of", "any-of", "none-of"}


def check_host(req: Request, settings: Settings) -> int:
    """Order, Allow and Deny: OK or 403."""
    if settings.get("Order") is None and settings.get("Allow") is None and settings.get("Deny") is None:
        return OK
    allowed, denied = (
        any(_from_matches(req, item) for words in _for_hosts(req, settings, name) for item in words)
        for name in ("Allow", "Deny")
    )
    order = _for_hosts(req, settings, "Order")
    granted = (allowed and not denied) if order and order[-1] == ("allow,deny",) else (allowed or not denied)
    return OK if granted else HTTP_FORBIDDEN


def satisfies_any(req: Request, settings: Settings) -> bool:
    """Whether a good host or a good user is enough (Satisfy Any)."""
    found = _for_hosts(req, settings, "Satisfy")
    return bool(found) and found[-1] == ("any",)


def _for_hosts(req: Request, settings: Settings, name: str) -> list[tuple[str, ...]]:
    """The words of a directive's lines that hold for the request's method."""
    return [rule.words for rule in settings.get(name) or () if holds_for(rule, req.method)]


def check_access(req: Request, settings: Settings) -> int:
    """The Require rules before anybody is asked for a password: OK, 403, or DECLINED when they ask for a user.

    Whom an earlier phase has set in `req.user` is asked for nothing more.
    """
    rules = _rules(req, settings)
    if not rules:
        return OK
    verdict = _any(req, rules, req._user)
    if verdict is None:
        return DECLINED
    return OK if verdict else HTTP_FORBIDDEN


def check_user(req: Request, settings: Settings) -> int:
    """Basic authentication by AuthUserFile: OK; 401; 500 for a file that can't be read; DECLINED to ask the handlers.

    Without user and password nobody is asked: 401. What they are is set in `req.user` in any case.
    """
    if (settings.get("AuthType") or "").lower() != "basic":
        return DECLINED
    if settings.get("AuthName") is None:
        req.log_error(f"need AuthName: {req.uri}")
        return HTTP_INTERNAL_SERVER_ERROR
    req._ap_auth_type = "Basic"
    if not _has_credentials(req):
        return HTTP_UNAUTHORIZED
    password = req.get_basic_auth_pw() or ""
    file = settings.get("AuthUserFile")
    if file is None:
        return DECLINED
    return _check_password(req, settings, _path(req, file), password)


def _has_credentials(req: Request) -> bool:
    scheme = req._params.get("HTTP_AUTHORIZATION", "").partition(" ")[0]
    if scheme and scheme.lower() != "basic":
        req.log_error(f"client used wrong authentication scheme: {req.uri}")
        return False
    return bool(scheme)


def _check_password(req: Request, settings: Settings, path: str, password: str) -> int:
    user = req.user or ""
    authoritative = settings.get("AuthBasicAuthoritative", True)
    try:
        hashed = passwords.hash_of(path, _raw(user))
    except OSError as error:
        req.log_error(f"Could not open password file: {path}: {error.strerror}")
        return HTTP_INTERNAL_SERVER_ERROR if authoritative else DECLINED
    if hashed is None:
        if not authoritative:
            return DECLINED
        req.log_error(f"user {user} not found: {req.uri}")
        return HTTP_UNAUTHORIZED
    try:
        if passwords.fits(password.encode("latin-1"), hashed):
            return OK
    except ValueError as error:
        req.log_error(f"user {user}: {path} has no password that can be checked: {error}")
        return HTTP_UNAUTHORIZED
    req.log_error(f'user {user}: authentication failure for "{req.uri}": Password Mismatch')
    return HTTP_UNAUTHORIZED


def _path(req: Request, name: str) -> str:
    return os.path.join(req._services.config.server_root, name)


def _raw(user: str) -> str:
    """A user's name as the bytes that the client sent and a file may have, in Latin-1."""
    return user.encode("utf-8", "surrogateescape").decode("latin-1")


def denied_user(req: Request, settings: Settings, status: int) -> int:
    """What a failed authentication answers; 401 asks the browser for a password."""
    kind = settings.get("AuthType")
    if status == DECLINED:
        req.log_error(
            "configuration error: couldn't check user" + ("" if kind else ": AuthType not set") + f": {req.uri}"
        )
        return HTTP_INTERNAL_SERVER_ERROR
    if status == HTTP_UNAUTHORIZED and kind and kind.lower() == "basic":
        realm = settings.get("AuthName")
        if realm is None:
            req.log_error(f"need AuthName: {req.uri}")
            return HTTP_INTERNAL_SERVER_ERROR
        req.err_headers_out["WWW-Authenticate"] = basic_challenge(realm)
    return status


def check_authz(req: Request, settings: Settings) -> int:
    """The Require rules, the user being known: OK, 401 for the wrong user, 403 without one."""
    rules = _rules(req, settings)
    if req.user is None:
        return HTTP_INTERNAL_SERVER_ERROR
    return OK if not rules or _any(req, rules, req.user) else HTTP_UNAUTHORIZED


def _rules(req: Request, settings: Settings) -> list[Rule]:
    return [rule for rule in settings.get("Require") or () if _for_method(rule, req.method)]


def _for_method(rule: Rule, method: str) -> bool:
    """Whether a rule, or some rule in a container, holds for a method (<Limit>)."""
    if rule.rules and not any(_for_method(inner, method) for inner in rule.rules):
        return False
    return holds_for(rule, method)


def _any(req: Request, rules: list[Rule] | tuple[Rule, ...], user: str | None) -> bool | None:
    """Whether one of the rules lets in; None when that depends on the user, who is not known yet."""
    unknown = False
    # A negated rule can only keep out: it takes part in <RequireAll>, or denies beside others.
    for rule in rules:
        verdict = _verdict(req, rule, user)
        if verdict and not rule.negated:
            return True
        unknown = unknown or verdict is None
    return None if unknown else False


def _verdict(req: Request, rule: Rule, user: str | None) -> bool | None:
    verdict = _positive(req, rule, user)
    # Who keeps somebody out does not ask everybody for a name, as in Apache: nobody is kept out yet.
    return not verdict if rule.negated else verdict


def _positive(req: Request, rule: Rule, user: str | None) -> bool | None:
    if rule.kind in ("all-of", "none-of"):
        verdicts = [_verdict(req, inner, user) for inner in rule.rules if _for_method(inner, req.method)]
    if rule.kind == "all-of":
        return False if False in verdicts else None if None in verdicts else True
    if rule.kind == "any-of":
        return _any(req, [inner for inner in rule.rules if _for_method(inner, req.method)], user)
    if rule.kind == "none-of":
        return True not in verdicts
    if rule.kind in USER_RULES or rule.kind not in KNOWN_RULES:
        return None if user is None else _user_fits(req, rule, user)
    return _HOST_RULES[rule.kind](req, rule.args)


def _user_fits(req: Request, rule: Rule, user: str) -> bool:
    if rule.kind == "user":
        return user in rule.args
    if rule.kind == "group":
        return _in_group(req, rule.args, user)
    # Rules that only an authzhandler knows are for that handler: nobody fits here.
    return rule.kind == "valid-user"


def _in_group(req: Request, groups: tuple[str, ...], user: str) -> bool:
    file = req._settings.get("AuthGroupFile")
    if file is None:
        return False
    path = _path(req, file)
    try:
        return passwords.is_in_group(path, _raw(user), map(_raw, groups))
    except OSError as error:
        req.log_error(f"Could not open group file: {path}: {error.strerror}")
        return False


def _is_local(req: Request) -> bool:
    address = _address(req)
    return address is not None and (address.is_loopback or req.connection.client_ip == req.connection.local_ip)


def _address(req: Request) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(req.connection.client_ip)
    except ValueError:
        return None


def _ip_fits(req: Request, args: tuple[str, ...]) -> bool:
    address = _address(req)
    return address is not None and any(address in network for network in networks(args))


def _host_fits(req: Request, args: tuple[str, ...]) -> bool:
    from mpfcgi.api.constants import REMOTE_DOUBLE_REV

    name = req.get_remote_host(REMOTE_DOUBLE_REV)
    return name is not None and any(_in_domain(name, domain) for domain in args)


def _in_domain(name: str, domain: str) -> bool:
    domain = domain.lower()
    return name == domain or name.endswith(domain if domain.startswith(".") else "." + domain)


def _from_matches(req: Request, item: str) -> bool:
    """One item of Allow from or Deny from."""
    if item.lower() == "all":
        return True
    if item.startswith("env="):
        name = item[4:]
        return (name[1:] not in req.subprocess_env) if name.startswith("!") else name in req.subprocess_env
    if item[:1].isdigit() or ":" in item:
        return _ip_fits(req, (item,))
    return _host_fits(req, (item,))


_HOST_RULES: dict[str, Callable[[Request, tuple[str, ...]], bool]] = {
    "all": lambda req, args: args == ("granted",),
    "ip": _ip_fits,
    "host": _host_fits,
    "local": lambda req, args: _is_local(req),
    "method": lambda req, args: counted_as(req.method) in [counted_as(arg.upper()) for arg in args],
    "env": lambda req, args: any(name in req.subprocess_env or name in os.environ for name in args),
}
