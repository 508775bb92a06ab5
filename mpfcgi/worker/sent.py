"""What was sent, as log handlers and access logs find it in Apache: in the members of the request that has answered."""

from __future__ import annotations

from mpfcgi.api import Request
from mpfcgi.api.output import NO_BODY


def show(req: Request) -> None:
    """Make a request's tables, status line and length those of the response, once that is out."""
    if req._sent_shown or req._lost or not req._head_sent:
        return
    req._sent_shown = True
    for name, value in req.headers_out.items():
        req.err_headers_out.add(name, value)
    # A handler may have kept the table.
    req.headers_out.clear()
    for name, value in req.err_headers_out.items():
        req.headers_out.add(name, value)
    req.err_headers_out.clear()
    if not req._sent_bodyct and not req._header_only and req._status not in NO_BODY:
        # The head was made when the body was whole.
        req.set_content_length(req._bytes_sent)
        req._sent_bodyct = 1
    if req._content_type is not None:
        req.headers_out["Content-Type"] = req._content_type
    req._status_line = req.status_line
