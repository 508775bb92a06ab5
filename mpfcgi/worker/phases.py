"""The request cycle: the phases in order, and what each result means (manual chapter 5.1 and section 4.2).

    post-read, trans, [map to file], header parser / init, access, authen, authz, type, fixup, content
    -- the response is complete --
    log, cleanup

`Cycle.serve` takes an exchange from its parameters to its end. Every exception of user code stops here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.api import Connection, Request
from mpfcgi.api.constants import DECLINED, DONE, OK
from mpfcgi.config import Resource
from mpfcgi.importer import path as python_path
from mpfcgi.ipc import handoff
from mpfcgi.worker import default, directories, early, environment, roles, sent, ssi
from mpfcgi.worker import status as status_of_daemon
from mpfcgi.worker.admission import Admission
from mpfcgi.worker.crowding import Crowding
from mpfcgi.worker.failures import Failures
from mpfcgi.worker.filters import Filters
from mpfcgi.worker.handlers import SKIPPED, Handler, call, run
from mpfcgi.worker.plan import (
    CLEANUP,
    CONTENT,
    FIXUP,
    GO_ON,
    HEADER_PARSER,
    INIT,
    LOG,
    STATUS_HANDLER,
    TYPE,
    Phase,
    Plan,
    plan_for,
)
from mpfcgi.worker.site import Site
from mpfcgi.worker.sites import Sites

if TYPE_CHECKING:
    from mpfcgi.worker.exchange import Exchange
    from mpfcgi.worker.plain_http import HttpExchange
    from mpfcgi.worker.services import WorkerServices

DIRECTORY = stat.S_IFDIR
PYTHON_HANDLERS = frozenset(("mod_python", "python-program"))


class Cycle(Admission):
    """Runs requests in one worker process. `services` is what the api asks of the process."""

    def __init__(self, services: WorkerServices) -> None:
        self.services = services
        self.resolver = services.resolver
        self.importer = services.importer
        self.forks = services.forks
        self.failures = Failures(self)
        self.filters = Filters(self)
        self.sites = Sites(services)
        self.crowding = Crowding(services)
        self._python_path: str | None = None

    def serve(self, exchange: Exchange | HttpExchange, connection: Connection | None = None) -> None:
        """Answer a request: all phases, the response, then log and cleanup.

        `connection` is the object of the raw connection that it came on, if it did.
        """
        params = exchange.params
        head = params.derived or self.sites.head(params)
        site = head.site
        self.importer.new_request()
        if head.role is not None:
            roles.serve(self, exchange, head)
            return
        first = site.request(exchange, head)
        if connection is not None:
            first._connection = connection
        status = head.status
        if site.early_interpreter is not None and handoff.STATE in params:
            status = early.resume(first, params[handoff.STATE])
        self.answer(first, site, status)
        self.finish(first, exchange)
        plan: Plan = first._plan
        if (
            site.access_logs
            or first._cleanups
            or first._added
            or first._replaced
            or first._next
            or not plan.content_only
        ):
            self.after(first, site)

    def finish(self, first: Request, exchange: Exchange | HttpExchange) -> None:
        """Send the rest of the response; one that can't be completed is cut off, so that the client sees it."""
        try:
            (first if first._replaced is first._next else last(first))._finish()
            exchange.finish()
        except OSError:
            exchange.break_off()

    def finish_collected(self, first: Request) -> None:
        """End a response that an internal redirect gave while the real exchange was not there yet."""
        last(first)._finish()
        first._head_sent = True

    def refuse(self, exchange: Exchange | HttpExchange, status: int) -> None:
        """Answer `status` without running any handler."""
        head = self.sites.head(exchange.params)
        site = head.site
        req = site.request(exchange, head)
        req._plan = site.plan
        self.failures.die(req, status)
        self.finish(req, exchange)
        site.log_access(req, req)

    def answer(
        self, req: Request, site: Site, status: int = 0, process: Callable[[Request, Site], int] | None = None
    ) -> None:
        """Run the phases up to the content handlers (or `process`), and turn an error result into its document."""
        req._plan = site.plan
        try:
            status = status or (process or self.process)(req, site)
            if status not in (OK, DONE):
                self.failures.die(current(req), status)
        except Exception as error:
            self.failures.in_server(last(req), site, error)

    def answer_error(self, req: Request, status: int) -> None:
        """Answer `status` with its document, while the response of `req` is being finished."""
        self.failures.die(req, status)
        if last(req) is not req:
            last(req)._finish()

    # -- before the content

    def process(self, req: Request, site: Site) -> int:
        """All phases of a request; the result of the content phase, or of the one that ended it."""
        status = self.up_to_fixup(req, site)
        if status not in GO_ON:
            return status
        if req._kind == DIRECTORY:
            status = directories.fix_up(req, site, self)
            if status not in GO_ON:
                return status
            req = current(req)
        return self.content(req, req._plan)

    def up_to_fixup(self, req: Request, site: Site) -> int:
        """Everything before the content phase."""
        status = self.find_file(req, site)
        if status not in GO_ON:
            return status
        plan: Plan = req._plan
        if plan.content_only and not plan.guarded and not req._added:
            if req._prev is not None:
                self._take_over_access(req, req._prev)
            self.choose_type(req, plan)
            return OK
        return self.before_content(req, plan, site)

    def find_file(self, req: Request, site: Site) -> int:
        """Post-read and trans, then the file: after this the request has its directory's settings."""
        if (site.early or req._added) and not req._early_over:
            status = early.run(self, req, site) if req._main is None else early.of_subrequest(self, req, site)
            if status not in GO_ON:
                return status
        resource, status_now = self.locate(req, site)
        req._locate(resource, status_now)
        plan = resource.plan
        if plan is None:
            plan = resource.plan = plan_for(resource.settings, resource.filename, site.document_root)
        req._plan = plan
        req._extension = plan.extension
        if plan.charset is not None:
            req._charset = plan.charset
        if resource.status:
            # For the conditions of logs.
            environment.match_request(req, plan.early_environment)
            self._explain(req)
        return resource.status

    def locate(self, req: Request, site: Site) -> tuple[Resource, os.stat_result | None]:
        """The resource of a request, by its file's name where that is known already, and the file's status now."""
        if req._filename is not None:
            return self.resolver.lookup(site.server, req._filename, req._uri)
        if site.document_root:
            return self.resolver.resolve(site.server, req._uri)
        get = req._params.get
        sent = get("SCRIPT_FILENAME", "") if req._prev is None and req._main is None else ""
        return self.resolver.resolve(site.server, req._uri, get("DOCUMENT_ROOT", ""), sent, get("QUERY_STRING", ""))

    def _explain(self, req: Request) -> None:
        """A refused or redirected path: the log's sentence, the Location header."""
        resource = req._resource
        if resource.problem:
            req.log_error(resource.problem)
        if resource.location is not None:
            location = resource.location
            if req.args and "?" not in location:
                location += "?" + req.args
            if location.startswith("/"):
                location = req.construct_url(location)
            req.headers_out["Location"] = location

    def before_content(self, req: Request, plan: Plan, site: Site) -> int:
        """Header parser to fixup. A subrequest has no header parser phase."""
        status = self.before_access(req, plan, site)
        if status not in GO_ON:
            return status
        before = req._main or req._prev
        lets_in = before is not None and before._access_begun and self._take_over_access(req, before)
        # Before the phases themselves: their handlers may redirect to a page that says why somebody isn't let in.
        req._access_begun = True
        if lets_in:
            status = OK
        else:
            if req._main is not None:
                req._user = req._ap_auth_type = None
            status = self.admit(req, plan)
        if status == OK and plan.crowd is not None and req._main is None:
            status = self.crowding.enter(req, plan.crowd)
        if status != OK:
            return status
        # As Apache's mod_mime, which is asked first: no more is done where the type is known, or was set before.
        if not self.choose_type(req, plan) and req._content_type is None:
            # What SetHandler says is set after it, whatever a type handler has set.
            forced = None if (plan.settings.get("SetHandler") or "none").lower() == "none" else req._handler
            if forced is not None:
                req._handler = None
            status = self.run_phase(TYPE, req, plan)
            if status not in GO_ON:
                return status
            req._handler = forced or req._handler
        environment.fix_up(req, plan.settings)
        return self.run_phase(FIXUP, req, plan)

    def _take_over_access(self, req: Request, before: Request) -> bool:
        """Take over the user of `before` where what was said of access to it holds for its subrequest, or for what it is
        redirected to, too; whether it does. As in Apache: for a file of the same folder, or the folder, for which no
        section of its own holds."""
        if (
            not (req._is_file or (req._is_directory and req._prev is before))
            or before._resource is None
            or req._settings is not before._settings
            or req._resource.directory != before._resource.directory
            or self.resolver.in_location(before.server._model, req._uri)
        ):
            return False
        req._user, req._ap_auth_type = before._user, before._ap_auth_type
        return True

    def before_access(self, req: Request, plan: Plan, site: Site) -> int:
        """Header parser, or the init handlers of the request's place."""
        if plan.early_environment:
            environment.match_request(req, plan.early_environment)
        if req.main is None:
            init_is_ours = plan.settings.handlers.get("PythonInitHandler") is not site.init_specs
            for phase in (HEADER_PARSER, INIT) if init_is_ours else (HEADER_PARSER,):
                status = self.run_phase(phase, req, plan)
                if status not in GO_ON:
                    return status
        return OK

    def choose_type(self, req: Request, plan: Plan) -> bool:
        """What the file's name tells; False when it tells no type, and the type handlers are asked."""
        known = default.choose_type(req, plan.settings, self.services.filetypes)
        if plan.filtered:
            self.filters.add_by_name(req, plan.settings)
        return known

    # -- content and after

    def content(self, req: Request, plan: Plan) -> int:
        """The content handlers; when the last declines, or there are none, the file itself."""
        if plan.filtered:
            self.filters.add_configured(req, plan.settings)
        if req._handler in PYTHON_HANDLERS:
            status = self.run_phase(CONTENT, req, plan)
            if status != DECLINED:
                return status
        if plan.parsed or req._handler == ssi.HANDLER:
            ssi.add_for_handler(req, plan.settings)
        if plan.own_page is not None and req._handler == plan.own_page:
            return self.own_page(req, plan.own_page)
        return default.serve(req, plan.settings)

    def own_page(self, req: Request, name: str) -> int:
        """What the daemon says of itself."""
        if name == STATUS_HANDLER:
            return status_of_daemon.serve(req, self.services)
        # For the few who look: workers are small without it.
        from mpfcgi.worker import selftest

        return selftest.serve(req, self.services)

    def after(self, first: Request, site: Site) -> None:
        """The response is out: log, access log, cleanups."""
        req = current(first)
        plan: Plan = req._plan
        if req._watched or req._next or not plan.content_only or req._added:
            sent.show(last(req))
        if not plan.content_only or req._added:
            self.run_phase(LOG, req, plan, respond=False)
        if site.access_logs:
            site.log_access(last(req), req)
        self.clean(req)

    def clean(self, req: Request) -> None:
        """Cleanups, the last registered first, then the cleanup handlers; before, those of what it was redirected to."""
        if req._next is not None:
            self.clean(current(req._next))
        if req._cleanups:
            self.failures.run_cleanups(req)
        plan: Plan = req._plan
        if plan is not None and not plan.content_only:
            self.run_phase(CLEANUP, req, plan, respond=False)

    # -- one phase

    def run_phase(self, phase: Phase, req: Request, plan: Plan, *, respond: bool = True) -> int:
        """Run a phase's handlers, configured ones first; the last result, or the first that ends the phase.

        With `respond` false errors are logged only. DECLINED when there are no handlers.
        """
        status = DECLINED
        if plan.interpreters is not None:
            req._interpreter = plan.interpreters.get(phase.directive) or req._interpreter
        for handler in plan.handlers(phase):
            req._phase = phase.directive
            result = self.run_handler(phase, handler, req, plan, respond)
            if result in phase.goes_on:
                status = result
            elif result is not SKIPPED:
                return result
        if req._added:
            status = self.run_added(phase, req, plan, respond, status)
        return status

    def run_added(self, phase: Phase, req: Request, plan: Plan, respond: bool, status: int) -> int:
        """The handlers of `req.add_handler`; one may add another for its own phase while it runs."""
        queue = (req._added or {}).get(phase.directive)
        while queue:
            req._phase = phase.directive
            name, directory = queue.pop(0)
            handler = plan.handler_class(name, phase.function, directory or self._root_of(req))
            status = self.run_handler(phase, handler, req, plan, respond)
            if status not in phase.goes_on:
                break
        return status

    def run_handler(self, phase: Phase, handler: Handler, req: Request, plan: Plan, respond: bool) -> int:
        """One handler's result; its failure is logged and, with `respond`, becomes a status or a page."""
        req._spec = handler
        try:
            if plan.python_path is not self._python_path:
                self.set_python_path(plan.python_path)
            if handler.function is not None:
                return run(handler.function, req)
            resource = req._resource
            file = resource.filename if resource is not None else None
            return call(handler, req, self.importer, plan.imports, file, req._stat)
        except BaseException as error:
            return self.failures.in_handler(req, f"{phase.directive} {handler.name}", error, plan.debug, respond)
        finally:
            if self.forks.in_child:
                self.forks.leave(f"{phase.directive} {handler.name}")

    def _root_of(self, req: Request) -> str | None:
        """Where the module of a handler that was added without a folder is looked for: beside the one that runs."""
        return req._spec.directory if req._spec is not None else None

    def set_python_path(self, expression: str | None) -> None:
        """Add what PythonPath says to sys.path."""
        if expression is not None:
            python_path.apply(expression, self.services.python_paths)
        self._python_path = expression


def current(req: Request) -> Request:
    """The request itself, or the index file that has taken its place."""
    while req._replaced is not None:
        req = req._replaced
    return req


def last(req: Request) -> Request:
    """The request at the end of a chain of internal redirects: the one that answers."""
    while True:
        following = req._replaced or req.next
        if following is None:
            return req
        req = following
