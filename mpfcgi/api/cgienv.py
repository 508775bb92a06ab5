"""The CGI variables of a request, as Apache's ap_add_common_vars and ap_add_cgi_vars make them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mpfcgi.api.constants import REMOTE_HOST
from mpfcgi.api.text import outgoing

if TYPE_CHECKING:
    from mpfcgi.api.request import mp_request

# Parameters that describe the connection and the server, passed on where the front-end sent them.
_COMMON = ("SERVER_SOFTWARE", "SERVER_ADDR", "REMOTE_ADDR", "REMOTE_PORT", "REMOTE_HOST", "REMOTE_IDENT",
           "REQUEST_SCHEME", "HTTPS", "CONTENT_TYPE", "CONTENT_LENGTH")  # fmt: skip
# The password of the user is not for programs that the handler starts; the others have names of their own.
_HIDDEN = frozenset(("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_PROXY", "HTTP_CONTENT_TYPE",
                     "HTTP_CONTENT_LENGTH"))  # fmt: skip


def add_common_vars(req: mp_request) -> None:
    """Headers as HTTP_*, and what describes server and client."""
    env = req.subprocess_env
    params = req._params
    for name, value in params.items():
        if (name.startswith("HTTP_") and name not in _HIDDEN) or name.startswith("SSL_"):
            env[name] = value
    for name in _COMMON:
        if params.get(name):
            env[name] = params[name]
    env["PATH"] = params.get("PATH") or os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
    env["SERVER_SIGNATURE"] = ""
    env["SERVER_NAME"] = outgoing(req._server_name())
    env["SERVER_PORT"] = str(req._server_port())
    env["REQUEST_SCHEME"] = req._scheme()
    env["DOCUMENT_ROOT"] = _raw(req.document_root())
    prefix, root = req._services.context(req)
    env["CONTEXT_PREFIX"], env["CONTEXT_DOCUMENT_ROOT"] = _raw(prefix), _raw(root)
    env["SERVER_ADMIN"] = outgoing(req.server.server_admin)
    if "REMOTE_HOST" not in env and (name := req.get_remote_host(REMOTE_HOST)):
        env["REMOTE_HOST"] = name
    if req.filename:
        env["SCRIPT_FILENAME"] = _raw(req.filename)
    if req.user is not None:
        env["REMOTE_USER"] = _raw(req.user)
    if req.ap_auth_type is not None:
        env["AUTH_TYPE"] = outgoing(req.ap_auth_type)
    if req.prev is not None:
        env["REDIRECT_URL"] = _raw(req.prev.uri)
        if req.prev.args is not None:
            env["REDIRECT_QUERY_STRING"] = _raw(req.prev.args)


def add_cgi_vars(req: mp_request) -> None:
    """What names the request itself."""
    env = req.subprocess_env
    env["GATEWAY_INTERFACE"] = "CGI/1.1"
    env["SERVER_PROTOCOL"] = req.protocol
    env["REQUEST_METHOD"] = req.method
    env["QUERY_STRING"] = _raw(req.args or "")
    env["REQUEST_URI"] = _raw(req.uri)
    uri, info = req.uri, req.path_info or ""
    env["SCRIPT_NAME"] = _raw(uri[: -len(info)] if info and uri.endswith(info) else uri)
    if info:
        env["PATH_INFO"] = _raw(info)


def _raw(text: str) -> str:
    """A shown string as a table keeps it: readable again, and UTF-8 on the wire."""
    try:
        return outgoing(text)
    except TypeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
