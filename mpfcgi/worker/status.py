"""`SetHandler mpfcgi-status`: what the daemon does, as a page, as JSON (?json) and for Prometheus (?metrics).

The supervisor is asked on its control socket. Where it has none, or a worker may not ask, the page shows what the shared
scoreboard says: workers, states and requests, but no queues and no reasons for endings. Who may see it is up to the access
rules of the place where the handler is set; it shows the addresses of other people's requests.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from time import monotonic
from typing import TYPE_CHECKING, Any

from mpfcgi import __version__
from mpfcgi.api import Request
from mpfcgi.api.constants import HTTP_METHOD_NOT_ALLOWED, OK
from mpfcgi.ipc import console
from mpfcgi.ipc.figures import add_figures
from mpfcgi.ipc.scoreboard import BUSY, STATE_NAMES

if TYPE_CHECKING:
    from mpfcgi.worker.services import WorkerServices

# Seconds for the supervisor's answer.
PATIENCE = 3.0


def serve(req: Request, services: WorkerServices) -> int:
    """Answer with the form that the query asks for."""
    if req.method not in ("GET", "HEAD"):
        req._allow = ("GET", "HEAD")
        return HTTP_METHOD_NOT_ALLOWED
    report = _report(services)
    add_figures(report)
    headers = req.headers_out
    headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    form = (req.args or "").partition("&")[0]
    if form == "json":
        req.content_type = "application/json"
        req.write(json.dumps(report, indent=1) + "\n")
    elif form == "metrics":
        from mpfcgi.worker import status_metrics

        body, req.content_type = status_metrics.render(report, req.headers_in.get("Accept") or "")
        req.write(body)
    else:
        from mpfcgi.worker import status_page

        nonce = secrets.token_urlsafe(12)
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
        )
        req.content_type = "text/html; charset=utf-8"
        text = status_page.rows(report) if form == "rows" else status_page.page(report, nonce)
        # Pools may have names of folders, which need not be UTF-8.
        req.write(text.encode("utf-8", "backslashreplace"))
    return OK


def _report(services: WorkerServices) -> dict[str, Any]:
    path = services.config.control_socket
    why = "it is one process (-X)" if services.alone else "ControlSocket is Off"
    if path and not services.alone:
        try:
            report = console.ask(path, "status", PATIENCE)
        except console.NotRunning:
            why = "its control socket is not there"
        except (console.NoAnswer, OSError, ValueError) as error:
            why = str(error)
        else:
            del report["ok"]
            return report
    return from_scoreboard(services, f"The supervisor could not be asked: {why}. This is what the workers have noted.")


def from_scoreboard(services: WorkerServices, note: str) -> dict[str, Any]:
    """The same, as far as a worker can know it by itself."""
    now = monotonic()
    pools: dict[str, dict[str, Any]] = {}
    for slot in services.slot.board():
        busy = slot.state == BUSY
        pool = pools.setdefault(
            slot.pool,
            {"name": slot.pool, "python": None, "manager": None, "most": None, "wanted": None, "workers": [], "queue": None,
             "queue_length": None, "backing_off": 0, "rate": None, "ended": {}},
        )  # fmt: skip
        pool["workers"].append({
            "pid": slot.pid, "age": round(now - slot.started, 1), "state": STATE_NAMES[slot.state],
            "generation": slot.generation, "requests": slot.requests, "connections": slot.connections,
            "request": slot.line if busy else None,
            "request_age": round(max(now - slot.since, 0.0), 3) if busy else None,
        })  # fmt: skip
    for pool in pools.values():
        states = [worker["state"] for worker in pool["workers"]]
        pool["busy"], pool["idle"] = states.count("busy"), states.count("idle")
        pool["requests"] = sum(worker["requests"] for worker in pool["workers"])
    return {
        "note": note, "version": __version__, "pid": os.getppid(), "config": services.config.file, "state": "unknown",
        "generation": services.generation, "upgrades": None, "started": services.started, "now": time.time(),
        "pools": list(pools.values()), "others": [], "endings": [],
    }  # fmt: skip
