"""Whether requests arrive as their clients sent them: the checks of the way through the front-end.

Some look at the request for the page itself. Others need a request that is made for them, and says so in its query.
"""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import unquote

from mpfcgi.api.text import shown
from mpfcgi.worker.selftest.findings import LOOK, RIGHT, WRONG, Finding, Remedy, Visit
from mpfcgi.worker.selftest.frontends import KEEPERS, missing, remedy

COOKIE = "mpfcgi-selftest"
CONTENT_TYPE = "application/octet-stream"
# Above what nginx (1 MB) and mod_fcgid (128 KB) take by default; above HAProxy's buffer, within the largest that works.
UPLOAD, CHUNKED = 1_500_000, 50_000
# A name with a blank, a plus sign and a letter of two bytes.
ODD_NAME = "a%20b+c%C3%BC"
# Seconds that clocks may differ by: cookies and sessions live for minutes.
DRIFT = 60.0
# Seconds between two parts of an answer.
PAUSE = 0.5
NEEDED = ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR")
WELCOME = ("QUERY_STRING", "SCRIPT_NAME")


def front_end(visit: Visit) -> Finding:
    front = visit.front
    if front.kind:
        named = (
            front.software
            if front.software.lower().startswith(front.kind.lower())
            else f"{front.kind} ({front.software})"
        )
        return Finding(RIGHT, f"{named}: {front.way}")
    if not front.software:
        return Finding(RIGHT, f"none, as for `mpfcgi request`, or one that does not tell its name: {front.way}")
    lines = "mpfcgi frontend nginx|apache|lighttpd|caddy|haproxy -c mpfcgi.conf"
    return Finding(
        LOOK, f"{front.software} is none that is tested: {front.way}", Remedy("a shell, for those that are", lines)
    )


def connection(visit: Visit) -> Finding:
    front = visit.front
    if front.kind in KEEPERS and front.kept is False:
        return Finding(LOOK, "each request makes a connection of its own", remedy("keep", front.kind))
    if front.kept:
        return Finding(RIGHT, "it is kept for the next request")
    return Finding(RIGHT, "one for each request: this front-end knows no other way")


def address(visit: Visit) -> Finding:
    uri = visit.params.get("REQUEST_URI")
    if not uri:
        return Finding(WRONG, "REQUEST_URI is missing", missing(["REQUEST_URI"], visit.front.kind))
    if visit.params.get("QUERY_STRING") and "?" not in uri:
        return Finding(WRONG, "REQUEST_URI has lost its query", remedy("path", visit.front.kind))
    return Finding(RIGHT, shown(uri))


def parameters(visit: Visit) -> Finding:
    lacking = [name for name in NEEDED if not visit.params.get(name)]
    if lacking:
        return Finding(WRONG, f"missing: {', '.join(lacking)}", missing(lacking, visit.front.kind))
    lacking = [name for name in WELCOME if name not in visit.params]
    if lacking and visit.front.software:
        return Finding(LOOK, f"missing: {', '.join(lacking)}", missing(lacking, visit.front.kind))
    return Finding(RIGHT, "all that tell of the request, the server and the client")


def host(visit: Visit) -> Finding:
    came = visit.params.get("HTTP_HOST", "")
    sent = visit.asked.get("host")
    mend = remedy("host", visit.front.kind)
    if not came:
        return Finding(WRONG, "the Host header does not come", mend)
    if sent is not None:
        if came.lower() != sent.lower():
            return Finding(WRONG, f"the client asked for {sent}, and {shown(came)} came", mend)
        return Finding(RIGHT, f"{shown(came)}, as the client sent it")
    port = visit.params.get("SERVER_PORT", "")
    if not came.rpartition("]")[2].partition(":")[2] and port not in ("", "80", "443"):
        return Finding(LOOK, f"{shown(came)} has no port, and the web server listens on {port}", mend)
    return Finding(RIGHT, shown(came))


def https(visit: Visit) -> Finding:
    known = bool(visit.req.is_https())
    seen = "HTTPS" if known else "no HTTPS"
    forwarded = visit.params.get("HTTP_X_FORWARDED_PROTO", "").lower() == "https"
    mend = remedy("forwarded-https" if forwarded else "https", visit.front.kind)
    scheme = visit.asked.get("scheme")
    if scheme is not None:
        if (scheme == "https") != known and visit.req.server.scheme != scheme:
            return Finding(WRONG, f"the client came by {scheme}, and here it is known as {seen}", mend)
        return Finding(RIGHT, f"{seen}, as the client came")
    if known or visit.req.server.scheme == "https":
        return Finding(RIGHT, "HTTPS")
    if visit.params.get("SERVER_PORT") == "443":
        return Finding(WRONG, "the port is 443, and nothing says that it is HTTPS", mend)
    if forwarded:
        return Finding(
            LOOK, "the client seems to have come by HTTPS (X-Forwarded-Proto), and it is not known here", mend
        )
    return Finding(RIGHT, "no HTTPS")


