"""Authentication as a request shows it: Basic credentials, AuthType, AuthName, Require (manual 4.5.4)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from mpfcgi.api.text import shown

if TYPE_CHECKING:
    from mpfcgi.api.table import mp_table

_BASE64 = re.compile(r"[A-Za-z0-9+/]*")


class Auth:
    """Mixed into the request object."""

    _params: dict[str, str]
    _settings: Any
    _user: str | None = None
    _ap_auth_type: str | None = None
    # The access phases have been reached, or an ErrorDocument answers for what came before them.
    _access_begun = False

    if TYPE_CHECKING:

        @property
        def err_headers_out(self) -> mp_table: ...

    def get_basic_auth_pw(self) -> str | None:
        """The password of Basic authentication; sets `user` and `ap_auth_type`.

        None where AuthType is not Basic, or the client sent no such credentials: then the response will ask for them.
        """
        if (self.auth_type() or "").lower() != "basic" or self.auth_name() is None:
            return None
        kind, _, credentials = self._params.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "basic":
            self.err_headers_out["WWW-Authenticate"] = basic_challenge(self._settings.get("AuthName"))
            return None
        self._user, _, password = _decoded(credentials).partition(":")
        self._user = self._user.encode("latin-1").decode("utf-8", "surrogateescape")
        self._ap_auth_type = "Basic"
        return password

    def auth_type(self) -> str | None:
        """What AuthType says."""
        return self._settings.get("AuthType")  # type: ignore[no-any-return]

    def auth_name(self) -> str | None:
        """What AuthName says, a quote in it behind a backslash."""
        name: str | None = self._settings.get("AuthName")
        return name if name is None else _escaped(name)

    def requires(self) -> tuple[str, ...]:
        """The Require lines that hold for this request, as written: ('user joe', 'valid-user')."""
        rules = self._settings.get("Require") or ()
        return tuple(" ".join((rule.kind, *rule.args)) for rule in rules if not rule.rules)


def user_of(req: Auth) -> str | None:
    """Who was found out here; else who the front-end says that it has let in (REMOTE_USER), None for nobody."""
    if req._user is not None:
        return req._user
    user = req._params.get("REMOTE_USER")
    return shown(user) if user and _is_checked(req._params) else None


def ap_auth_type_of(req: Auth) -> str | None:
    """How the user was found out, here or by the front-end (AUTH_TYPE)."""
    if req._user is not None or req._ap_auth_type is not None or user_of(req) is None:
        return req._ap_auth_type
    return req._params.get("AUTH_TYPE") or None


def _is_checked(params: dict[str, str]) -> bool:
    """Whether REMOTE_USER is more than a client's claim, which it is where an Authorizer is asked to check it.

    HAProxy sends the name in the Authorization header, whether it asks for passwords or not.
    """
    return params.get("FCGI_ROLE") != "AUTHORIZER" and not params.get("SERVER_SOFTWARE", "").startswith("HAProxy")


def basic_challenge(realm: str) -> str:
    """The WWW-Authenticate header that asks for a user and password."""
    return f'Basic realm="{_escaped(realm)}"'


def _escaped(realm: str) -> str:
    return realm.replace("\\", "\\\\").replace('"', '\\"')


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User and password in an Authorization header, both as raw bytes in Latin-1.

    None for a scheme that isn't Basic; ValueError where they are not base64 or have no colon.
    """
    kind, _, credentials = header.partition(" ")
    if kind.lower() != "basic":
        return None
    decoded = base64.b64decode(credentials.strip(), validate=True).decode("latin-1")
    user, colon, password = decoded.partition(":")
    if not colon:
        raise ValueError("Basic credentials without a colon")
    return user, password


def _decoded(credentials: str) -> str:
    """What base64 text says as far as it goes, as Apache reads it."""
    match = _BASE64.match(credentials.strip())
    digits = match.group() if match else ""
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("latin-1")
