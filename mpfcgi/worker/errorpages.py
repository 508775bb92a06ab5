"""The pages that answer errors: ErrorDocument's, ours in Apache's look, and tracebacks under PythonDebug."""

from __future__ import annotations

import html
import os
import traceback
from typing import NamedTuple

from mpfcgi.api import Request
from mpfcgi.api.constants import REASONS
from mpfcgi.api.response import own_words
from mpfcgi.config import Settings
from mpfcgi.worker import expanding
from mpfcgi.worker.ssi_text import Problem

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_IMPORTER = os.path.join(_PACKAGE, "importer", "")
CONTENT_TYPE = "text/html; charset=iso-8859-1"

_TEXTS = {
    301: 'The document has moved <a href="{location}">here</a>.',
    302: 'The document has moved <a href="{location}">here</a>.',
    303: 'The answer to your request is located <a href="{location}">here</a>.',
    307: 'The document has moved <a href="{location}">here</a>.',
    308: 'The document has moved <a href="{location}">here</a>.',
    400: "Your browser sent a request that this server could not understand.",
    401: "This server could not verify that you are authorized to access the document requested. Either you supplied "
    "the wrong credentials (e.g., bad password), or your browser doesn't understand how to supply the credentials "
    "required.",
    403: "You don't have permission to access this resource.",
    404: "The requested URL was not found on this server.",
    405: "The requested method {method} is not allowed for this URL.",
    408: "Server timeout waiting for the HTTP request from the client.",
    410: "The requested resource is no longer available on this server and there is no forwarding address. Please "
    "remove all references to this resource.",
    411: "A request of the requested method {method} requires a valid Content-length.",
    412: "The precondition on the request for this URL evaluated to false.",
    413: "The requested resource does not allow request data with {method} requests, or the amount of data provided in "
    "the request exceeds the capacity limit.",
    414: "The requested URL's length exceeds the capacity limit for this server.",
    415: "The supplied request data is not in a format acceptable for processing by this resource.",
    416: "None of the range-specifier values in the Range request-header field overlap the current extent of the "
    "selected resource.",
    500: "The server encountered an internal error or misconfiguration and was unable to complete your request.</p>\n"
    "<p>Please contact the server administrator at {admin} to inform them of the time this error occurred, and the "
    "actions you performed just before this error.</p>\n<p>More information about this error may be available in the "
    "server error log.",
    501: "{method} to this URL is not supported.",
    503: "The server is temporarily unable to service your request due to maintenance downtime or capacity problems. "
    "Please try again later.",
    504: "The gateway did not receive a timely response.",
}


class Document(NamedTuple):
    """What an ErrorDocument line names: one of a text, a local URI, another server's URL."""

    text: str | None = None
    uri: str | None = None
    location: str | None = None


def is_status(status: int) -> bool:
    """Whether a handler's result is a number that a status can have; one without a meaning is answered with 500."""
    return 200 <= status <= 599


def document(settings: Settings, status: int) -> Document | None:
    """The ErrorDocument for a status; None where there is none."""
    target: str | None = (settings.get("ErrorDocument") or {}).get(status if status in REASONS else 500)
    if target is None or target.lower() == "default":
        return None
    if target.startswith("/"):
        return Document(uri=target)
    if target.partition("://")[1] and target.partition("://")[0].isalpha():
        # A browser that is sent elsewhere would never be asked for the password.
        return Document(location=target) if status != 401 else None
    return Document(text=target)


def expanded(req: Request, text: str) -> str:
    """What an ErrorDocument names with its %{variables}; one of .htaccess that can't be expanded as it is written."""
    try:
        return expanding.expand(text, req)
    except Problem as problem:
        req.log_error(f"ErrorDocument: {problem}: {req.uri}")
        return text


def render(req: Request, settings: Settings, status: int, location: str | None = None) -> str:
    """Our own page for a status, in the words of the handler's status line if that is about it."""
    words = own_words(status, req._status_line)
    if status not in REASONS and words is None:
        status = 500
    reason = REASONS[status] if words is None else html.escape(words)
    # As Apache, the words of 500 for a success that a handler returned as if it were an error.
    template = _TEXTS.get(status, _TEXTS[500] if status < 300 or status >= 500 else "")
    text = template.format(
        location=html.escape(location or ""),
        method=html.escape(req.method),
        admin=html.escape(settings.get("ServerAdmin", "[no address given]")),
    )
    return (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n'
        f"<html><head>\n<title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n"
        + (f"<p>{text}</p>\n" if text else "")
        + _signature(req, settings)
        + "</body></html>\n"
    )


def traceback_page(where: str, error: BaseException) -> str:
    """What PythonDebug shows: the traceback, escaped, as mod_python lays it out."""
    text = "".join(html.escape(item) + "\n" for item in format_exception(error))
    # Names of files may have bytes that are no UTF-8.
    text = text.encode("utf-8", "backslashreplace").decode()
    return f'\n<pre>\nMod_python error: "{html.escape(where)}"\n\n{text}</pre>\n'


def format_exception(error: BaseException) -> list[str]:
    """The items of a traceback, without our own frames at its start, and those of imports: the reader looks for theirs."""
    outer = error.__traceback__
    while outer is not None and outer.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        outer = outer.tb_next
    try:
        shows = traceback.TracebackException(type(error), error, outer or error.__traceback__)
        _leave_out_imports(shows, error)
        return list(shows.format())
    except BaseException:
        # An exception of the user's may be one that can't be shown.
        return [*traceback.format_tb(outer or error.__traceback__), f"{shown(error)}\n"]


def _leave_out_imports(shows: traceback.TracebackException | None, error: BaseException | None) -> None:
    """As Python does with its own machinery between an import statement and the module, or the statement's error."""
    if shows is None or error is None:
        return
    ours = [frame.filename.startswith(_IMPORTER) for frame in shows.stack]
    # What else fails there is a mistake of ours.
    if any(ours) and (not ours[-1] or isinstance(error, (ImportError, SyntaxError, OSError))):
        shows.stack[:] = [frame for frame, is_ours in zip(shows.stack, ours) if not is_ours]
    _leave_out_imports(shows.__cause__, error.__cause__)
    _leave_out_imports(shows.__context__, error.__context__)


def shown(value: object) -> str:
    """An object or an exception of the user's in words, also one that can't be shown. Never fails."""
    try:
        return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value)
    except BaseException as failure:
        return f"{type(value)!r}, which can't be shown: {type(failure).__name__}"


def _signature(req: Request, settings: Settings) -> str:
    kind = settings.get("ServerSignature", "off")
    if kind == "off":
        return ""
    name = html.escape(req.hostname or req.server.server_hostname)
    if kind == "email":
        name = f'<a href="mailto:{html.escape(settings.get("ServerAdmin", ""))}">{name}</a>'
    return f"<hr>\n<address>mpfcgi at {name} Port {req.connection.local_addr[1]}</address>\n"