def client(visit: Visit) -> Finding:
    came = visit.params.get("REMOTE_ADDR", "")
    if is_behind_proxy(visit.params):
        seen = f"all clients seem to be {shown(came)}, which is a proxy: Require local, and the like, let everybody in"
        return Finding(WRONG, seen, remedy("client", visit.front.kind))
    return Finding(RIGHT, shown(came)) if came else Finding(WRONG, "REMOTE_ADDR is missing")


def is_behind_proxy(params: dict[str, str]) -> bool:
    """Whether a request that seems to come from this machine was passed on for somebody elsewhere."""
    came = params.get("REMOTE_ADDR", "")
    if not (_is_loopback(came) or came == params.get("SERVER_ADDR")):
        return False
    told = [*params.get("HTTP_X_FORWARDED_FOR", "").split(","), params.get("HTTP_X_REAL_IP", "")]
    others = [text.strip() for text in told if text.strip()]
    return any(other != came and not _is_loopback(other) for other in others) or "HTTP_FORWARDED" in params


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


# -- those that take a request of their own


def authorization(visit: Visit) -> Finding | None:
    value = visit.params.get("HTTP_AUTHORIZATION")
    if value:
        return Finding(RIGHT, f"it comes, of the scheme {shown(value.partition(' ')[0])[:20]}")
    if not visit.asks_for("authorization"):
        return None
    return Finding(WRONG, "it was sent, and did not come: no password works", remedy("authorization", visit.front.kind))


def cookies(visit: Visit) -> Finding | None:
    if not visit.asks_for("cookies"):
        return None
    wanted = f"{COOKIE}={visit.asked.get('value', '')}"
    if wanted in [pair.strip() for pair in visit.params.get("HTTP_COOKIE", "").split(";")]:
        return Finding(RIGHT, "a cookie comes back")
    return Finding(
        WRONG, "a cookie was set, and did not come back: no session works", remedy("cookies", visit.front.kind)
    )


def body(visit: Visit) -> Finding | None:
    return _body(visit, "body")


def chunked(visit: Visit) -> Finding | None:
    return _body(visit, "chunked")


def _body(visit: Visit, name: str) -> Finding | None:
    if not visit.asks_for(name):
        return None
    sent = visit.asked.get("bytes", "")
    came = 0
    while data := visit.req.read(1 << 16):
        came += len(data)
    if str(came) != sent:
        return Finding(WRONG, f"{sent} bytes were sent, and {came} came", remedy(name, visit.front.kind))
    kind = visit.params.get("CONTENT_TYPE", "")
    if kind != CONTENT_TYPE:
        seen = f"all {came} bytes came, but their type, {CONTENT_TYPE}, did not: no form works"
        return Finding(WRONG, seen, remedy("type", visit.front.kind))
    return Finding(RIGHT, f"all {came} bytes came")


def path(visit: Visit) -> Finding | None:
    if not visit.asks_for("path"):
        return None
    came = visit.params.get("REQUEST_URI", "").partition("?")[0]
    if not came.endswith("/" + ODD_NAME):
        seen = f"/{ODD_NAME} was asked for, and {shown(came) or 'nothing'} came"
        return Finding(WRONG, seen, remedy("path", visit.front.kind))
    if not visit.req.uri.endswith("/" + unquote(ODD_NAME)):
        seen = f"/{ODD_NAME} came, and was rewritten to {visit.req.uri} before"
        return Finding(WRONG, seen, Remedy("mpfcgi.conf, take away", "FrontEndRewrites On"))
    return Finding(RIGHT, f"/{ODD_NAME} came as it was sent")


def stream(visit: Visit) -> None:
    """What comes of `send_parts` only the client can tell."""


def send_parts(visit: Visit) -> None:
    """An answer in two parts, of a type that nobody holds back who knows what is good."""
    visit.req.content_type = "text/event-stream"
    visit.req.write("data: the first part\n\n")
    visit.req.flush()
    time.sleep(PAUSE)
    visit.req.write("data: the second part\n\n")


def clock(visit: Visit) -> Finding | None:
    if not visit.asks_for("clock"):
        return None
    try:
        ahead = time.time() - float(visit.asked.get("now", ""))
    except ValueError:
        return None
    if abs(ahead) > DRIFT:
        where, when = ("ahead of", "early") if ahead > 0 else ("behind", "late")
        seen = f"{abs(ahead):.0f} s {where} the client's: cookies and sessions end too {when}"
        return Finding(LOOK, seen, remedy("clock", visit.front.kind))
    return Finding(RIGHT, f"within {DRIFT:.0f} s of the client's")
