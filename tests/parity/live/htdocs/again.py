"""Notes which phases are asked of a request and of what it is redirected to; the content handler shows it."""

from mod_python import apache

SEEN = []


def note(req):
    SEEN.append((req.phase, req.uri, req.user, req.ap_auth_type))
    return apache.OK


headerparserhandler = accesshandler = fixuphandler = note


def authenhandler(req):
    password = req.get_basic_auth_pw()
    note(req)
    return apache.OK if password == "eggs" else apache.HTTP_UNAUTHORIZED


def handler(req):
    note(req)
    target = req.args
    if target:
        req.user = "changed"
        req.internal_redirect(target)
        return apache.OK
    req.content_type = "text/plain"
    req.write("\n".join("%r" % (seen,) for seen in SEEN), 0)
    del SEEN[:]
    return apache.OK
