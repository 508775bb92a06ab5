"""One request that makes another: internal redirects, ErrorDocuments, subrequests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mpfcgi.api import Request
from mpfcgi.api.constants import HTTP_BAD_REQUEST, HTTP_INTERNAL_SERVER_ERROR
from mpfcgi.api.unique_id import environment
from mpfcgi.config import parse_uri

if TYPE_CHECKING:
    from mpfcgi.worker.services import WorkerServices


def internal_redirect(services: WorkerServices, req: Request, uri: str, error_status: int | None = None) -> None:
    """Run the cycle for `uri` in the place of `req`, with the status of an error if that is what it answers."""
    cycle = services.cycle
    site = cycle.sites.of(req.server._model)
    path, args, status = parse_uri(uri.partition("#")[0] or "/")
    if status == HTTP_BAD_REQUEST:
        req.log_error(f"invalid URI path ({uri}): a redirect inside of the server begins with a slash")
    most, _ = site.settings.get("LimitInternalRecursion", (10, 10))
    if depth(req, "prev") > most:
        req.log_error(f"{req.uri} was redirected more than {most} times (LimitInternalRecursion): probably in a circle")
        status = HTTP_INTERNAL_SERVER_ERROR
    new = Request(req._exchange, req.server, services, site.settings, path, args, prev=req)
    new._err_headers_out = req._err_headers_out
    new._head_sent = req._head_sent
    new._connection = req._connection
    # It is the same request to the client, with all that handlers have made of its headers.
    new._request_time, new._headers_in, new._no_cache = req._request_time, req._headers_in, req._no_cache
    if error_status is not None:
        # For programs that answer in the place of the request: what it was that failed.
        req.subprocess_env["REQUEST_METHOD"] = req.method
    new._subprocess_env = environment(new, _redirected(req))
    new._given_uri = uri
    new._status, new._method = req._status, req._method
    if error_status is not None:
        # It stands for another resource: that the client has the same document already is no answer.
        req._no_local_copy = 1
        # And it is for whom the resource itself is not: for all.
        req._access_begun = True
        # A GET whatever it was; for HEAD it stays without a body (`header_only`).
        new._status, new._method = error_status, "GET"
    new._no_local_copy = req._no_local_copy
    req._next = new
    req._give_way()
    # What holds for the imports of the handler that redirects, when it goes on.
    scope = services.importer.scope
    try:
        cycle.answer(new, site, status)
    finally:
        services.importer.scope = scope


def subrequest(services: WorkerServices, req: Request, uri: str, main: Request | None) -> Request:
    """A request for another path that has not been run yet."""
    site = services.cycle.sites.of(req.server._model)
    new = Request(req._exchange, req.server, services, site.settings, uri, req.args, main=main)
    new._connection = req._connection
    new._user, new._ap_auth_type = req._user, req._ap_auth_type
    new._request_time = req._request_time
    if req._subprocess_env is not None:
        new._subprocess_env = environment(new, req._subprocess_env.items())
    return new


def _redirected(req: Request) -> list[tuple[str, str]]:
    """The environment of a request that takes the place of `req`: its own variables as REDIRECT_*."""
    env = req._subprocess_env
    renamed = [("REDIRECT_" + name, value) for name, value in env.items()] if env is not None else []
    return [*renamed, ("REDIRECT_STATUS", str(req.status))]


def depth(req: Request, link: Literal["prev", "main"]) -> int:
    """How many requests there are, this one and those that `link` leads to."""
    found = 1
    while (req := getattr(req, link)) is not None:
        found += 1
    return found
