"""Fails, to show what an author sees: the traceback in the page here, and in the error log always."""

from mod_python import apache


def handler(req):
    req.content_type = "text/plain"
    req.write(f"{divide(1, 0)}\n")
    return apache.OK


def divide(a, b):
    return a / b
