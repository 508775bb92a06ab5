"""Every phase writes its name into X-Trail; X-Do says what one of them returns: `access=403`, `fixup=write:DONE`."""

from mod_python import apache

RESULTS = {"OK": apache.OK, "DECLINED": apache.DECLINED, "DONE": apache.DONE}


def run(req, phase, result):
    if not req.uri.startswith("/phases"):
        return result
    known = [name for name in ("phase", "filename", "user") if getattr(req, name) is not None]
    trail = req.err_headers_out.get("X-Trail", "")
    req.err_headers_out["X-Trail"] = (trail + " %s(%s)" % (phase, ",".join(known))).strip()
    name, _, what = (req.headers_in.get("X-Do") or "").partition("=")
    if name != phase:
        return result
    if what.startswith("write:"):
        what = what[6:]
        req.content_type = "text/plain"
        req.write("written by %s\n" % phase, 0)
    if what.startswith("raise:"):
        raise ValueError(what[6:])
    return RESULTS[what] if what in RESULTS else int(what)


def postreadrequesthandler(req):
    if req.uri.startswith(("/perdir", "/named")):
        # Their other phases run in another interpreter, where this is seen all the same.
        req.headers_out["X-Early"] = "%s %s" % (req.interpreter, apache.interpreter)
        req.notes["early"] = "yes"
        req.early = [1, "two", (3, b"4")]
    return run(req, "post", apache.OK)


def transhandler(req):
    return run(req, "trans", apache.DECLINED)


def headerparserhandler(req):
    return run(req, "header", apache.OK)


def accesshandler(req):
    return run(req, "access", apache.OK)


def typehandler(req):
    return run(req, "type", apache.DECLINED)


def fixuphandler(req):
    return run(req, "fixup", apache.OK)


def handler(req):
    req.content_type = "text/plain"
    if req.prev is None and "X-Redirect" in req.headers_in:
        req.internal_redirect(req.headers_in["X-Redirect"])
        return apache.OK
    result = run(req, "content", None)
    if result is not None:
        return result
    req.write("content\n", 0)
    return apache.OK


def loghandler(req):
    return run(req, "log", apache.OK)
