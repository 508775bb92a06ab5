"""Server side includes: the INCLUDES filter (manual chapter 6), and what asks for it besides the filters' directives.

`AddOutputFilter INCLUDES`, `req.add_output_filter("INCLUDES")`, `AddHandler server-parsed` and XBitHack all end in an
`Includes` stage in the way of the response.
"""

from __future__ import annotations

import stat

from mpfcgi.api import Request
from mpfcgi.api.chain import RESOURCE, Forward
from mpfcgi.api.constants import APLOG_WARNING, INCLUDES_MAGIC_TYPE, INCLUDES_MAGIC_TYPE3
from mpfcgi.config import Settings
from mpfcgi.worker.ssi_elements import set_times
from mpfcgi.worker.ssi_page import Page, PageSettings
from mpfcgi.worker.ssi_text import to_bytes
from mpfcgi.worker.ssi_world import RequestWorld

HANDLER = "server-parsed"
PARSED_TYPES = frozenset((INCLUDES_MAGIC_TYPE, INCLUDES_MAGIC_TYPE3))
NOT_ALLOWED = "Options +Includes (or IncludesNOEXEC) is not set: INCLUDES filter removed"


class Includes:
    """The INCLUDES filter in the way of one response."""

    order = RESOURCE

    def __init__(self, req: Request) -> None:
        self._req = req
        self._page: Page | None = None
        self._world: RequestWorld | None = None
        self._passes = False
        self._busy = False
        self._forward: Forward
        # What a page becomes depends on more than its file: it is never "not modified".
        if not _keeps_date(req):
            req._no_local_copy = 1

    def take(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> None:
        """As `OutputStage`."""
        if self._page is None and not self._passes:
            self._begin()
        page, world = self._page, self._world
        if page is None or world is None:
            forward(data, flush, eos)
            return
        if self._busy:
            # Code of the page writes to the request itself: there it is, as it is.
            world.write(data)
            return
        self._forward, self._busy = forward, True
        try:
            page.feed(data)
            if eos:
                page.close()
        finally:
            self._busy = False
        if page.elements and eos:
            # Its length is told only of a page without elements, as in Apache: what is dynamic is not measured.
            forward(world.taken(), True, False)
        forward(world.taken(), flush, eos)

    def _begin(self) -> None:
        req = self._req
        options = req._settings.get("Options", ())
        if "Includes" not in options and "IncludesNOEXEC" not in options:
            req.log_error(NOT_ALLOWED, APLOG_WARNING)
            self._passes = True
            return
        headers = req.headers_out
        unwanted = ["Content-Length"]
        if not _keeps_date(req):
            unwanted.append("Last-Modified")
        if not req._settings.get("SSIETag", False):
            unwanted.append("ETag")
        for name in unwanted:
            if name in headers:
                del headers[name]
        self._world = RequestWorld(req._services.cycle, req, self._send)
        self._page = Page(self._world, page_settings(req._settings))
        if not self._world.nested:
            set_times(self._page)

    def _send(self, data: bytes, flush: bool) -> None:
        self._forward(data, flush, False)


def includes(req: Request) -> Includes | None:
    """The INCLUDES filter for a request; None when it has one: what a page shows is not taken for a page again."""
    stages = req._chain.stages if req._chain is not None else ()
    return None if any(isinstance(stage, Includes) for stage in stages) else Includes(req)


def add_for_handler(req: Request, settings: Settings) -> None:
    """Put the filter into the way of a file whose handler or permissions ask for it (mod_include's fixup)."""
    if req._handler == HANDLER or (req._handler is None and req._content_type in PARSED_TYPES):
        req._content_type = "text/html"
    elif settings.get("XBitHack", "off") == "off" or not _is_executable_page(req):
        return
    req.add_output_filter("INCLUDES")


def page_settings(settings: Settings) -> PageSettings:
    """The SSI directives as a page wants them; worked out once for each Settings."""
    found: PageSettings | None = settings.extras.get(PageSettings)
    if found is None:
        found = PageSettings(
            error_message=settings.get("SSIErrorMsg", PageSettings.error_message),
            undefined=settings.get("SSIUndefinedEcho", PageSettings.undefined),
            time_format=settings.get("SSITimeFormat", PageSettings.time_format),
            legacy=settings.get("SSILegacyExprParser", PageSettings.legacy),
            start=to_bytes(settings.get("SSIStartTag", "")) or PageSettings.start,
            end=to_bytes(settings.get("SSIEndTag", "")) or PageSettings.end,
        )
        settings.extras[PageSettings] = found
    return found


def _keeps_date(req: Request) -> bool:
    """Whether the page's date is that of its file: SSILastModified, or XBitHack Full and an executable group."""
    settings = req._settings
    if settings.get("SSILastModified") is not None:
        return bool(settings.get("SSILastModified"))
    return settings.get("XBitHack") == "full" and _executable(req, stat.S_IXGRP)


def _is_executable_page(req: Request) -> bool:
    return _executable(req, stat.S_IXUSR) and (req._content_type or "").partition(";")[0] == "text/html"


def _executable(req: Request, bit: int) -> bool:
    return req._is_file and req._stat is not None and bool(req._stat.st_mode & bit)
