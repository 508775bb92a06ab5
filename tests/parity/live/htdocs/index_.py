"""What requests for a folder and its index file go through."""

from mod_python import apache


def mark(req, phase):
    trail = req.err_headers_out.get("X-Trail", "")
    req.err_headers_out["X-Trail"] = (trail + " %s(%s,%d)" % (phase, req.uri, bool(req.main))).strip()
    return apache.OK


def headerparserhandler(req):
    return mark(req, "header")


def fixuphandler(req):
    return mark(req, "fixup")


def handler(req):
    req.content_type = "text/plain"
    req.write("%r\n" % ((req.uri, req.main, req.prev and req.prev.uri, req.args, req.method),), 0)
    return apache.OK
