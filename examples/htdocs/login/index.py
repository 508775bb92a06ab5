"""Logging in with a form: the session knows who it is until he logs out (manual 4.8)."""

import hmac
from html import escape

from mod_python import Session, util

PASSWORDS = {"spam": "eggs"}  # a real site keeps hashes

HEAD = '<!doctype html>\n<title>Members</title>\n<link rel="stylesheet" href="/style.css">\n'
FORM = """<h1>Members only</h1>
<p class="lead">{message}</p>
<form action="/login/enter" method="post">
  <p><input name="name" placeholder="spam"> <input name="password" type="password" placeholder="eggs">
  <button>Log in</button></p>
</form>
"""
INSIDE = """<h1>Welcome, <span id="who">{name}</span></h1>
<form action="/login/leave" method="post"><button>Log out</button></form>
"""
FOOT = '<p><a href="/">Back to the index</a></p>\n</html>\n'


def index(req):
    name = Session.Session(req).get("name")
    return page(req, INSIDE.format(name=escape(name)) if name else FORM.format(message="Who are you?"))


def enter(req, name="", password=""):
    if not hmac.compare_digest(PASSWORDS.get(name, "").encode(), password.encode()) or name not in PASSWORDS:
        return page(req, FORM.format(message="This is not the name, or not the password."))
    # Who had an id before the password was known doesn't get in with it: the old session ends, a new one begins.
    Session.Session(req).invalidate()
    session = Session.Session(req)
    session["name"] = name
    session.save()
    util.redirect(req, "/login/")


def leave(req):
    Session.Session(req).invalidate()
    util.redirect(req, "/login/")


def page(req, body):
    req.content_type = "text/html; charset=utf-8"
    return HEAD + body + FOOT
