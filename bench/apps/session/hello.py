"""A session counter; what it answers is the same each time, so that rows can be compared."""

from mod_python import Session, apache


def handler(req):
    session = Session.Session(req)
    session["hits"] = session.get("hits", 0) + 1
    session.save()
    req.content_type = "text/plain"
    req.write("Hello World!")
    return apache.OK
