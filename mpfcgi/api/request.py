"""The request object (manual 4.5.4): what a handler is given.

It is made from an exchange's parameters; all that handlers seldom touch is made at the first touch. The worker sets
the parts that become known on the way (`_locate`, `_phase`, `_spec`); `services` answers what goes beyond one request.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from mpfcgi.api import cgienv, conditions, lookups
from mpfcgi.api import constants as c
from mpfcgi.api.connection import mp_conn
from mpfcgi.api.exchange import ExchangeProtocol
from mpfcgi.api.finfo import mp_finfo
from mpfcgi.api.hlist import mp_hlist
from mpfcgi.api.output import Output
from mpfcgi.api.reading import Reading
from mpfcgi.api.server import mp_server
from mpfcgi.api.table import mp_table
from mpfcgi.api.text import outgoing, shown

_PATH_INFO = {"on": c.AP_REQ_ACCEPT_PATH_INFO, "off": c.AP_REQ_REJECT_PATH_INFO, "default": c.AP_REQ_DEFAULT_PATH_INFO}
_DIRECTORY, _REGULAR = 0o040000, 0o100000
_HEADER_PARAMS = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}
_PHASES_TO_ADD = frozenset((
    "PythonPostReadRequestHandler", "PythonTransHandler", "PythonHeaderParserHandler", "PythonInitHandler",
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonTypeHandler", "PythonFixupHandler",
    "PythonHandler", "PythonLogHandler",
))  # fmt: skip


class mp_request(Output, Reading):
    """A request and its response. Handlers may set attributes of their own on it."""

    __module__ = "builtins"

    filename: str | None = None
    canonical_filename: str | None = None
    path_info: str = ""
    handler: str | None = None
    ap_auth_type: str | None = None
    content_encoding: str | None = None
    content_languages: tuple[str, ...] = ()
    no_local_copy = 0
    proxyreq = 0
    used_path_info = c.AP_REQ_DEFAULT_PATH_INFO
    chunked = 0
    vlist_validator: str | None = None
    eos_sent = 0
    mtime = 0.0
    extension: str | None = None
    allowed = 0
    allowed_xmethods: tuple[str, ...] = ()
    allowed_methods: tuple[str, ...] = ()

    # What the worker keeps here.
    _added: dict[str, list[Any]] | None = None
    _cleanups: list[tuple[Callable[[Any], object], Any]] | None = None
    _charset: str | None = None
    _finfo: mp_finfo | None = None
    _headers_in: mp_table | None = None
    _subprocess_env: mp_table | None = None
    _notes: mp_table | None = None
    _connection: mp_conn | None = None
    _kind = 0
    _stat: Any = None
    _phase: str | None = None
    _spec: Any = None
    _plan: Any = None
    _resource: Any = None
    _interpreter = ""
    _replaced: mp_request | None = None
    _user: str | None = None
    _password: str | None = None

    def __init__(
        self,
        exchange: ExchangeProtocol,
        server: mp_server,
        services: Any,
        settings: Any,
        uri: str,
        args: str | None,
        prev: mp_request | None = None,
        main: mp_request | None = None,
    ) -> None:
        self._exchange = exchange
        self._params = exchange.params
        self._server = server
        self._services = services
        self._settings = settings
        self.uri = uri
        self.args = args
        self._prev = prev
        self._main = main
        self._next: mp_request | None = None
        self.method = method = exchange.params.get("REQUEST_METHOD", "GET")
        self.header_only = 1 if method == "HEAD" else 0

    def __repr__(self) -> str:
        return f"<mp_request object at {id(self):#x}>"

    # -- what the worker sets

    def _locate(self, resource: Any, status: Any) -> None:
        """The file is known: its name, status, settings and interpreter."""
        self._resource = resource
        self._stat = status
        self._settings = resource.settings
        self.filename = self.canonical_filename = resource.filename
        self.path_info = resource.path_info
        self._kind = resource.kind
        self._interpreter = resource.interpreter
        accept = resource.settings.values.get("AcceptPathInfo")
        if accept is not None:
            self.used_path_info = _PATH_INFO[accept]

    def _replace_with(self, index: mp_request) -> None:
        """The index file of a folder takes the request's place, as if it had been asked for."""
        index._main = None
        if self._err_headers_out is not None:
            index.err_headers_out.update(self._err_headers_out)
        if self._headers_out is not None:
            index.headers_out.update(self._headers_out)
        index._cleanups = (self._cleanups or []) + (index._cleanups or []) or None
        index._added = self._added or index._added
        index._buffer, index._buffered = self._buffer, self._buffered
        self._give_way()
        self._replaced = index

    # -- objects around the request

    @property
    def connection(self) -> mp_conn:
        if self._connection is None:
            self._connection = mp_conn(self._params, self._server, self._exchange)
        return self._connection

    @property
    def server(self) -> mp_server:
        return self._server

    @property
    def next(self) -> mp_request | None:
        return self._next

    @property
    def prev(self) -> mp_request | None:
        return self._prev

    @property
    def main(self) -> mp_request | None:
        return self._main

    @property
    def hlist(self) -> mp_hlist | None:
        return mp_hlist(self._spec) if self._spec is not None else None

    @property
    def phase(self) -> str | None:
        return self._phase

    @property
    def interpreter(self) -> str:
        return self._interpreter or self._services.name  # type: ignore[no-any-return]

    # -- tables

    @property
    def headers_in(self) -> mp_table:
        """The request's headers."""
        if self._headers_in is None:
            items = []
            for name, value in self._params.items():
                if name.startswith("HTTP_"):
                    items.append((name[5:].replace("_", "-").title(), shown(value)))
                elif name in _HEADER_PARAMS and value:
                    items.append((_HEADER_PARAMS[name], shown(value)))
            self._headers_in = mp_table.of_raw(items)
        return self._headers_in

    @property
    def subprocess_env(self) -> mp_table:
        if self._subprocess_env is None:
            self._subprocess_env = mp_table()
        return self._subprocess_env

    @property
    def notes(self) -> mp_table:
        if self._notes is None:
            self._notes = mp_table()
        return self._notes

    def get_config(self) -> mp_table:
        """The Python directives that hold for this request."""
        return mp_table(self._settings.python_config)

    def get_options(self) -> mp_table:
        """The PythonOption values that hold for this request."""
        return mp_table(self._settings.options)

    # -- members of the request line

    @property
    def the_request(self) -> str:
        return f"{self.method} {shown(self._params.get('REQUEST_URI', self.uri))} {self.protocol}"

    @property
    def protocol(self) -> str:
        return self._params.get("SERVER_PROTOCOL", "HTTP/1.0")

    @property
    def proto_num(self) -> int:
        major, _, minor = self.protocol.rpartition("/")[2].partition(".")
        return int(major or 0) * 1000 + int(minor or 0) if (major + minor).isdecimal() else 1000

    @property
    def method_number(self) -> int:
        return c.METHOD_NUMBERS.get(self.method, c.M_INVALID)

    @property
    def hostname(self) -> str | None:
        """The name the client asked for, without a port."""
        host = self._params.get("HTTP_HOST") or self._params.get("SERVER_NAME")
        return shown(lookups.bare_host(host)) if host else None

    @property
    def unparsed_uri(self) -> str:
        if self._prev is not None:
            return self.uri + ("?" + self.args if self.args is not None else "")
        return shown(self._params.get("REQUEST_URI", self.uri))

    @property
    def parsed_uri(self) -> tuple[Any, ...]:
        """(scheme, hostinfo, user, password, hostname, port, path, query, fragment); None for what is missing."""
        parts = urlsplit(self.unparsed_uri)
        path = self.uri if self.uri else parts.path
        return (
            parts.scheme or None, parts.netloc or None, parts.username, parts.password, parts.hostname, parts.port,
            path, self.args, parts.fragment or None,
        )  # fmt: skip

    @property
    def request_time(self) -> float:
        """When the request began, in seconds since the epoch."""
        return self.__dict__.setdefault("_request_time", time.time())  # type: ignore[no-any-return]

    @property
    def range(self) -> str | None:
        return self._params.get("HTTP_RANGE")

    @property
    def useragent_ip(self) -> str:
        return self.connection.client_ip

    @property
    def useragent_addr(self) -> tuple[str, int]:
        return self.connection.client_addr

    # -- members with checks

    @property
    def content_type(self) -> str | None:
        return self._content_type

    @content_type.setter
    def content_type(self, value: str | bytes) -> None:
        if value.__class__ is not str:
            value = outgoing(value)
        self._content_type = value  # type: ignore[assignment]
        self._content_type_set = 1

    @property
    def status_line(self) -> str | None:
        return self._status_line

    @status_line.setter
    def status_line(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"status_line must be a string, not {type(value).__name__}")
        self._status_line = value

    @property
    def user(self) -> str | None:
        return self._user

    @user.setter
    def user(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"user must be a string, not {type(value).__name__}")
        self._user = value

    @property
    def finfo(self) -> mp_finfo:
        if self._finfo is None:
            self._finfo = mp_finfo(self.filename, self._stat)
        return self._finfo

    @finfo.setter
    def finfo(self, value: mp_finfo) -> None:
        if not isinstance(value, mp_finfo):
            raise TypeError("finfo must be a finfo object")
        self._finfo = value
        self._kind = {c.APR_DIR: _DIRECTORY, c.APR_REG: _REGULAR}.get(value.filetype, 0)

    # -- authentication

    def get_basic_auth_pw(self) -> str | None:
        """The password of Basic authentication; sets `user` and `ap_auth_type`.

        None where the client sent none, or AuthType is not Basic.
        """
        if (self.auth_type() or "").lower() != "basic":
            return None
        found = basic_credentials(self._params.get("HTTP_AUTHORIZATION", ""))
        if found is None:
            return None
        self._user, password = found
        self.ap_auth_type = "Basic"
        return password

    def auth_type(self) -> str | None:
        """What AuthType says."""
        return self._settings.get("AuthType")  # type: ignore[no-any-return]

    def auth_name(self) -> str | None:
        """What AuthName says."""
        return self._settings.get("AuthName")  # type: ignore[no-any-return]

    def requires(self) -> tuple[str, ...]:
        """The Require lines that hold for this method, as written."""
        rules = self._settings.get("Require") or ()
        return tuple(" ".join((rule.kind, *rule.args)) for rule in rules if not rule.rules)

    # -- handlers, cleanups, redirects

    def add_handler(self, htype: str, handler: str | Callable[[Any], int], dir: str = "", /) -> None:
        """Run `handler` (a name, or a callable) in a later phase, after the configured ones.

        IndexError for a phase that does not exist or takes none.
        """
        if htype not in _PHASES_TO_ADD:
            raise IndexError(f"Invalid phase: {htype}")
        if self._added is None:
            self._added = {}
        self._added.setdefault(htype, []).append((handler, dir or None))

    def register_cleanup(self, callable: Callable[[Any], object], data: Any = None, /) -> None:
        """Call `callable(data)` when the request is over, the last registered first. ValueError when it can't be called."""
        if not hasattr(callable, "__call__"):  # noqa: B004
            raise ValueError("first argument must be a callable object")
        if self._cleanups is None:
            self._cleanups = []
        self._cleanups.append((callable, data))

    def internal_redirect(self, new_uri: str, /) -> None:
        """Answer with what another URI of this server gives. It is run at once; output after it is lost."""
        if not isinstance(new_uri, str):
            raise TypeError(f"internal_redirect() takes a string, not {type(new_uri).__name__}")
        self._services.redirect(self, new_uri)

    def allow_methods(self, methods: Iterable[str], reset: int = 0, /) -> None:
        """Name methods for the Allow header; with `reset` only these."""
        self.allowed_methods = (() if reset else self.allowed_methods) + tuple(methods)

    def log_error(self, message: str | None, level: int = c.APLOG_ERR, /) -> None:
        """Write a line to the error log. None is no message; other types are a TypeError."""
        if message is None:
            return
        if not isinstance(message, str):
            raise TypeError(f"log_error() takes a string, not {type(message).__name__}")
        self._services.log(level & 7, message, request=self)

    # -- what is known of host and client

    def document_root(self) -> str:
        """The folder of the host's files."""
        return self._services.document_root(self)  # type: ignore[no-any-return]

    def is_https(self) -> int:
        """1 when the client came over TLS, by what the front-end says."""
        return int(
            self._params.get("HTTPS", "").lower() in ("on", "1") or self._params.get("REQUEST_SCHEME") == "https"
        )

    def ssl_var_lookup(self, name: str, /) -> str | None:
        """A TLS variable that the front-end sends as a parameter; None without it."""
        return self._params.get(name) or None

    def construct_url(self, uri: str, /) -> str:
        """The full URL of a path on this server."""
        scheme = "https" if self.is_https() else "http"
        port = self._params.get("SERVER_PORT", "")
        host = self._server_name()
        named = lookups.port_of(self._params.get("HTTP_HOST", "")) if not self._canonical_name() else ""
        port = named or (port if self._canonical_name() else "")
        usual = "443" if scheme == "https" else "80"
        return f"{scheme}://{host}{':' + port if port and port != usual else ''}{uri}"

    def get_remote_host(self, type: int = c.REMOTE_NAME, str_is_ip: Any = None, /) -> Any:
        """The client's name, or address, as `type` (REMOTE_*) says; None when it isn't known.

        With `str_is_ip` not None, a pair of it and whether it is an address.
        """
        found = lookups.remote_host(self.connection, self._settings.get("HostnameLookups", "off"), type)
        if str_is_ip is None:
            return found
        return found, int(found == self.connection.client_ip)

    def _canonical_name(self) -> bool:
        return self._settings.get("UseCanonicalName", "off") == "on"  # type: ignore[no-any-return]

    def _server_name(self) -> str:
        if self._canonical_name():
            return self._server.server_hostname
        return self.hostname or self._server.server_hostname

    # -- CGI variables

    def add_common_vars(self) -> None:
        """Fill `subprocess_env` with the CGI variables."""
        cgienv.add_common_vars(self)
        cgienv.add_cgi_vars(self)

    def add_cgi_vars(self) -> None:
        """The same; both names are in use."""
        self.add_common_vars()

    # -- validators

    def meets_conditions(self) -> int:
        """OK, or the status that answers the client's conditions (304, 412)."""
        etag = self.headers_out.get("ETag")
        modified = conditions.parse_date(self.headers_out.get("Last-Modified"))
        if modified is None and self.mtime:
            modified = float(self.mtime)
        return conditions.evaluate(self.headers_in.get, self.method, etag, modified)

    def update_mtime(self, dependency_mtime: float, /) -> None:
        """Make `mtime` (seconds) later, if it is earlier."""
        if dependency_mtime > self.mtime:
            self.mtime = float(dependency_mtime)

    def set_last_modified(self) -> None:
        """Set Last-Modified from `mtime`; never later than now."""
        self.headers_out["Last-Modified"] = conditions.http_date(min(self.mtime or time.time(), time.time()))

    def set_etag(self) -> None:
        """Set the ETag of the file."""
        etag = self._make_etag()
        if etag is not None:
            self.headers_out["ETag"] = etag

    def _make_etag(self) -> str | None:
        if self._stat is None:
            return None
        parts = self._settings.get("FileETag", frozenset(("mtime", "size")))
        status = self._stat
        return conditions.make_etag(parts, status.st_mtime, status.st_size, status.st_ino, time.time())

    def get_addhandler_exts(self) -> str:
        """The extensions whose handler is mod_python, each with a blank after it."""
        added = self._settings.get("AddHandler") or {}
        return "".join(f"{extension} " for extension, name in added.items() if name in ("mod_python", "python-program"))

    @property
    def _is_directory(self) -> bool:
        return self._kind == _DIRECTORY

    @property
    def _is_file(self) -> bool:
        return self._kind == _REGULAR


def quoted_uri(path: str) -> str:
    """A decoded path as a URI has it."""
    return quote(path, safe="/:@!$&'()*+,;=~", encoding="utf-8", errors="surrogateescape")


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User (UTF-8) and password (Latin-1) of an Authorization header; None for another scheme or a malformed one."""
    kind, _, credentials = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, _, password = decoded.partition(b":")
    return user.decode("utf-8", "surrogateescape"), password.decode("latin-1")
