"""One virtual host in one worker: what its requests share, looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api import Server as ServerObject
from mpfcgi.api.constants import HTTP_BAD_REQUEST, HTTP_EXPECTATION_FAILED, HTTP_REQUEST_URI_TOO_LARGE
from mpfcgi.config import Server, request_uri, varies_within
from mpfcgi.fastcgi import Pairs
from mpfcgi.worker import logs
from mpfcgi.worker.limits import HeadLimits
from mpfcgi.worker.plan import INIT, POST_READ, TRANS, Plan

if TYPE_CHECKING:
    from mpfcgi.worker.exchange import Exchange
    from mpfcgi.worker.plain_http import HttpExchange
    from mpfcgi.worker.services import WorkerServices

_TOO_LONG = "the address is too long, or the front-end has passed on only a part of it"
# Values of FCGI_ROLE. That of a request whose role is one of these, by the protocol, is set by `channel`.
OTHER_ROLES = frozenset(("AUTHORIZER", "FILTER"))


class Head:
    """What the parameters of a request say first: its host, its decoded path and its query string.

    `status` is what to answer when the URI is wrong, or the head past a limit (`problem` says which), 0 otherwise;
    `role` is AUTHORIZER or FILTER, None for a Responder.
    """

    __slots__ = ("args", "path", "problem", "role", "site", "status")

    def __init__(
        self, site: Site, path: str, args: str | None, role: str | None, status: int, problem: str = ""
    ) -> None:
        self.site, self.path, self.args, self.status, self.problem = site, path, args, status, problem
        self.role = role


class Site:
    """A host's settings, its server object, its logs, and the plan of its early phases."""

    def __init__(self, server: Server, services: WorkerServices) -> None:
        self.server = server
        self._services = services
        self.settings = services.resolver.server_settings(server)
        self.document_root = services.resolver.document_root(server)
        self.plan = Plan(self.settings, "", self.document_root)
        self.early = any(self.plan.handlers(phase) for phase in (POST_READ, INIT, TRANS))
        # Of the phases before the file is known, where a request may then belong to another; else None.
        self.early_interpreter = services.resolver.early_interpreter(server)
        # The interpreter of all its requests, where no place has another; else None.
        varies = varies_within(server, services.config)
        self.interpreter = None if varies else services.resolver.server_interpreter(server)
        self.init_specs = self.settings.handlers.get("PythonInitHandler")
        self.object = ServerObject(server, self.settings, services)
        self.access_logs = logs.access_logs(self.settings, services.log_files)
        self.error_log = services.log_files.open(self.settings.get("ErrorLog"))
        self._limits = HeadLimits.of(self.settings)
        self._rewrites: bool = self.settings.get("FrontEndRewrites", False)
        self._encoded_slashes: str = self.settings.get("AllowEncodedSlashes", "off")

    def head(self, params: Pairs) -> Head:
        """Read a request's line."""
        path, args, status = request_uri(params, self._encoded_slashes, self._rewrites)
        if args is None and params.get("QUERY_STRING"):
            args = params["QUERY_STRING"]
        if "REDIRECT_HTTP_AUTHORIZATION" in params:
            # Apache's rewriting puts it there, where a rule has saved it for programs (E=HTTP_AUTHORIZATION).
            params.setdefault("HTTP_AUTHORIZATION", params["REDIRECT_HTTP_AUTHORIZATION"])
        role = params.get("FCGI_ROLE")
        if role not in OTHER_ROLES:
            role = None
        if "#" in params.get("REQUEST_URI", ""):
            # A fragment is the client's own (RFC 9112, 3.2).
            return Head(self, path, args, role, HTTP_BAD_REQUEST)
        expect = params.get("HTTP_EXPECT")
        if expect and expect.lower() != "100-continue":
            return Head(self, path, args, role, HTTP_EXPECTATION_FAILED)
        if self._limits is not None and (refusal := self._limits.check(params)) is not None:
            return Head(self, path, args, role, *refusal)
        return Head(self, path, args, role, status, _TOO_LONG if status == HTTP_REQUEST_URI_TOO_LARGE else "")

    def request(self, exchange: Exchange | HttpExchange, head: Head) -> Request:
        req = Request(exchange, self.object, self._services, self.settings, head.path, head.args)
        if head.problem:
            req.log_error(head.problem)
        return req

    def log_access(self, req: Request, first: Request) -> None:
        for log in self.access_logs:
            log.log(req, first)
