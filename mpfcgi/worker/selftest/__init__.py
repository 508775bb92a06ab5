"""`SetHandler mpfcgi-selftest`: whether all is right between the web server, this worker and what is around it.

For who opens the first address of a new site: a page, the same as text (?text) and as JSON (?json). Each check says what it
has seen, and, where that is not right, what to write where. Those that take a request of their own are made by the page's
script, or by the command that is shown with them, as ?check=NAME; their answer is one finding as JSON. Who may see it is
up to the access rules of the place where the handler is set. It shows no secrets: no environment, no values of headers.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mpfcgi import __version__
from mpfcgi.api import Request
from mpfcgi.api.constants import HTTP_FORBIDDEN, HTTP_METHOD_NOT_ALLOWED, HTTP_NOT_FOUND, OK
from mpfcgi.api.text import quoted_uri
from mpfcgi.worker.selftest import arrivals, checks, frontends, page
from mpfcgi.worker.selftest.findings import Check, Finding, Visit

if TYPE_CHECKING:
    from mpfcgi.worker.services import WorkerServices

READING = ("GET", "HEAD")
SENDING = ("POST", "PUT")


def serve(req: Request, services: WorkerServices) -> int:
    """Answer with the form, or the one check, that the query asks for."""
    # A front-end that loses one of the two is to be told so here.
    query = req._params.get("QUERY_STRING") or req.args or ""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    allowed = READING + SENDING if asked.get("check") in ("body", "chunked") else READING
    if req.method not in allowed:
        req._allow = allowed
        return HTTP_METHOD_NOT_ALLOWED
    if _lets_everybody_in(req):
        req.log_error(
            f"the self-test is not shown: the rules for {req.uri} see the address of a proxy, {req._params['REMOTE_ADDR']}, "
            "and not the client's (X-Forwarded-For); have the web server take that, or ask for a password"
        )
        return HTTP_FORBIDDEN
    req.headers_out["Cache-Control"] = "no-store"
    req.headers_out["X-Content-Type-Options"] = "nosniff"
    visit = Visit(req, services, frontends.recognise(req, services.alone), asked)
    if "check" in asked:
        return _one(visit, asked["check"])
    return _all(visit)


def _lets_everybody_in(req: Request) -> bool:
    """Whether rules that look at addresses, such as `Require local`, see a proxy's and not the client's."""
    return req._plan.guarded and not req.user and arrivals.is_behind_proxy(req._params)


def _one(visit: Visit, name: str) -> int:
    check = checks.BY_NAME.get(name)
    if check is None:
        return HTTP_NOT_FOUND
    if name == "stream":
        arrivals.send_parts(visit)
        return OK
    _write_json(visit.req, _told(check, check.find(visit)))
    return OK


def _all(visit: Visit) -> int:
    req = visit.req
    report = _report(visit)
    if "json" in visit.asked:
        _write_json(req, report)
    elif "text" in visit.asked:
        req.content_type = "text/plain; charset=utf-8"
        req.write(page.text(report))
    else:
        nonce, value = secrets.token_urlsafe(12), secrets.token_hex(8)
        req.headers_out.add("Set-Cookie", f"{arrivals.COOKIE}={value}; Max-Age=600; HttpOnly; SameSite=Strict")
        req.headers_out["Content-Security-Policy"] = (
            f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
        )
        req.content_type = "text/html; charset=utf-8"
        req.write(page.page(report, nonce, value))
    return OK


def _report(visit: Visit) -> dict[str, Any]:
    services = visit.services
    pool = services.pool
    # As a shell has it within single quotes.
    url = visit.req.construct_url(quoted_uri(visit.req.uri).rstrip("/")).replace("'", "'\\''")
    found = [(check, check.find(visit)) for check in checks.CHECKS]
    return {
        "version": __version__,
        "python": f"{sys.version.split()[0]} in {sys.prefix}",
        "config": services.config.file,
        "pool": services.name,
        "manager": "one process" if services.alone else pool.process_manager,
        "most": 1 if services.alone else pool.max_processes,
        "checks": [_told(check, finding) for check, finding in found if finding is not None],
        "further": [_further(check, url, visit) for check, finding in found if finding is None],
    }


def _told(check: Check, finding: Finding | None) -> dict[str, Any]:
    if finding is None:
        return {"name": check.name, "title": check.title, "verdict": None, "seen": "", "remedy": None}
    told = {"name": check.name, "title": check.title, "verdict": finding.verdict, "seen": finding.seen}
    return {**told, "remedy": None if finding.remedy is None else vars(finding.remedy)}


def _further(check: Check, url: str, visit: Visit) -> dict[str, Any]:
    """A check that is still to be made: by which command, and what to write if that gets no answer, or another one."""
    remedy = frontends.remedy(check.name, visit.front.kind)
    return {
        "name": check.name, "title": check.title, "curl": check.curl.replace("{url}", url),
        "remedy": None if remedy is None else vars(remedy),
    }  # fmt: skip


def _write_json(req: Request, value: Any) -> None:
    req.content_type = "application/json"
    req.write(json.dumps(value, indent=1) + "\n")
