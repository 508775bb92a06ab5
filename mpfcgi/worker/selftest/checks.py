"""All checks, in the order of the page."""

from __future__ import annotations

from mpfcgi.worker.selftest import arrivals, surroundings
from mpfcgi.worker.selftest.arrivals import CHUNKED, CONTENT_TYPE, COOKIE, ODD_NAME, UPLOAD
from mpfcgi.worker.selftest.findings import Check

_SEND = f"-H 'Content-Type: {CONTENT_TYPE}'"
# fmt: off
CHECKS = (
    Check("front-end", "Web server", arrivals.front_end),
    Check("connection", "Its connection", arrivals.connection),
    Check("address", "Address of the request", arrivals.address),
    Check("parameters", "Parameters", arrivals.parameters),
    Check("host", "Host and port", arrivals.host),
    Check("https", "HTTPS", arrivals.https),
    Check("client", "Address of the client", arrivals.client),
    Check("path", "Encoded addresses", arrivals.path, f"curl '{{url}}/{ODD_NAME}?check=path'"),
    Check("authorization", "Passwords (Authorization)", arrivals.authorization,
          "curl -u mpfcgi:selftest '{url}?check=authorization'"),
    Check("cookies", "Cookies", arrivals.cookies, f"curl -b {COOKIE}=1 '{{url}}?check=cookies&value=1'"),
    Check("body", "Uploads", arrivals.body,
          f"head -c {UPLOAD} /dev/zero | curl {_SEND} --data-binary @- '{{url}}?check=body&bytes={UPLOAD}'"),
    Check("chunked", "Uploads of unknown length", arrivals.chunked,
          f"head -c {CHUNKED} /dev/zero | curl -X POST {_SEND} -T - '{{url}}?check=chunked&bytes={CHUNKED}'"),
    Check("stream", "Answers in parts", arrivals.stream, "curl -N '{url}?check=stream'"),
    Check("clock", "Clock", arrivals.clock, "curl '{url}?check=clock&now='$(date +%s)"),
    Check("user", "User", surroundings.user),
    Check("document-root", "DocumentRoot", surroundings.document_root),
    Check("sessions", "Sessions", surroundings.sessions),
    Check("locks", "Locks of sessions", surroundings.locks),
    Check("error-log", "Error log", surroundings.error_log),
    Check("room", "Room for uploads", surroundings.room),
    Check("limits", "Limits of the system", surroundings.limits),
)
# fmt: on
BY_NAME = {check.name: check for check in CHECKS}
