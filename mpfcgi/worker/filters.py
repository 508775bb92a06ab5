"""The filters of a request: which ones the configuration puts into its way, what a name means, and Python's own stages.

Manual 4.3, 4.5.6 and 5.2; Apache's SetOutputFilter and its kin. The order is Apache's: filters by the file's name with
the type phase, those of SetOutputFilter right before the content, and between them what handlers add.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain as joined
from typing import TYPE_CHECKING

from mpfcgi.api import Request
from mpfcgi.api.chain import CONTENT_SET, RESOURCE, Forward, InputStage, OutputChain, OutputStage, Pull
from mpfcgi.api.constants import APLOG_ERR, HTTP_GATEWAY_TIME_OUT, HTTP_INTERNAL_SERVER_ERROR, HTTP_OK
from mpfcgi.api.errors import SERVER_RETURN, Interrupted
from mpfcgi.api.filter import mp_filter
from mpfcgi.config import Settings
from mpfcgi.config.filetypes import extensions
from mpfcgi.worker import errorpages, ssi
from mpfcgi.worker.deflate import Deflate
from mpfcgi.worker.failures import log_exception
from mpfcgi.worker.handlers import Handler

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle

# Filters that need no Python of the site's: name in lower case -> what makes one for a request. CONTENT_LENGTH is here
# by name alone, as in Apache: the length of a body that is known with its first piece is always told.
BUILT_IN: dict[str, Callable[[Request], OutputStage | None]] = {
    "content_length": lambda req: None,
    "deflate": Deflate,
    "includes": ssi.includes,
}


class Filters:
    """Finds and runs the filters of one `Cycle`'s requests."""

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle

    # -- where filters come from

    def add_by_name(self, req: Request, settings: Settings) -> None:
        """AddInputFilter and AddOutputFilter: filters by the extensions of the file's name, in their order."""
        if req._is_directory or req.filename is None:
            return
        for extension in extensions(req.filename.rpartition("/")[2]):
            _add_all(req.add_input_filter, (settings.get("AddInputFilter") or {}).get(extension))
            _add_all(req.add_output_filter, (settings.get("AddOutputFilter") or {}).get(extension))

    def add_configured(self, req: Request, settings: Settings) -> None:
        """SetInputFilter, SetOutputFilter and AddOutputFilterByType, right before the content."""
        _add_all(req.add_input_filter, settings.get("SetInputFilter"))
        _add_all(req.add_output_filter, settings.get("SetOutputFilter"))
        if by_type := settings.get("AddOutputFilterByType"):
            req._output_chain().add(ByType(req, by_type))

    # -- what a name means

    def output(self, req: Request, name: str) -> OutputStage | None:
        """A stage by the name of its filter: what a handler registered, then the configuration's, then ours.

        None for one that has nothing to do and, with a line in the log, for a name that nobody knows.
        """
        lowered = name.lower()
        if found := self._python(req, name, False):
            return PythonOutput(self, req, *found)
        if lowered in BUILT_IN:
            return BUILT_IN[lowered](req)
        _tell_unknown(req, name)
        return None

    def input(self, req: Request, name: str) -> InputStage | None:
        """The same for a filter of the request body; none of ours is one."""
        if found := self._python(req, name, True):
            return PythonInput(self, req, *found)
        _tell_unknown(req, name)
        return None

    def _python(self, req: Request, name: str, is_input: bool) -> tuple[str, Handler, str | None] | None:
        """A Python filter's name as it is shown, its handler, and the folder that it shows as `dir`."""
        kind = "Input" if is_input else "Output"
        default = f"{kind.lower()}filter"
        registered = (req._registered_filters or {}).get((is_input, name))
        if registered is not None:
            function, directory, beside = registered
            return "mod_python", req._plan.handler_class(function, default, directory or beside), directory
        specs = req._settings.get(f"Python{kind}Filter")
        if specs and (spec := specs.get(name.lower())):
            root = spec.directory or self._cycle.services.document_root(req) or None
            return name.lower(), req._plan.handler_class(spec.handler, default, root), spec.directory
        return None

    # -- running one

    def run(self, handler: Handler, filter: mp_filter, req: Request) -> BaseException | None:
        """Call a filter's function for one piece; what it raised. Its result means nothing, as in mod_python."""
        plan = req._plan
        importer = self._cycle.importer
        # A filter runs inside of the handler that writes or reads, which goes on with its own imports after it.
        scope = importer.scope
        phase, req._phase = req._phase, None
        try:
            self._cycle.set_python_path(plan.python_path)
            function = handler.function
            if function is None:
                rules = plan.imports
                module = importer.load(
                    handler.module, handler.directory, autoreload=rules.autoreload, log=rules.log, path=rules.path
                )
                if handler.objects[0] not in module.__dict__:
                    raise AttributeError(f"module {module.__file__!r} contains no {handler.objects[0]!r}")
                function = handler.find(module, filter)
            function(filter)
        except BaseException as error:
            return error
        finally:
            importer.scope, req._phase = scope, phase
        return None

    def report(self, req: Request, filter: mp_filter, error: BaseException) -> int:
        """A filter has failed: log it. 0 when the traceback is written to the filter, for all to see; or the status."""
        if type(error) is SERVER_RETURN and error.args and type(error.args[0]) is int:
            return error.args[0] if errorpages.is_status(error.args[0]) else HTTP_INTERNAL_SERVER_ERROR
        where = f"{filter.name} {filter.handler}"
        log_exception(req, where, error)
        if isinstance(error, Interrupted):
            return HTTP_GATEWAY_TIME_OUT
        if not req._plan.debug or filter.closed:
            return HTTP_INTERNAL_SERVER_ERROR
        req.status = HTTP_INTERNAL_SERVER_ERROR
        req.content_type = "text/html"
        filter.write(errorpages.traceback_page(where, error))
        return 0


