"""Server side includes, what a page includes: a request of its own whose output becomes a part of the page's.

Manual 4.5.4 (`req.main`) and chapter 6; Apache's subrequests. A subrequest has all phases but post-read, the log's
and the header parser's, its own settings and filters; it has neither body nor conditions nor ranges.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.constants import DECLINED, DONE, OK
from mpfcgi.api.request import quoted_uri
from mpfcgi.config import parse_uri
from mpfcgi.worker import directories
from mpfcgi.worker.failures import log_exception
from mpfcgi.worker.plan import GO_ON
from mpfcgi.worker.redirects import depth
from mpfcgi.worker.ssi_elements import PageEnded
from mpfcgi.worker.ssi_text import Problem

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.site import Site

# What only the page's own request has: its body, and what it wants of the page as a whole.
NOT_PASSED_ON = frozenset((
    "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE",
))  # fmt: skip
PIECE = 64 * 1024


class PageExchange:
    """The exchange of a subrequest (`mpfcgi.api.exchange`): what it sends goes into the page of `parent`."""

    front_end = False

    def __init__(self, parent: Request, args: str | None, write: Callable[[bytes], None], flush: Callable[[], None]):
        self.parent = parent
        self.params = {name: value for name, value in parent._params.items() if name not in NOT_PASSED_ON}
        self.params["REQUEST_METHOD"] = "GET"
        self.params["QUERY_STRING"] = args or ""
        self.role = parent._exchange.role
        # Set when code in an included page has failed: then all is over.
        self.page_ended = False
        self.write = write
        self.flush = flush

    @property
    def aborted(self) -> bool:
        """Whether the client is gone."""
        return self.parent._exchange.aborted

    def read(self, size: int = -1, /) -> bytes:
        """The body, which a subrequest does not have."""
        return b""

    readline = read

    def sendfile(self, fd: int, offset: int, count: int) -> int:
        """Write a part of an open file; the number of bytes."""
        sent = 0
        while sent < count and (data := os.pread(fd, min(count - sent, PIECE), offset + sent)):
            self.write(data)
            sent += len(data)
        return sent


class Includer:
    """Makes and runs the subrequests of one page, that of `req`; they write with `write` and `flush`."""

    def __init__(self, cycle: Cycle, req: Request, write: Callable[[bytes], None], flush: Callable[[], None]) -> None:
        self._cycle = cycle
        self._req = req
        self._site: Site = cycle.sites.of(req.server._model)
        self._write, self._flush = write, flush

    def include(self, target: str, virtual: bool, *, text_only: bool, handler_only: bool = False) -> None:
        """Run a subrequest for a URI or a file. Problem when its answer is no success; what it has written stays.

        `text_only` refuses what may be a program (IncludesNOEXEC), `handler_only` what no handler answers.
        """
        sub = self.find(target, virtual)
        try:
            if text_only and sub._content_type is not None and not sub._content_type.startswith("text/"):
                raise Problem(f"{target} is {sub._content_type}, which may not be included here (IncludesNOEXEC)")
            if handler_only and sub._handler not in ("mod_python", "python-program"):
                raise Problem(f"{target} has no handler: a program is run by PythonHandler mod_python.cgihandler")
            self._run(sub, target)
        finally:
            self._cycle.clean(sub)

    def end_page(self) -> None:
        """Tell the page that includes this one, if one does, that all is over."""
        if isinstance(self._req._exchange, PageExchange):
            self._req._exchange.page_ended = True

    def status(self, target: str, virtual: bool) -> os.stat_result | None:
        """What stat says of a file, or of that of a URI; None without one. Problem when it can't be had."""
        sub = self.find(target, virtual)
        self._cycle.clean(sub)
        status: os.stat_result | None = sub._stat
        return status

    def find(self, target: str, virtual: bool) -> Request:
        """The subrequest for a URI or a file, with all done but its content. Problem when it can't be had."""
        _, most = self._site.settings.get("LimitInternalRecursion", (10, 10))
        if depth(self._req, "main") > most:
            raise Problem(f"{target} is included more than {most} deep (LimitInternalRecursion): probably in a circle")
        sub = self._for_uri(target) if virtual else self._for_file(target)
        status = self._cycle.up_to_fixup(sub, self._site)
        if status in GO_ON and sub._is_directory:
            status = directories.fix_up(sub, self._site, self._cycle)
            if status in GO_ON and sub._replaced is not None:
                index = sub._replaced
                # The index takes the folder's place as a page of its own would; it is still a part of this one.
                index._main = self._req
                sub = _as_part(index)
        if status not in GO_ON:
            self._cycle.clean(sub)
            raise Problem(f"{target} can't be had: status {status}")
        return sub

    def _run(self, sub: Request, target: str) -> None:
        try:
            status = self._cycle.content(sub, sub._plan)
        except OSError:
            # The client is gone, which is for the page's own request to know.
            raise
        except Exception as error:
            log_exception(sub, f"include of {target}", error)
            raise Problem(f"{target} has failed: {type(error).__name__}")
        last = sub
        while last._next is not None:
            last = last._next
        last._finish()
        if isinstance(sub._exchange, PageExchange) and sub._exchange.page_ended:
            self.end_page()
            raise PageEnded
        if status not in (OK, DONE):
            raise Problem(f"{target} was answered with status {404 if status == DECLINED else status}")

    def _for_uri(self, target: str) -> Request:
        if not target.startswith("/"):
            folder = self._req.uri[: self._req.uri.rfind("/") + 1] or "/"
            target = quoted_uri(folder) + target
        path, args, status = parse_uri(target.partition("#")[0].encode("utf-8", "surrogateescape").decode("latin-1"))
        if status:
            raise Problem(f"{target} is no URI of this host")
        return self._new(path, args)

    def _for_file(self, target: str) -> Request:
        path = self.below_page(target)
        # A file in the page's own folder has an address; of another one it isn't known.
        folder = self._req.uri[: self._req.uri.rfind("/") + 1]
        sub = self._new("" if "/" in target else folder + target, None)
        sub._filename = path
        return sub

    def below_page(self, target: str) -> str:
        """The path of a file that `file=` names: below the page's folder. Problem otherwise."""
        relative = posixpath.normpath(target) if target else ""
        if not relative or "\0" in target or relative.startswith(("/", "../")) or relative in (".", ".."):
            raise Problem(f'file="{target}" is no path below the page\'s folder: use virtual=')
        return posixpath.join(posixpath.dirname(self._req.filename or "/"), relative)

    def _new(self, uri: str, args: str | None) -> Request:
        req = self._req
        sub: Request = req._services.new_request(req, uri, main=req)
        exchange = PageExchange(req, args, self._write, self._flush)
        sub._exchange, sub._params = exchange, exchange.params
        sub._args = args
        sub._method, sub._header_only = "GET", 0
        return _as_part(sub)


def _as_part(sub: Request) -> Request:
    """A part of a page has no head of its own, for the page has one already; and it is always wanted."""
    sub._head_sent = True
    sub._no_local_copy = 1
    return sub
