"""`mod_python.Cookie`: cookies made, sent, received, signed (manual 4.7).

Values are sent and parsed as they are: nothing is quoted or unquoted. Signatures are those of mod_python, HMAC-MD5 over
name and value; `digest="sha256"` asks for a stronger one, here and where the cookie is parsed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import marshal
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, TypeVar

__all__ = ["Cookie", "CookieError", "MarshalCookie", "SignedCookie", "add_cookie", "get_cookie", "get_cookies"]

EXPIRES_FORMAT = "%a, %d-%b-%Y %H:%M:%S GMT"
NO_CACHE = 'no-cache="set-cookie"'
DEFAULT_DIGEST = "md5"

# In the order in which they are sent; flags have no value.
_ATTRIBUTES = (
    "version", "path", "domain", "secure", "comment", "expires", "max_age", "samesite", "commentURL", "discard", "port",
    "httponly",
)  # fmt: skip
_FLAGS = frozenset(("secure", "discard", "httponly"))
_NAME = re.compile(r"[, ]*([^;= ]+)")
_VALUE = re.compile(r' *(?:= *)?("(?:[^\\"]|\\.)*"|[^;]*)\s*')

C = TypeVar("C", bound="Cookie")
S = TypeVar("S", bound="SignedCookie")


class CookieError(Exception):
    """A cookie can't be signed, or is not signed as it should be."""

    __module__ = "mod_python.Cookie"


