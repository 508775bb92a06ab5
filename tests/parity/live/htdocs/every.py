"""Every phase runs what X-Do says: `fixup=code`; `all=code` does it in all of them. `?seen` shows what was noted."""

import os

from mod_python import apache

ROOT = os.path.dirname(os.path.abspath(__file__))
SEEN = []
RESULTS = {"trans": apache.DECLINED, "type": apache.DECLINED, "content": apache.DECLINED}


def run(req, phase):
    wanted, _, code = (req.headers_in.get("X-Do") or "").partition("=")
    if wanted in (phase, "all"):
        env = {"req": req, "apache": apache, "ROOT": ROOT, "note": lambda *what: SEEN.append((phase, *what))}
        try:
            exec(code, env)
        except apache.SERVER_RETURN:
            raise
        except Exception as error:
            SEEN.append((phase, type(error).__name__))
        if "result" in env:
            return env["result"]
    return RESULTS.get(phase, apache.OK)


def postreadrequesthandler(req):
    return run(req, "post")


def transhandler(req):
    return run(req, "trans")


def headerparserhandler(req):
    return run(req, "header")


def accesshandler(req):
    return run(req, "access")


def typehandler(req):
    return run(req, "type")


def fixuphandler(req):
    return run(req, "fixup")


def loghandler(req):
    return run(req, "log")


def cleanuphandler(req):
    return run(req, "cleanup")


def handler(req):
    if req.args == "seen":
        req.content_type = "text/plain"
        req.write("\n".join(repr(seen).replace(ROOT, "ROOT") for seen in SEEN), 0)
        del SEEN[:]
        return apache.OK
    result = run(req, "content")
    if result == apache.DECLINED and not os.path.isfile(req.filename or "/none"):
        req.content_type = req.content_type or "text/plain"
        req.write("page %s\n" % req.uri, 0)
        return apache.OK
    return result


def shown(filter):
    SEEN.append(("registered", filter.name, filter.handler, filter.dir, filter.req.phase))
    filter.pass_on()


def capitals(filter):
    SEEN.append(("filter", filter.name, filter.dir, filter.req.phase))
    text = filter.read()
    while text:
        filter.write(text.upper())
        text = filter.read()
    if text is None:
        filter.close()
