"""What a log handler finds of the response: written beside the logs."""

import os

from mod_python import apache

NOT_COMPARED = ("Connection", "Transfer-Encoding")


def loghandler(req):
    headers = sorted(name for name in req.headers_out.keys() if name not in NOT_COMPARED)
    values = (
        req.uri, req.status, req.status_line, bool(req.bytes_sent and not req.header_only), req.method, req.user, headers,
        req.err_headers_out.keys(), req.content_type, req.handler, bool(req.next), bool(req.prev),
    )  # fmt: skip
    descriptor = os.open(req.get_options()["logged"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, ("%s|%r\n" % (req.headers_in["X-Name"], values)).encode())
    os.close(descriptor)
    return apache.OK