class Cookie:
    """One cookie: a name, a value, and attributes that say where and how long the browser sends it.

    Attributes may be given by keyword in any case: version, path, domain, secure, comment, expires, max_age, samesite,
    discard, port, httponly, `__data__`. AttributeError for others. `expires` is seconds since the epoch, or text such as
    'Sat, 14-Jun-2003 02:42:36 GMT'. `__data__` is a dictionary for subclasses.
    """

    __module__ = "mod_python.Cookie"

    # What `parse` of signed cookies does with one whose signature is wrong: make it a plain Cookie, leave it out, raise.
    DOWNGRADE: ClassVar[int] = 0
    IGNORE: ClassVar[int] = 1
    EXCEPTION: ClassVar[int] = 3

    __slots__ = (
        "__data__", "_expires", "comment", "commentURL", "discard", "domain", "httponly", "max_age", "name", "path",
        "port", "samesite", "secure", "value", "version",
    )  # fmt: skip

    path: str
    domain: str

    def __init__(self, name: Any, value: Any, **attributes: Any) -> None:
        self.name, self.value = name, value
        self.__data__: dict[str, Any] = {}
        for attribute, setting in attributes.items():
            lowered = attribute.lower()
            if lowered not in _ATTRIBUTES and lowered != "__data__":
                raise AttributeError(f"a cookie has no attribute {attribute!r}: there are {', '.join(_ATTRIBUTES)}")
            setattr(self, lowered, setting)

    @classmethod
    def parse(cls: type[C], str: str, *, names: Iterable[str] | None = None) -> dict[str, C]:
        """The cookies of a Cookie header, by name; of equal names the last. `names` are those wanted, None is all."""
        return {
            name: cls(name, value)
            for name, value in _pairs(str)
            if not name.startswith("$") and (names is None or name in names)
        }

    @property
    def expires(self) -> str:
        """When the browser forgets the cookie; AttributeError when it was not set."""
        return self._expires

    @expires.setter
    def expires(self, value: str | float) -> None:
        if isinstance(value, str):
            try:
                time.strptime(value, EXPIRES_FORMAT)
            except ValueError:
                raise ValueError(f"Invalid expires time: {value}") from None
            self._expires = value
        else:
            self._expires = time.strftime(EXPIRES_FORMAT, time.gmtime(value))

    def __str__(self) -> str:
        return "; ".join((f"{self.name}={self._sent_value()}", *self._sent_attributes()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def _sent_value(self) -> str:
        return str(self.value)

    def _sent_attributes(self) -> Iterator[str]:
        for attribute in _ATTRIBUTES:
            if hasattr(self, attribute):
                yield attribute if attribute in _FLAGS else f"{attribute}={getattr(self, attribute)}"


class SignedCookie(Cookie):
    """A cookie that is sent with a signature of name and value, made with `secret`.

    CookieError when it is turned into text and there is no secret.
    """

    __module__ = "mod_python.Cookie"

    __slots__ = ()

    def __init__(
        self,
        name: Any,
        value: Any,
        secret: str | bytes | None = None,
        *,
        digest: str = DEFAULT_DIGEST,
        **attributes: Any,
    ) -> None:
        super().__init__(name, value, **attributes)
        self.__data__["secret"] = secret
        self.__data__["digest"] = digest

    @classmethod
    def parse(  # type: ignore[override]
        cls: type[S], s: str, secret: str | bytes, mismatch: int = Cookie.DOWNGRADE, *,
        digest: str = DEFAULT_DIGEST, names: Iterable[str] | None = None,
    ) -> dict[str, Cookie]:  # fmt: skip
        """The cookies of a Cookie header, by name.

        Args:
            s: the header's value.
            secret: what they were signed with; str is taken as UTF-8.
            mismatch: what becomes of those that are not: DOWNGRADE makes them plain `Cookie`s with the value as it
                came, IGNORE leaves them out, EXCEPTION raises CookieError.
            digest: the algorithm of the signature, a name of hashlib.
            names: those wanted; None is all.
        """
        found: dict[str, Cookie] = {}
        for name, plain in Cookie.parse(s, names=names).items():
            # Made as a subclass may have it, and opened by its own method.
            cookie = cls(name, plain.value)
            cookie.__data__["digest"] = digest
            try:
                cookie._open(secret)
                found[name] = cookie
            except CookieError:
                if mismatch == Cookie.EXCEPTION:
                    raise
                if mismatch != Cookie.IGNORE:
                    found[name] = Cookie(name, cookie.value)
        return found

    def hexdigest(self, text: str) -> str:
        """The signature of a text. CookieError without a secret."""
        secret = self.__data__["secret"]
        if not secret:
            raise CookieError("Cannot sign without a secret")
        return _signature(secret, f"{self.name}{text}", self.__data__["digest"])

    def unsign(self, secret: str | bytes) -> None:
        """Take the signature off the value and keep the secret. CookieError when it is not made with `secret`."""
        self.value = _unsigned(self, secret, self.__data__["digest"])
        self.__data__["secret"] = secret

    def _open(self, secret: str | bytes) -> None:
        self.unsign(secret)

    def _sent_value(self) -> str:
        return self.hexdigest(self._text()) + self._text()

    def _text(self) -> str:
        return str(self.value)


class MarshalCookie(SignedCookie):
    """A signed cookie whose value may be anything that `marshal` takes: numbers, text, bytes, lists, dictionaries...

    What is not signed is never unmarshalled.
    """

    __module__ = "mod_python.Cookie"

    __slots__ = ()

    def unmarshal(self, secret: str | bytes) -> None:
        """Take the signature off and the value out. CookieError when either can't be.

        What is rightly signed and no base64, as a SignedCookie's value may be, has lost its signature then, as in mod_python.
        """
        sent = self.value
        self.unsign(secret)
        try:
            data = base64.b64decode(self.value)
        except (binascii.Error, ValueError):
            raise CookieError(f"Cannot base64 Decode Cookie: {self.name}={self.value}") from None
        try:
            self.value = marshal.loads(data)
        except (EOFError, ValueError, TypeError) as error:
            self.value = sent
            raise CookieError(f"Cannot Unmarshal Cookie: {self.name}: {error}") from None

    def _open(self, secret: str | bytes) -> None:
        self.unmarshal(secret)

    def _text(self) -> str:
        return base64.b64encode(marshal.dumps(self.value)).decode("ascii")


def add_cookie(req: Any, cookie: Any, value: Any = "", **attributes: Any) -> None:
    """Send a cookie with the response, and tell caches not to keep it.

    `cookie` is a Cookie, or the name of one that is made of `value` and `attributes`. CookieError for a signed one without
    a secret.
    """
    if not isinstance(cookie, Cookie):
        cookie = Cookie(cookie, value, **attributes)
    if "Set-Cookie" not in req.headers_out:
        req.headers_out.add("Cache-Control", NO_CACHE)
    req.headers_out.add("Set-Cookie", str(cookie))


def get_cookies(req: Any, Class: type[Cookie] = Cookie, **data: Any) -> dict[str, Any]:
    """The cookies that came with the request, by name, as `Class.parse(header, **data)` reads them.

    `data` are what `parse` of the class takes: `secret`, `mismatch` and `digest` for signed ones, which raise CookieError
    under `mismatch=Cookie.EXCEPTION`.
    """
    if "cookie" not in req.headers_in:
        return {}
    header = req.headers_in["cookie"]
    return Class.parse("; ".join(header) if isinstance(header, list) else header, **data)  # type: ignore[return-value]


def get_cookie(req: Any, name: str, Class: type[Cookie] = Cookie, **data: Any) -> Any:
    """The cookie `name` that came with the request, or None; see `get_cookies`."""
    return get_cookies(req, Class, names=[name], **data).get(name)


def _pairs(string: str) -> Iterator[tuple[str, str]]:
    """Names and values of a Cookie header: a value goes to the next ';', or to its closing quote."""
    position = 0
    while (found := _NAME.search(string, position)) is not None:
        position = found.end()
        value = _VALUE.match(string, position)
        assert value is not None  # it matches nothing at all too
        position = value.end()
        yield found.group(1), value.group(1)


def _signature(secret: str | bytes, text: str, digest: str) -> str:
    return hmac.new(_bytes(secret), _bytes(text), digest).hexdigest()


def _unsigned(cookie: Cookie, secret: str | bytes, digest: str) -> str:
    """The value of a cookie without its signature."""
    if not secret:
        raise CookieError("Cannot verify a signature without a secret")
    size = hashlib.new(digest).digest_size * 2
    signature, value = cookie.value[:size], cookie.value[size:]
    right = _signature(secret, f"{cookie.name}{value}", digest)
    if not hmac.compare_digest(_bytes(signature), right.encode("ascii")):
        raise CookieError(f"Incorrectly Signed Cookie: {cookie.name}={cookie.value}")
    return str(value)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
