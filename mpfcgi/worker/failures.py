"""What becomes of errors: exceptions of handlers, error results, and cleanups that fail.

An exception is logged with its traceback and answers 500, or shows itself in the page under `PythonDebug On`; a
result that is no success becomes its ErrorDocument or a page of ours. Nothing of a user's code gets past here, and no
method is asked of the request itself, where a handler may have put something else in its place.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.constants import (
    APLOG_ERR,
    APLOG_INFO,
    DECLINED,
    DONE,
    HTTP_GATEWAY_TIME_OUT,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_MOVED_TEMPORARILY,
    HTTP_NO_CONTENT,
    HTTP_NOT_FOUND,
    HTTP_NOT_IMPLEMENTED,
    HTTP_NOT_MODIFIED,
    HTTP_REQUEST_ENTITY_TOO_LARGE,
    HTTP_UNAUTHORIZED,
)
from mpfcgi.api.errors import BodyTooLarge, ClientGone, Interrupted
from mpfcgi.config import Settings
from mpfcgi.worker import errorpages

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.site import Site


class Failures:
    """The failures of one `Cycle`'s requests."""

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle

    def in_handler(self, req: Request, where: str, error: BaseException, debug: bool, respond: bool) -> int:
        """A handler raised `error` in `where` ("PythonHandler module::object"): log it, and say what to answer.

        DONE when the page with the traceback is written already; otherwise 500.
        """
        if isinstance(error, BodyTooLarge) and respond:
            # The client's fault: no traceback.
            Request.log_error(req, f"request refused: {error}: {req.uri}")
            return HTTP_REQUEST_ENTITY_TOO_LARGE
        if isinstance(error, ClientGone):
            Request.log_error(req, f"{where}: {error}: {req.uri}", APLOG_INFO)
            return DONE
        log_exception(req, where, error)
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            self._cycle.services.out_of_files()
        if not respond:
            return DONE
        if isinstance(error, Interrupted):
            return HTTP_GATEWAY_TIME_OUT
        if not debug:
            return HTTP_INTERNAL_SERVER_ERROR
        try:
            req.status = HTTP_INTERNAL_SERVER_ERROR
            req.content_type = "text/html"
            Request.write(req, errorpages.traceback_page(where, error))
        except OSError:
            pass
        return DONE

    def in_server(self, req: Request, site: Site, error: Exception) -> None:
        """A mistake outside of any handler, ours or of the configuration: logged, and answered with 500."""
        log_exception(req, "mpfcgi", error)
        req._leave_filters()
        req._discard_output()
        req.status = HTTP_INTERNAL_SERVER_ERROR
        if not req._head_sent:
            req._content_type = errorpages.CONTENT_TYPE
            Request.write(req, errorpages.render(req, site.settings, HTTP_INTERNAL_SERVER_ERROR), 0)

    def die(self, req: Request, status: int) -> None:
        """Answer `status`, a phase's result that is neither OK nor DONE, with its document."""
        if req.next is not None:
            # It was redirected: what answers is the other request.
            return
        if status == DECLINED:
            status = HTTP_NOT_FOUND
        elif not errorpages.is_status(status):
            Request.log_error(req, f"a handler has returned {status}, which is no status: {req.uri}")
            status = HTTP_INTERNAL_SERVER_ERROR
        original = first_error(req)
        if original is not None:
            # An ErrorDocument has failed itself: what is answered is the first error.
            status = original.status
        req.status = status
        req._leave_filters()
        settings = req._settings
        document = errorpages.document(settings, status) if original is None else None
        try:
            if document is not None and document.uri is not None:
                # Of this site: a GET for it, with the status of the error.
                self._cycle.services.redirect(req, errorpages.expanded(req, document.uri), error_status=status)
            elif req._head_sent:
                # The head can't be taken back; what it should have been is said behind what was sent.
                req._discard_output()
                if document is not None and document.text is not None:
                    Request.write(req, errorpages.expanded(req, document.text))
                elif document is not None and document.location is not None:
                    location = errorpages.expanded(req, document.location)
                    Request.write(req, errorpages.render(req, settings, HTTP_MOVED_TEMPORARILY, location))
                else:
                    Request.write(req, errorpages.render(req, settings, status))
            else:
                self._page(req, settings, status, document)
        except OSError:
            pass

    def run_cleanups(self, req: Request) -> None:
        """Call what `req.register_cleanup` was given, the last registered first; their errors are logged only."""
        cleanups = req._cleanups
        req._phase = None
        while cleanups:
            function, data = cleanups.pop()
            try:
                function(data)
            except BaseException as error:
                log = self._cycle.services.log
                shown = errorpages.shown(function)
                log(APLOG_ERR, f"python_cleanup: Error calling cleanup object {shown}", request=req)
                log(APLOG_ERR, f"    {_text(error)}", request=req)

    def _page(self, req: Request, settings: Settings, status: int, document: errorpages.Document | None) -> None:
        if status in (HTTP_NOT_MODIFIED, HTTP_NO_CONTENT):
            # Of the one there are the validators and caching headers of the file that the client has already, and none
            # of the two has a document.
            req._buffer, req._content_type = None, None
            for name in ("Content-Length", "Content-Range"):
                del req.headers_out[name]
            return
        location = req.headers_out.get("Location") if 300 <= status < 400 else None
        authenticate = req.headers_out.get("WWW-Authenticate") if status == HTTP_UNAUTHORIZED else None
        req._discard_output()
        if document is not None and document.location is not None:
            status = req.status = HTTP_MOVED_TEMPORARILY
            location = errorpages.expanded(req, document.location)
        if location is not None:
            req.err_headers_out["Location"] = location
        if authenticate is not None:
            req.err_headers_out["WWW-Authenticate"] = authenticate
        if status in (HTTP_METHOD_NOT_ALLOWED, HTTP_NOT_IMPLEMENTED) and "Allow" not in req.err_headers_out:
            req.err_headers_out["Allow"] = ",".join(_allowed(req._allow)) or "TRACE"
        req._content_type = errorpages.CONTENT_TYPE
        if document is not None and document.text is not None:
            Request.write(req, errorpages.expanded(req, document.text), 0)
        else:
            Request.write(req, errorpages.render(req, settings, status, location), 0)


def _allowed(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Methods for the Allow header: HEAD may be asked where GET may."""
    return (*methods, "HEAD") if "GET" in methods and "HEAD" not in methods else methods


def _text(error: BaseException) -> str:
    try:
        # As mod_python has it.
        return f"{type(error)!r}: {error}"
    except BaseException:
        return errorpages.shown(error)


def first_error(req: Request) -> Request | None:
    """The request whose error a redirect to an ErrorDocument is answering; None in an ordinary request."""
    prev = req.prev
    while prev is not None:
        if prev.status >= 400:
            return prev
        prev = prev.prev
    return None


def log_exception(req: Request, where: str, error: BaseException) -> None:
    """One line for each item of the traceback, as mod_python logs it."""
    for item in errorpages.format_exception(error):
        Request.log_error(req, f"{where}: {item[:-1] if item.endswith(chr(10)) else item}", APLOG_ERR)
