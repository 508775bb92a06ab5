"""The two roles beside the Responder: the Authorizer and the Filter (FastCGI 6.3 and 6.4).

An Authorizer says whether a request may go on: the phases up to authz run, and the answer is 200 with `Variable-`
headers, or the denial as the client is to see it. The parameter FCGI_ROLE asks for the same where a front-end knows
the Responder only (nginx's auth_request). A Filter's content is what comes as FCGI_DATA, in the way of the output
filters; its content handlers do not run.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from mpfcgi.api import Request, Table
from mpfcgi.api.constants import DONE, HTTP_BAD_REQUEST, HTTP_FORBIDDEN, HTTP_OK, OK
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.api.text import shown, wire_bytes
from mpfcgi.fastcgi import AUTHORIZER, Pairs, cgi_head
from mpfcgi.ipc import handoff
from mpfcgi.worker import access, early
from mpfcgi.worker.exchange import Exchange
from mpfcgi.worker.plan import GO_ON

if TYPE_CHECKING:
    from mpfcgi.worker.body import SpooledBody
    from mpfcgi.worker.phases import Cycle
    from mpfcgi.worker.plain_http import HttpExchange
    from mpfcgi.worker.site import Head, Site

PIECE = 64 * 1024
_TOKEN = re.compile(r"[A-Za-z0-9_.-]+")
_LINE_BREAK = re.compile(rb"[\r\n]")


def serve(cycle: Cycle, exchange: Exchange | HttpExchange, head: Head) -> None:
    """Answer a request whose `head.role` is not the Responder's."""
    if head.role == "AUTHORIZER":
        _authorize(cycle, exchange, head)
    elif isinstance(exchange, Exchange) and exchange.data is not None:
        _filter(cycle, exchange, exchange.data, head)
    else:
        cycle.services.log_connection("request refused: FCGI_ROLE is FILTER, and there is no FCGI_DATA")
        cycle.refuse(exchange, HTTP_BAD_REQUEST)


# -- Authorizer


class _Collected(MemoryExchange):
    """Keeps a response until it is known whether it is a denial."""

    cut = False
    front_end = False

    def finish(self) -> None:
        pass

    def break_off(self) -> None:
        self.cut = True


def _authorize(cycle: Cycle, exchange: Exchange | HttpExchange, head: Head) -> None:
    collected = _Collected(_with_credentials(exchange.params), role=AUTHORIZER)
    site = head.site
    req = site.request(collected, head)  # type: ignore[arg-type]
    req._plan = site.plan
    allowed = False
    try:
        status = head.status or _resumed(req, site) or _ask(cycle, req, site)
        allowed = status == OK
        if not allowed and status != DONE:
            cycle.failures.die(req, status)
    except Exception as error:
        cycle.failures.in_server(req, site, error)
    if allowed and not collected.sent and req.next is None:
        _send(exchange, _permission(req))
        cycle.clean(req)
        return
    cycle.finish(req, collected)  # type: ignore[arg-type]
    if _is_denial(collected):
        _send(exchange, collected.response)
    else:
        # 200 would let the client in, and this content is not what it asked for.
        req.log_error(f"a handler has answered itself, with 200, where it is only asked for permission: {req.uri}")
        cycle.refuse(exchange, HTTP_FORBIDDEN)
    cycle.after(req, site)


def _resumed(req: Request, site: Site) -> int:
    """The result of early phases that ran in another interpreter; 0 to go on."""
    if site.early_interpreter is None or handoff.STATE not in req._params:
        return OK
    return early.resume(req, req._params[handoff.STATE])


def _ask(cycle: Cycle, req: Request, site: Site) -> int:
    """The phases up to authz, or those that this question of Apache's is for; OK or what to answer."""
    status = cycle.find_file(req, site)
    if status not in GO_ON:
        return status
    plan = req._plan
    status = cycle.before_access(req, plan, site)
    if status not in GO_ON:
        return status
    question = req._params.get("FCGI_APACHE_ROLE")
    if question == "ACCESS_CHECKER":
        return _access_only(cycle, req)
    if question == "AUTHENTICATOR":
        return cycle.authenticate(req, plan)
    if question == "AUTHORIZER":
        user = req._params.get("REMOTE_USER")
        req._user = None if not user else shown(user)
        req._ap_auth_type = req._params.get("AUTH_TYPE") or None
        return cycle.authorize(req, plan)
    return cycle.admit(req, plan)


