"""The request object (manual 4.5.4): what a handler is given.

It is made from an exchange's parameters; all that handlers seldom touch is made at the first touch. The worker sets
the parts that become known on the way (`_locate`, `_phase`, `_spec`...); `services` answers what goes beyond one
request. What it can do stands in the classes it is mixed from.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time
from typing import Any, Optional
from urllib.parse import urlsplit

from mpfcgi.api import constants as c
from mpfcgi.api import unique_id
from mpfcgi.api.acts import Acts
from mpfcgi.api.auth import Auth, ap_auth_type_of, user_of
from mpfcgi.api.client import Client
from mpfcgi.api.connection import mp_conn
from mpfcgi.api.exchange import ExchangeProtocol
from mpfcgi.api.finfo import mp_finfo
from mpfcgi.api.hlist import mp_hlist
from mpfcgi.api.members import integer, not_copied, read_only, text
from mpfcgi.api.output import Output
from mpfcgi.api.reading import Reading
from mpfcgi.api.server import mp_server
from mpfcgi.api.table import mp_table, settled
from mpfcgi.api.text import quoted_uri as quoted_uri
from mpfcgi.api.text import shown
from mpfcgi.api.validators import Validators

_PATH_INFO = {"on": c.AP_REQ_ACCEPT_PATH_INFO, "off": c.AP_REQ_REJECT_PATH_INFO, "default": c.AP_REQ_DEFAULT_PATH_INFO}
_DIRECTORY, _REGULAR = 0o040000, 0o100000
_HEADER_PARAMS = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


class _HeaderNames(dict[str, Optional[str]]):
    """The headers that parameters are: HTTP_ACCEPT is Accept; None for what is none. Clients make names up, so not all
    are kept."""

    def __missing__(self, name: str) -> str | None:
        header = name[5:].replace("_", "-").title() if name.startswith("HTTP_") else _HEADER_PARAMS.get(name)
        if len(self) < 500:
            self[name] = header
        return header


_HEADER_NAMES = _HeaderNames(HTTP_CONTENT_TYPE=None, HTTP_CONTENT_LENGTH=None)


class mp_request(Output, Reading, Acts, Client, Auth, Validators):
    """A request and its response. Handlers may set attributes of their own on it."""

    __module__ = "builtins"

    # What every request is asked for: slots, for a class attribute that no instance has set costs three times as much.
    __slots__ = (
        "_added", "_args", "_assbackwards", "_buffer", "_bytes_sent", "_chain", "_charset", "_cleanups", "_content_type",
        "_err_headers_out", "_exchange", "_extension", "_filename", "_finished", "_handler", "_head_sent",
        "_header_only", "_headers_out", "_interpreter", "_kind", "_lost", "_main", "_method", "_next", "_no_cache",
        "_offered", "_params", "_path_info", "_phase", "_plan", "_prev", "_replaced", "_request_time", "_resource", "_sent_bodyct",
        "_server", "_services", "_settings", "_spec", "_stat", "_status", "_status_line", "_uri",
    )  # fmt: skip

    # The values of members, until something sets them.
    _canonical_filename: str | None = None
    _content_encoding: str | None = None
    _content_languages: tuple[str, ...] = ()
    _no_local_copy = 0
    _used_path_info = c.AP_REQ_DEFAULT_PATH_INFO

    # What the worker keeps here.
    _connection: mp_conn | None = None
    _early_over = False
    _sent_shown = False
    # What an internal redirect was given.
    _given_uri: str | None = None
    _finfo: mp_finfo | None = None
    _headers_in: mp_table | None = None
    _form: Any = None
    _make_form: Callable[[Any], Any] | None = None
    _notes: mp_table | None = None
    _subprocess_env: mp_table | None = None
    # What get_config() and get_options() gave, and the settings that they are of.
    _tables: dict[str, Any] | None = None
    _unique_id: str | None = None

    __reduce_ex__ = not_copied

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
        self._uri = uri
        self._args = args
        self._prev = prev
        self._main = main
        self._method = method = exchange.params.get("REQUEST_METHOD", "GET")
        self._header_only = 1 if method == "HEAD" else 0
        self._request_time = time()
        self._next: mp_request | None = None
        self._replaced: mp_request | None = None
        self._plan: Any = None
        self._phase: str | None = None
        self._spec: Any = None
        self._added = self._cleanups = self._chain = self._charset = None
        self._filename: str | None = None
        self._path_info = ""
        self._handler: str | None = None
        self._extension: str | None = None
        self._interpreter = ""
        self._resource: Any = None
        self._stat: Any = None
        self._kind = 0
        self._status = 200
        self._content_type = self._status_line = self._headers_out = self._err_headers_out = self._buffer = None
        self._head_sent = self._finished = self._lost = False
        self._offered = None
        self._assbackwards = self._no_cache = self._bytes_sent = self._sent_bodyct = 0

    def __repr__(self) -> str:
        return f"<mp_request object at {id(self):#x}>"

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        # mod_python's request has none, and what is ours in it is nobody's business.
        raise AttributeError("'mp_request' object has no attribute '__dict__'")

    # No __getattr__: with one, every attribute of a request costs twice the time.
    @property
    def form(self) -> Any:
        """The publisher's form (manual 6.1.2), read when it is first asked for; other requests have none."""
        if self._form is None:
            if self._make_form is None:
                raise AttributeError("'mp_request' object has no attribute 'form'")
            self._form = self._make_form(self)
        return self._form

    @form.setter
    def form(self, value: Any) -> None:
        self._form = value

    # -- what the worker sets

    def _locate(self, resource: Any, status: Any) -> None:
        """The file is known: its name, status, settings and interpreter."""
        self._resource = resource
        self._stat = status
        self._settings = resource.settings
        self._filename = resource.filename
        self._path_info = resource.path_info
        self._kind = resource.kind
        self._interpreter = resource.interpreter
        accept = resource.settings.values.get("AcceptPathInfo")
        if accept is not None:
            self._used_path_info = _PATH_INFO[accept]

    def _replace_with(self, index: mp_request) -> None:
        """The index file of a folder takes the request's place, as if it had been asked for."""
        index._main = None
        index._prev = self._prev
        # As Apache's fast redirect: the values of both, those of the index file's own phases first.
        for mine, its in (
            (self._err_headers_out, index.err_headers_out),
            (self._headers_out, index.headers_out),
            (self._notes, index.notes),
        ):
            for name, value in mine.items() if mine is not None else ():
                its.add(name, value)
        index._cleanups = (self._cleanups or []) + (index._cleanups or []) or None
        index._watched = index._watched or self._watched
        index._added = self._added or index._added
        index._buffer = [*(self._buffer or ()), *(index._buffer or ())] or None
        index._buffered += self._buffered
        index._head_sent, index._sent_bodyct = self._head_sent, self._sent_bodyct
        index._bytes_sent = self._bytes_sent
        index._inherit_filters(self)
        self._give_way()
        self._replaced = index

    @property
    def _is_directory(self) -> bool:
        return self._kind == _DIRECTORY

    @property
    def _is_file(self) -> bool:
        return self._kind == _REGULAR

    # -- objects around the request

    server: mp_server = read_only("_server", "The server object of the virtual host.")
    next: mp_request | None = read_only("_next", "The request that this one was internally redirected to, or None.")
    prev: mp_request | None = read_only("_prev", "The request that was internally redirected to this one, or None.")
    main: mp_request | None = read_only("_main", "The request that this is a subrequest of, or None.")
    phase: str | None = read_only("_phase", "The directive whose handler runs: 'PythonHandler'.")

    @property
    def connection(self) -> mp_conn:
        """The connection object."""
        if self._connection is None:
            self._connection = mp_conn(self._params, self._server, self._exchange)
        return self._connection

    @property
    def hlist(self) -> mp_hlist | None:
        """The handler that runs, as the configuration names it."""
        return mp_hlist(self._spec, self._uri) if self._spec is not None else None

    @property
    def interpreter(self) -> str:
        """The name of the interpreter: the pool of processes that this one belongs to."""
        return self._interpreter or self._services.name  # type: ignore[no-any-return]

    # -- tables

    @property
    def headers_in(self) -> mp_table:
        """The headers of the request."""
        if self._headers_in is None:
            names = _HEADER_NAMES
            self._headers_in = mp_table.of_raw(
                [
                    (header, value if value.isascii() else shown(value))
                    for name, value in self._params.items()
                    if (header := names[name]) is not None and (value or name not in _HEADER_PARAMS)
                ]
            )
        return self._headers_in

    @property
    def subprocess_env(self) -> mp_table:
        """The environment for CGI scripts; see `add_cgi_vars`. Asked for UNIQUE_ID, it has the request's id."""
        if self._subprocess_env is None:
            self._subprocess_env = unique_id.environment(self)
        return self._subprocess_env

    @property
    def notes(self) -> mp_table:
        """For notes of the handlers to each other."""
        if self._notes is None:
            self._notes = mp_table()
        return self._notes

    def get_config(self) -> mp_table:
        """The Python directives that hold for this request: On is '1', Off is '0'."""
        return self._settled("python_config")

    def get_options(self) -> mp_table:
        """The PythonOption values that hold for this request: one table, which its handlers may change."""
        return self._settled("options")

    def _settled(self, kind: str) -> mp_table:
        kept = self._tables
        if kept is None or kept[""] is not self._settings:
            kept = self._tables = {"": self._settings}
        if kind not in kept:
            kept[kind] = settled(self._settings, kind)
        return kept[kind]  # type: ignore[no-any-return]

    # -- the request line

    method: str = read_only("_method", "The method: 'GET', 'POST'...")
    header_only: int = read_only("_header_only", "1 for a HEAD request.")
    request_time: float = read_only("_request_time", "When the request began, in seconds since the epoch.")
    uri: str = text("_uri", "The path of the URI, decoded.")
    args: str | None = text("_args", "The query string as it came; None without one.", may_be_none=True)

    @property
    def the_request(self) -> str:
        """The request line."""
        uri = self._params.get("REQUEST_URI")
        return f"{self._params.get('REQUEST_METHOD', 'GET')} {self._uri if uri is None else shown(uri)} {self.protocol}"

    @property
    def protocol(self) -> str:
        """The client's protocol: 'HTTP/1.1'."""
        return self._params.get("SERVER_PROTOCOL") or "HTTP/1.0"

    @property
    def proto_num(self) -> int:
        """The protocol's number: 1001 for HTTP/1.1."""
        major, _, minor = self.protocol.rpartition("/")[2].partition(".")
        return int(major or 0) * 1000 + int(minor or 0) if (major + minor).isdecimal() else 1000

    @property
    def method_number(self) -> int:
        """The method as an M_* constant."""
        return c.METHOD_NUMBERS.get(self._method, c.M_INVALID)

    @property
    def unparsed_uri(self) -> str:
        """The URI as it came, with the query string; of an internal redirect, as it was given."""
        if self._given_uri is not None:
            return self._given_uri
        return shown(self._params.get("REQUEST_URI", self._uri))

    @property
    def parsed_uri(self) -> tuple[Any, ...]:
        """(scheme, hostinfo, user, password, hostname, port, path, query, fragment); None for what is missing.

        The port may come from the Host header.
        """
        path, args = self._uri, self._args
        uri = self.unparsed_uri
        try:
            # What begins with a slash is a path, and with two as well.
            parts = urlsplit("/" + uri.lstrip("/") if uri[:1] == "/" else uri)
            named = parts.scheme or None, parts.netloc or None, parts.username, parts.password, parts.hostname
            port = parts.port if parts.netloc else self._asked_port()
            return (*named, port, path, args, parts.fragment or None)
        except ValueError:
            return None, None, None, None, None, None, path, args, None

    @property
    def range(self) -> str | None:
        """The Range header."""
        return self._params.get("HTTP_RANGE")

    # -- the file

    filename: str | None = text("_filename", "The file that the URI means; None before the trans phase is over.")
    path_info: str = text("_path_info", "What follows the file in the URI.")
    used_path_info: int = integer("_used_path_info", "Whether the handler takes path info (AP_REQ_*_PATH_INFO).")
    handler: str | None = text(
        "_handler", "The name of the content handler ('mod_python'); None is the file itself.", may_be_none=True
    )
    content_encoding: str | None = read_only("_content_encoding", "The encoding, by the file's name.")
    content_languages: tuple[str, ...] = read_only("_content_languages", "The languages, by the file's name.")
    no_local_copy: int = integer("_no_local_copy", "1 when there is no file: conditions are not evaluated.")

    @property
    def vlist_validator(self) -> None:
        """None: there is no content negotiation, and so no list of variants."""
        return None

    @property
    def _found_filename(self) -> str | None:
        """The name under which the file was looked for, whatever handlers make of `filename` after that."""
        return self._filename if self._resource is None else self._resource.filename

    @property
    def canonical_filename(self) -> str | None:
        """The true name of the file."""
        return self._found_filename if self._canonical_filename is None else self._canonical_filename

    @canonical_filename.setter
    def canonical_filename(self, value: str | bytes) -> None:
        self._set_canonical_filename = value

    _set_canonical_filename = text("_canonical_filename")

    @property
    def extension(self) -> str | None:
        """The extension that chose the handlers (`| .ext`); '' for a file that has none."""
        if self._extension is None and self._filename is not None and "." not in self._filename.rpartition("/")[2]:
            return ""
        return self._extension

    @property
    def finfo(self) -> mp_finfo:
        """What stat says of the file."""
        if self._finfo is not None:
            return self._finfo
        finfo = mp_finfo(self._found_filename, self._stat)
        if self._resource is not None:
            # Before, nobody has looked for the file.
            self._finfo = finfo
        return finfo

    @finfo.setter
    def finfo(self, value: mp_finfo) -> None:
        if not isinstance(value, mp_finfo):
            raise TypeError("finfo must be a finfo object")
        self._finfo = value
        self._kind = {c.APR_DIR: _DIRECTORY, c.APR_REG: _REGULAR}.get(value.filetype, 0)

    def get_addhandler_exts(self) -> str:
        """The extensions whose handler is mod_python, each with a blank after it."""
        added = self._settings.get("AddHandler") or {}
        return "".join(f"{extension} " for extension, name in added.items() if name in ("mod_python", "python-program"))

    # -- who asks

    user: str | None = text("_user", "The user's name; call get_basic_auth_pw() before.", get=user_of)
    ap_auth_type: str | None = text("_ap_auth_type", "How the user was found out: 'Basic'.", get=ap_auth_type_of)
