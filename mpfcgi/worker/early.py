"""The phases before a request's file is known, in an interpreter of their own (manual 4.1).

Which interpreter a request belongs to may only be known with its file. Post-read, init and trans handlers run before,
in the host's interpreter, `main_interpreter` under PythonInterpPerDirectory and PythonInterpPerDirective. Here that is
another pool: a worker of it runs them (`begin`), and what they have changed travels with the connection, as a
parameter, to the request's own pool, where the other phases see it (`resume`).
"""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING, Any, NamedTuple

from mpfcgi.api import Request, Table
from mpfcgi.api.constants import DECLINED, DONE, HTTP_BAD_REQUEST, HTTP_INTERNAL_SERVER_ERROR, HTTP_NOT_FOUND, OK
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.api.unique_id import environment
from mpfcgi.fastcgi import Pairs
from mpfcgi.ipc import handoff
from mpfcgi.worker.failures import log_exception
from mpfcgi.worker.plan import GO_ON, INIT, POST_READ, TRANS

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.site import Site

# Of this process, or made anew.
_STAYS = frozenset((
    "_exchange", "_params", "_server", "_services", "_settings", "_connection", "_prev", "_main", "_next", "_plan",
    "_spec", "_phase", "_cleanups", "_replaced", "_resource", "_stat", "_finfo",
))  # fmt: skip
# What is not in slots, in the dictionary that mod_python's request does not show.
_dictionary_of: Any = next(
    base.__dict__["__dict__"] for base in Request.__mro__[1:] if "__dict__" in vars(base)
).__get__


class Outcome(NamedTuple):
    """Where a request goes on, and its changes as text."""

    interpreter: str
    state: str


class _Collected(MemoryExchange):
    """Keeps what early handlers send. The body is still on its way."""

    def read(self, size: int = -1, /) -> bytes:
        raise OSError(
            "the request body can't be read yet: these phases run in an interpreter of their own (manual 4.1)"
        )

    readline = read


def run(cycle: Cycle, req: Request, site: Site) -> int:
    """Init, post-read and trans; the last result, or the first that ends the request.

    Whether trans handlers found the file is seen by `req.filename`.
    """
    for phase in (INIT, POST_READ):
        status = cycle.run_phase(phase, req, site.plan)
        if status not in GO_ON:
            return status
    return _translate(cycle, req, site)


def of_subrequest(cycle: Cycle, req: Request, site: Site) -> int:
    """Trans alone, unless the file is known already or the handlers are another interpreter's."""
    if req._filename is not None or site.early_interpreter not in (None, cycle.services.name):
        return DECLINED
    return _translate(cycle, req, site)


def _translate(cycle: Cycle, req: Request, site: Site) -> int:
    if cycle.resolver.in_alias(site.server, req.uri):
        return DECLINED
    uri = req.uri
    status = cycle.run_phase(TRANS, req, site.plan)
    if status == OK and req.filename is None:
        # A trans handler said that it found the file, and names none.
        return HTTP_NOT_FOUND
    if status == DECLINED:
        # What it named is nothing then; and aliases were looked for before it changed the URI.
        req._filename = None
        if req.uri != uri:
            path = cycle.resolver.in_root(site.server, req.uri, req._params.get("DOCUMENT_ROOT", ""), "")
            req._filename = path or None
    return status


def begin(cycle: Cycle, params: Pairs, role: int) -> Outcome:
    """Run the early phases of a request whose body has not been read."""
    head = cycle.sites.head(params)
    exchange = _Collected(params, role=role)
    cycle.importer.new_request()
    req = head.site.request(exchange, head)  # type: ignore[arg-type]
    req._plan = head.site.plan
    interpreter = cycle.services.name
    status = head.status
    try:
        if not status:
            status = run(cycle, req, head.site)
        if req.next is not None:
            cycle.finish_collected(req)
            status = DONE
        elif status in GO_ON:
            interpreter = cycle.locate(req, head.site)[0].interpreter
    except Exception as error:
        log_exception(req, "mpfcgi", error)
        status = HTTP_INTERNAL_SERVER_ERROR
    state = _state(req, status, exchange.response)
    if req._next is not None:
        cycle.clean(req._next)
    if req._cleanups:
        cycle.failures.run_cleanups(req)
    return Outcome(interpreter, state)


def resume(req: Request, state: str) -> int:
    """Give a request what its early phases have changed: 0 to go on, or their result; 400 for what is no state."""
    try:
        values, tables, notes, status, sent = literal_eval(state)
        changed = {**values, **{name: Table.of_raw(items) for name, items in tables.items()}}
        if "_subprocess_env" in tables:
            changed["_subprocess_env"] = environment(req, tables["_subprocess_env"])
        req.connection.notes.update(dict(notes))
        if sent:
            req._exchange.write(sent)
    except (ValueError, TypeError, SyntaxError, AttributeError, MemoryError, RecursionError):
        # Only a front-end could have sent it.
        req.log_error(f"the parameter {handoff.STATE} is not one of ours")
        return HTTP_BAD_REQUEST
    except OSError:
        # The front-end is gone: the end of the request will notice.
        return DONE
    dictionary = _dictionary_of(req)
    for name, value in changed.items():
        if name in Request.__slots__ and name not in _STAYS:
            setattr(req, name, value)
        elif name not in _STAYS:
            dictionary[name] = value
    req._early_over = True
    return 0 if status in GO_ON else int(status)


def _state(req: Request, status: int, sent: bytes) -> str:
    values, tables = {}, {}
    slots = {name: getattr(req, name) for name in Request.__slots__ if name not in _STAYS}
    for name, value in (*slots.items(), *_dictionary_of(req).items()):
        if name in _STAYS:
            continue
        if isinstance(value, Table):
            tables[name] = value.items()
        elif _is_plain(value):
            values[name] = value
        else:
            req.log_error(
                f"req.{name.lstrip('_')} can't go on into the request's own interpreter: only text, numbers, and lists "
                f"and the like of them do, and this has a {type(value).__name__}"
            )
    notes = req._connection.notes.items() if req._connection is not None else []
    return ascii((values, tables, notes, status, sent))


def _is_plain(value: object) -> bool:
    """Whether a value is the same when it has been text."""
    try:
        return bool(literal_eval(ascii(value)) == value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
