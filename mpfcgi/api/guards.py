"""Who may: `__auth__`, `__access__` and `__auth_realm__` of what the publisher passes on its way (manual 7.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any, NoReturn, Optional

from mpfcgi.api.auth import basic_credentials
from mpfcgi.api.constants import APLOG_WARNING, HTTP_BAD_REQUEST, HTTP_FORBIDDEN, HTTP_UNAUTHORIZED
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.functions import GUARDS
from mpfcgi.api.nested import UNKNOWN, rules_in
from mpfcgi.api.text import shown

Identity = tuple[Optional[str], Optional[str], Optional[str]]
_MISSING = object()


def process_auth(
    req: Any, object: Any, realm: str | None = "unknown", user: str | None = None, passwd: str | None = None
) -> Identity:
    """Ask the guards of one object whether the client may pass.

    Args:
        req: the request.
        object: a module, function, class or instance.
        realm, user, passwd: what the objects before it on the way have led to.

    Returns realm, user and password for the objects after it. SERVER_RETURN with 400 for credentials that can't be
    read, 401 when `__auth__` says no, 403 when `__access__` does.
    """
    rules = _rules_of(object)
    if not rules:
        return realm, user, passwd
    if "__auth_realm__" in rules:
        realm = str(rules["__auth_realm__"])
    if "__auth__" not in rules and "__access__" not in rules:
        return realm, user, passwd
    if user is None and passwd is None:
        user, passwd = _credentials(req)
    if "__auth__" in rules:
        if not user or passwd is None:
            _ask(req, f'Basic realm="{realm}"')
        if not _authenticates(rules["__auth__"], req, object, user, passwd):
            # The blanks are mod_python's, and tell its two refusals apart.
            _ask(req, f'Basic realm = "{realm}"')
    if "__access__" in rules and not _admits(rules["__access__"], req, object, user):
        raise SERVER_RETURN(HTTP_FORBIDDEN)
    return realm, user, passwd


def _rules_of(object: Any) -> Mapping[str, Any] | None:
    """Those of an object's attributes that guard it; of a function also what its code assigns."""
    kind = type(object)
    if kind is ModuleType:
        return _of_namespace(vars(object))
    if kind is MethodType:
        object = object.__func__
    if not isinstance(object, FunctionType):
        return {name: value for name in GUARDS if (value := getattr(object, name, _MISSING)) is not _MISSING}
    rules = rules_in(object)
    if not object.__dict__:
        return rules
    # A decorator that uses functools.wraps leaves the function that it hides here, with the rules in that.
    wrapped = object.__dict__.get("__wrapped__")
    found = dict(_rules_of(wrapped) or {}) if isinstance(wrapped, FunctionType) else {}
    return {**found, **(rules or {}), **_of_namespace(object.__dict__)}


def _of_namespace(namespace: Mapping[str, Any]) -> dict[str, Any]:
    if namespace.keys().isdisjoint(GUARDS):
        return {}
    return {name: namespace[name] for name in GUARDS if name in namespace}


def _credentials(req: Any) -> tuple[str | None, str | None]:
    """User and password of Basic authentication, or the user that an authentication handler found."""
    try:
        found = basic_credentials(req._params.get("HTTP_AUTHORIZATION", ""))
    except ValueError:
        raise SERVER_RETURN(HTTP_BAD_REQUEST)
    return (shown(found[0]), shown(found[1])) if found is not None else (req.user, None)


def _ask(req: Any, challenge: str) -> NoReturn:
    req.err_headers_out["WWW-Authenticate"] = challenge
    raise SERVER_RETURN(HTTP_UNAUTHORIZED)


def _authenticates(rule: Any, req: Any, object: Any, user: str, passwd: str) -> bool:
    if callable(rule):
        return bool(rule(req, user, passwd))
    if isinstance(rule, dict):
        return user in rule and rule[user] == passwd
    return bool(_known(rule, req, object, "__auth__"))


def _admits(rule: Any, req: Any, object: Any, user: str | None) -> bool:
    if callable(rule):
        return bool(rule(req, user))
    if isinstance(rule, (list, tuple)):
        return user in rule
    return bool(_known(rule, req, object, "__access__"))


def _known(rule: Any, req: Any, object: Any, name: str) -> Any:
    if rule is not UNKNOWN:
        return rule
    req.log_error(
        f"publisher: what {name} in {getattr(object, '__qualname__', object)} is can't be told from the function's code, "
        "so nobody may call it; assign it once, a constant, a global or a function that uses none of the local variables",
        APLOG_WARNING,
    )
    return False
