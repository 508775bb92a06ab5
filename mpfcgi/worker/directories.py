"""Requests for folders: the slash at the end, and the index file (DirectorySlash, DirectoryIndex).

This is the end of the fixup phase, as in Apache's mod_dir: each candidate is asked for by a subrequest, and the
first that is a file takes the request's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.constants import (
    HTTP_MOVED_PERMANENTLY,
    HTTP_NOT_ACCEPTABLE,
    HTTP_NOT_FOUND,
    HTTP_OK,
    HTTP_UNAUTHORIZED,
    OK,
)
from mpfcgi.api.request import quoted_uri
from mpfcgi.worker.plan import GO_ON

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.site import Site

REDIRECTS = range(300, 400)


def fix_up(req: Request, site: Site, cycle: Cycle) -> int:
    """OK to go on (perhaps with the index file in `req.next`'s place), or what to answer."""
    settings = req._settings
    if not req.uri.endswith("/"):
        if not settings.get("DirectorySlash", True):
            return OK
        location = quoted_uri(req.uri) + "/"
        if req.args:
            location += "?" + req.args
        req.err_headers_out["Location"] = req.construct_url(location)
        return HTTP_MOVED_PERMANENTLY
    names = settings.get("DirectoryIndex", ("index.html",))
    refused = OK
    for name in names:
        if name == "disabled":
            break
        status = try_index(req, name, site, cycle)
        if status in GO_ON:
            return OK
        if status in REDIRECTS or (status in (HTTP_UNAUTHORIZED, HTTP_NOT_ACCEPTABLE) and len(names) == 1):
            return status
        # An error may hide an index: no list is shown then. The candidates behind it are asked all the same.
        if status not in (HTTP_OK, HTTP_NOT_FOUND):
            refused = status
    return refused


def try_index(req: Request, name: str, site: Site, cycle: Cycle) -> int:
    """Ask for one candidate: OK when it is the index now; its status when it isn't, 200 where the file is missing."""
    uri = name if name.startswith("/") else req.uri + name
    candidate = cycle.services.new_request(req, uri, main=req)
    status = cycle.up_to_fixup(candidate, site)
    if status in GO_ON:
        status = candidate._status
        if status == HTTP_OK and candidate._is_file:
            req._replace_with(candidate)
            return OK
    if status in REDIRECTS:
        req.headers_out.update(candidate.headers_out)
        req.err_headers_out.update(candidate.err_headers_out)
    cycle.clean(candidate)
    return status
