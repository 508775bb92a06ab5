"""Server side includes, what conditions ask of a request: ap_expr's %{variables}, headers, notes."""

from __future__ import annotations

import time
from collections.abc import Callable

from mpfcgi.api import Request

_TIMES = {
    "TIME": "%Y%m%d%H%M%S", "TIME_YEAR": "%Y", "TIME_MON": "%m", "TIME_DAY": "%d", "TIME_HOUR": "%H",
    "TIME_MIN": "%M", "TIME_SEC": "%S", "TIME_WDAY": "%w",
}  # fmt: skip
_HEADERS = {
    "HTTP_ACCEPT": "Accept", "HTTP_COOKIE": "Cookie", "HTTP_FORWARDED": "Forwarded", "HTTP_HOST": "Host",
    "HTTP_PROXY_CONNECTION": "Proxy-Connection", "HTTP_REFERER": "Referer", "HTTP_USER_AGENT": "User-Agent",
}  # fmt: skip
_VARIABLES: dict[str, Callable[[Request], object]] = {
    "AUTH_TYPE": lambda req: req.ap_auth_type,
    "CONN_REMOTE_ADDR": lambda req: req.connection.client_ip,
    "CONTENT_TYPE": lambda req: req.content_type,
    "CONTEXT_DOCUMENT_ROOT": lambda req: req._services.context(req)[1],
    "CONTEXT_PREFIX": lambda req: req._services.context(req)[0],
    "DOCUMENT_ROOT": lambda req: req.document_root(),
    "DOCUMENT_URI": lambda req: req.uri,
    "HANDLER": lambda req: req.handler or req.content_type,
    "HTTPS": lambda req: "on" if req.is_https() else "off",
    "IS_SUBREQ": lambda req: "false" if req.main is None else "true",
    "IPV6": lambda req: "on" if ":" in req.connection.client_ip else "off",
    "LAST_MODIFIED": lambda req: time.strftime("%Y%m%d%H%M%S", time.gmtime(req.mtime)),
    "PATH_INFO": lambda req: req.path_info,
    "QUERY_STRING": lambda req: req.args,
    "REMOTE_ADDR": lambda req: req.connection.client_ip,
    "REMOTE_HOST": lambda req: req.get_remote_host(),
    "REMOTE_PORT": lambda req: req.connection.client_addr[1],
    "REMOTE_USER": lambda req: req.user,
    "REQUEST_FILENAME": lambda req: req.filename,
    "REQUEST_METHOD": lambda req: req.method,
    "REQUEST_SCHEME": lambda req: req._scheme(),
    "REQUEST_STATUS": lambda req: req.status,
    "REQUEST_URI": lambda req: req.uri,
    "SCRIPT_FILENAME": lambda req: req.filename,
    "SERVER_ADMIN": lambda req: req.server.server_admin,
    "SERVER_NAME": lambda req: req._server_name(),
    "SERVER_PORT": lambda req: req._server_port(),
    "SERVER_PROTOCOL": lambda req: req.protocol,
    "SERVER_SOFTWARE": lambda req: req._params.get("SERVER_SOFTWARE"),
    "THE_REQUEST": lambda req: req.the_request,
}


def is_variable(name: str) -> bool:
    """Whether `%{name}` is one that every request has."""
    return name in _TIMES or name in _HEADERS or name in _VARIABLES


class RequestFacts:
    """The `Facts` of one request."""

    def __init__(
        self, req: Request, page_variable: Callable[[str], str | None], accessible: Callable[[str], bool]
    ) -> None:
        self._req = req
        self.page_variable = page_variable
        self.accessible = accessible

    def server_variable(self, name: str) -> str | None:
        """The value of `%{name}`: "" where the request has none; None for an unknown name."""
        if name in _TIMES:
            return time.strftime(_TIMES[name], time.localtime())
        if name in _HEADERS:
            return self.header_in(_HEADERS[name]) or ""
        find = _VARIABLES.get(name)
        if find is None:
            return None
        value = find(self._req)
        return "" if value is None else str(value)

    def header_in(self, name: str) -> str | None:
        """A header of the request."""
        return _text(self._req.headers_in.get(name))

    def header_out(self, name: str) -> str | None:
        """A header of the response."""
        if name.lower() == "content-type":
            return self._req.content_type
        return _text(self._req.headers_out.get(name) or self._req.err_headers_out.get(name))

    def note(self, name: str) -> str | None:
        """One of the request's notes."""
        return _text(self._req.notes.get(name))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
