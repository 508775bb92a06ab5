"""A hit counter: a session keeps its number for each browser (manual 4.8.2)."""

from mod_python import Session, apache, util

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hits</title>
<link rel="stylesheet" href="/style.css">
<h1>Hits: <span id="hits">{hits}</span></h1>
<p>{greeting} Load the page again, from another browser too: each counts for itself, whichever worker answers.</p>
<p><a href="hits.py">again</a> · <a href="hits.py?forget">forget me</a></p>
</html>
"""


def handler(req):
    # No other request has this session until this one is over.
    session = Session.Session(req)
    if req.args == "forget":
        session.invalidate()
        util.redirect(req, "hits.py")
    session["hits"] = session.get("hits", 0) + 1
    session.save()
    req.content_type = "text/html; charset=utf-8"
    req.write(PAGE.format(hits=session["hits"], greeting="Nice to meet you." if session.is_new() else "Welcome back."))
    return apache.OK