def _access_only(cycle: Cycle, req: Request) -> int:
    """What can be said before anybody knows the user; Apache's own Satisfy combines it with the rest."""
    settings = req._settings
    status = cycle.check_client(req, req._plan)
    if status not in GO_ON or access.satisfies_any(req, settings):
        return OK if status in GO_ON else status
    status = access.check_access(req, settings)
    return OK if status in GO_ON else status


def _with_credentials(params: Pairs) -> Pairs:
    """The parameters with the Authorization header that Apache keeps to itself, and sends as user and password."""
    password = params.get("REMOTE_PASSWD")
    # mod_fcgid names its question; mod_authnz_fcgi asks for user and rights at once, and names none.
    if password is None or params.get("FCGI_APACHE_ROLE", "AUTHENTICATOR") != "AUTHENTICATOR":
        return params
    credentials = f"{params.get('REMOTE_USER', '')}:{password}".encode("latin-1")
    return Pairs({**params, "HTTP_AUTHORIZATION": f"Basic {base64.b64encode(credentials).decode()}"})


def _permission(req: Request) -> bytes:
    lines = [b"Variable-%s: %s" % (name.encode(), value) for name, value in _variables(req) if _TOKEN.fullmatch(name)]
    return b"\r\n".join([b"Status: 200 OK", *(_LINE_BREAK.sub(b" ", line) for line in lines)]) + b"\r\n\r\n"


def _variables(req: Request) -> Iterator[tuple[str, bytes]]:
    """What later requests are to see: the user, and what handlers and the configuration have put into the environment.

    Not what only describes the request: the front-end knows that better.
    """
    own = req._subprocess_env.items() if req._subprocess_env is not None else []
    req._subprocess_env = Table()
    req.add_common_vars()
    req.add_cgi_vars()
    known = req._subprocess_env
    if req.user is not None:
        yield "REMOTE_USER", req.user.encode("utf-8", "surrogateescape")
        yield "AUTH_TYPE", wire_bytes(req.ap_auth_type or req.auth_type() or "Basic")
    for name, value in own:
        if known.get(name) != value and name not in ("REMOTE_USER", "AUTH_TYPE"):
            yield name, wire_bytes(value)


def _is_denial(collected: _Collected) -> bool:
    parsed = cgi_head.parse_head(collected.response)
    return not collected.cut and parsed is not None and parsed[0].status != HTTP_OK


def _send(exchange: Exchange | HttpExchange, response: bytes) -> None:
    try:
        exchange.write(response)
        exchange.finish()
    except OSError:
        exchange.break_off()


# -- Filter


def _filter(cycle: Cycle, exchange: Exchange, data: SpooledBody, head: Head) -> None:
    site = head.site
    req = site.request(exchange, head)
    status = head.status or _resumed(req, site)
    content: Callable[[Request], int] = partial(_pass_data, data)
    cycle.answer(req, site, status, partial(_process, cycle, content))
    cycle.finish(req, exchange)
    data.close()
    cycle.after(req, site)


def _process(cycle: Cycle, content: Callable[[Request], int], req: Request, site: Site) -> int:
    status = cycle.up_to_fixup(req, site)
    if status not in GO_ON:
        return status
    if req._plan.filtered:
        cycle.filters.add_configured(req, req._plan.settings)
    return content(req)


def _pass_data(data: SpooledBody, req: Request) -> int:
    """Write FCGI_DATA as the response, unless the client has it already."""
    promised = _number(req, "FCGI_DATA_LENGTH")
    if promised is not None and promised != data.length:
        req.log_error(f"FCGI_DATA has {data.length} bytes, where FCGI_DATA_LENGTH says {promised}")
        return HTTP_BAD_REQUEST
    modified = _number(req, "FCGI_DATA_LAST_MOD")
    if modified:
        req.update_mtime(modified)
        req.set_last_modified()
        status = req.meets_conditions()
        if status != OK:
            req.status = status
            return status
    while piece := data.read(PIECE):
        req.write(piece, 0)
    return OK


def _number(req: Request, name: str) -> int | None:
    text = req._params.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() else None