class PythonOutput:
    """A Python filter in the way of one response: its function is called for each piece."""

    order = RESOURCE

    def __init__(self, filters: Filters, req: Request, name: str, handler: Handler, directory: str | None) -> None:
        self._filters, self._req = filters, req
        self._make = partial(mp_filter, req, name, handler.name, directory, False)
        self._handler = handler
        self._passes = self._ended = False
        self._lost: OSError | None = None

    def take(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> None:
        if self._ended:
            # The filter has closed the response before its end: what follows is dropped.
            return
        if self._passes:
            self._give(forward, data, flush, eos)
            return
        filter = self._make()._of_output(data, flush, eos, partial(self._give, forward))
        error = self._filters.run(self._handler, filter, self._req)
        if error is not None:
            self._fail(filter, error)
        self._passes = self._passes or filter._disabled
        # As mod_python does it: what is written is passed on after each call, and goes to the client with it.
        filter.flush()
        if eos:
            self._give(forward, b"", False, True)

    def _give(self, forward: Forward, data: bytes, flush: bool, eos: bool) -> None:
        if self._ended:
            return
        self._ended = eos
        try:
            forward(data, flush, eos)
        except OSError as error:
            self._lost = error
            raise

    def _fail(self, filter: mp_filter, error: BaseException) -> None:
        if error is self._lost:
            # Not the filter's fault: the client is gone, which is for the one who writes to know.
            raise error
        self._passes = True
        status = self._filters.report(self._req, filter, error)
        chain = self._req._chain
        if status and chain is not None:
            chain.failed = status


class PythonInput:
    """A Python filter in the way of one request body: its function is called for each read."""

    order = RESOURCE

    def __init__(self, filters: Filters, req: Request, name: str, handler: Handler, directory: str | None) -> None:
        self._filters, self._req = filters, req
        self._make = partial(mp_filter, req, name, handler.name, directory, True)
        self._handler = handler
        self._passes = self._ended = False
        self._lost: OSError | None = None

    def pull(self, size: int, upstream: Pull) -> tuple[bytes, bool]:
        """As `InputStage`. OSError when the filter fails, so that half a body is not taken for a whole one."""
        if self._ended:
            return b"", True
        if self._passes:
            return upstream(size)
        filter = self._make()._of_input(size, partial(self._fetch, upstream))
        error = self._filters.run(self._handler, filter, self._req)
        if error is not None:
            self._fail(filter, error)
        self._passes = self._passes or filter._disabled
        if error is None:
            # What a filter doesn't read is lost, not read again for ever.
            filter._fetch()
        self._ended = bool(filter.closed) or filter._eos
        return filter._written(), self._ended

    def _fetch(self, upstream: Pull, size: int) -> tuple[bytes, bool]:
        try:
            return upstream(size)
        except OSError as error:
            self._lost = error
            raise

    def _fail(self, filter: mp_filter, error: BaseException) -> None:
        if error is self._lost or type(error) is SERVER_RETURN:
            raise error
        self._passes = True
        if self._filters.report(self._req, filter, error):
            raise OSError(f"the input filter {filter.name} ({filter.handler}) has failed") from error


class ByType:
    """AddOutputFilterByType: waits for the first piece, when the content type is known, and adds the filters for it."""

    order = CONTENT_SET

    def __init__(self, req: Request, rules: dict[str, str]) -> None:
        self._req = req
        self._rules = rules
        self._decided = False

    def take(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> None:
        """As `OutputStage`."""
        self.decide()
        forward(data, flush, eos)

    def decide(self) -> None:
        """The content type is known: put its filters right behind this stage, once."""
        chain = self._req._chain
        if self._decided or chain is None:
            return
        self._decided = True
        if self._req.status != HTTP_OK:
            # As mod_filter: errors and the like go as they are.
            return
        content_type = (self._req.content_type or "").partition(";")[0].strip().lower()
        names = [_names(names) for kind, names in self._rules.items() if _is_of(content_type, kind)]
        stages = [self._req._services.output_filter(self._req, name) for name in joined.from_iterable(names)]
        position = chain.stages.index(self) + 1
        chain.stages[position:position] = [stage for stage in stages if stage is not None]


def settle(req: Request, chain: OutputChain, length: int) -> None:
    """A file of `length` bytes is about to be sent: what can be known of its filters is decided before its conditions are.

    One that no filter is for is sent as without any.
    """
    for stage in list(chain.stages):
        if isinstance(stage, ByType):
            stage.decide()
            chain.stages.remove(stage)
    for stage in list(chain.stages):
        if isinstance(stage, Deflate) and not stage.decide(length):
            chain.stages.remove(stage)
    if not chain.stages:
        req._chain = None


def _is_of(content_type: str, kind: str) -> bool:
    """Whether a type is one that AddOutputFilterByType names; `text/*` and `*` stand for several."""
    return content_type.startswith(kind[:-1]) if kind.endswith("*") else content_type == kind


def _add_all(add: Callable[[str], None], names: str | None) -> None:
    for name in _names(names):
        add(name)


def _names(names: str | None) -> list[str]:
    """`A;B` of a directive; `none` takes back what an outer section set."""
    return [name for name in (names or "").split(";") if name and name.lower() != "none"]


def _tell_unknown(req: Request, name: str) -> None:
    req.log_error(f"an unknown filter was not added: {name}", APLOG_ERR)
