"""Evaluates the query string's or a header's expressions with the library's modules at hand."""

import os
from urllib.parse import unquote

from mod_python import Cookie, Session, apache, psp, util

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "library")


def text(value):
    """Names and values of forms as text: the real module gives bytes for some of them."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, util.Field):
        return [value.name, value.filename, value.type, value.disposition, text(value.value)]
    if isinstance(value, (list, tuple)):
        return [text(part) for part in value]
    if isinstance(value, dict):
        return {text(key): text(part) for key, part in value.items()}
    return value


def take(name="", many=(), *, only=None):
    return name, many, only


def takes_all(**fields):
    return sorted(text(list(fields.items())), key=lambda item: item[0])


def handler(req):
    req.content_type = "text/plain"
    env = {
        "req": req, "apache": apache, "util": util, "Cookie": Cookie, "Session": Session, "psp": psp, "text": text,
        "folder": FOLDER, "take": take, "takes_all": takes_all,
    }
    lines = []
    for expression in unquote(req.headers_in["X-Expressions"]).split("|"):
        try:
            if expression.startswith("!"):
                exec(expression[1:], env)
                continue
            value = eval(expression, env)
        except apache.SERVER_RETURN:
            raise
        except Exception as error:
            lines.append("%s !! %s" % (expression, type(error).__name__))
        else:
            lines.append("%s = %s %r" % (expression, type(value).__name__, value))
    req.write("\n".join(lines) + "\n", 0)
    return apache.OK
