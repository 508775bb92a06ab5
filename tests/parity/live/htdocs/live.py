"""Runs what the query string names, and writes what it gives: `expr` or one of the functions below."""

import os
from urllib.parse import unquote

from mod_python import apache, util

ROOT = os.path.dirname(os.path.abspath(__file__))


def show(req, text, call):
    try:
        value = call()
    except apache.SERVER_RETURN:
        raise
    except Exception as error:
        req.write("%s !! %s\n" % (text, type(error).__name__), 0)
    else:
        req.write("%s = %s %r\n" % (text, type(value).__name__, value), 0)


def handler(req):
    name, _, rest = (req.args or "").partition("&")
    if name == "expr":
        req.content_type = "text/plain"
        env = {"req": req, "apache": apache, "util": util, "os": os, "root": ROOT}
        for text in unquote(rest).split("|"):
            if text.startswith("!"):
                exec(text[1:], env)
            else:
                show(req, text, lambda text=text: eval(text, env))
        return apache.OK
    if name:
        return globals()["do_" + name](req, unquote(rest))
    req.content_type = "text/plain"
    req.write("%s %s" % (req.method, req.uri), 0)
    return apache.OK


def place(req):
    req.content_type = "text/plain"
    h = req.hlist
    values = req.uri, req.filename, req.path_info, h.handler, h.directory, h.is_location, h.silent
    req.write("%r\n" % (values,), 0)
    return apache.OK


def lower(req):
    req.write("lower %r" % req.extension, 0)
    return apache.OK


def upper(req):
    req.write("upper %r" % req.extension, 0)
    return apache.OK


def do_run(req, what):
    """Lines of code, with ;; between them, that end with a result."""
    env = {"apache": apache, "root": ROOT, "__name__": "run"}
    exec("def run(req):\n" + "".join("    %s\n" % line for line in what.split(";;")), env)
    return env["run"](req)


# -- results and errors


def do_return(req, what):
    return eval(what, {"apache": apache})


def do_raise(req, what):
    raise eval(what, {"apache": apache})


def do_written(req, what):
    """Something written, flushed or not, before a result."""
    flush, _, result = what.partition(",")
    req.content_type = "text/plain"
    req.headers_out["X-Out"] = "1"
    req.err_headers_out["X-Err"] = "1"
    req.write("before\n", int(flush))
    return do_return(req, result)


def do_written_raise(req, flush):
    req.content_type = "text/plain"
    req.write("before\n", int(flush))
    raise KeyError("after <writing>")


def do_nested(req, what):
    try:
        {}["inner"]
    except KeyError:
        raise ValueError("outer")


# -- responses


def do_status(req, what):
    status, _, line = what.partition(",")
    req.content_type = "text/plain"
    req.status = int(status)
    if line:
        req.status_line = line
    req.write("status %s" % status, 0)
    return apache.OK


def do_headers(req, what):
    req.content_type = "text/html; charset=utf-8"
    req.headers_out["X-One"] = "1"
    req.headers_out.add("X-Two", "a")
    req.headers_out.add("X-Two", "b")
    req.err_headers_out["X-Err"] = "e"
    req.headers_out["Content-Language"] = "de"
    req.headers_out["Cache-Control"] = "no-cache"
    req.write("h\xe9llo", 0)
    return apache.OK


def do_sendfile(req, what):
    args = [int(arg) for arg in what.split(",") if arg]
    req.content_type = "text/plain"
    req.write("sent:", 0)
    count = req.sendfile(ROOT + "/files/a.txt", *args)
    req.write("%d %d\n" % (count, req.bytes_sent > 0), 0)
    return apache.OK


def do_length(req, what):
    req.content_type = "text/plain"
    req.set_content_length(5)
    req.write("12345")
    return apache.OK


def do_large(req, what):
    req.content_type = "text/plain"
    for number in range(int(what)):
        req.write("%06d\n" % number, 0)
    return apache.OK


def do_conditions(req, what):
    req.content_type = "text/plain"
    req.update_mtime(1000000000)
    req.set_last_modified()
    result = req.meets_conditions()
    if result != apache.OK:
        return result
    req.write("fresh", 0)
    return apache.OK


# -- reading


def do_read(req, what):
    req.content_type = "text/plain"
    for text in what.split("|"):
        show(req, text, lambda text=text: eval(text, {"req": req}))
    return apache.OK


def do_form(req, what):
    req.content_type = "text/plain"
    form = util.FieldStorage(req, keep_blank_values=1)
    for name in sorted(form.keys()):
        req.write("%s\n" % name, 0)
    return apache.OK


# -- redirects


def do_internal(req, target):
    req.headers_out["X-Out"] = "1"
    req.err_headers_out["X-Err"] = "1"
    req.subprocess_env["MINE"] = "yes"
    req.notes["note"] = "yes"
    req.mine = 7
    req.write("lost", 0)
    req.internal_redirect(target)
    req.write("lost too", 0)
    return apache.OK


def do_target(req, what):
    req.content_type = "text/plain"
    env = req.subprocess_env
    values = (
        req.uri, req.args, req.unparsed_uri, req.the_request, req.method, req.status, req.main, req.user,
        req.prev and req.prev.uri, getattr(req, "mine", None), req.prev and getattr(req.prev, "mine", None), [k for k in req.notes.keys() if not k.startswith('python_')],
        sorted((k, env[k]) for k in env.keys() if "REDIRECT" in k or k == "MINE"), req.prev and req.prev.next is req,
    )  # fmt: skip
    for value in values:
        req.write("%r\n" % (value,), 0)
    return apache.OK


def do_internal_status(req, target):
    req.status = 202
    req.mine = 7
    req.internal_redirect(target)
    return apache.OK


def do_location(req, what):
    req.headers_out["Location"] = what
    return apache.HTTP_MOVED_TEMPORARILY


def do_err_location(req, what):
    req.err_headers_out["Location"] = what
    req.status = apache.HTTP_SEE_OTHER
    req.write("see other", 0)
    return apache.OK


# -- handlers that are added, cleanups


def do_add(req, phase):
    req.content_type = "text/plain"
    req.write("first ", 0)
    req.add_handler(phase, "live::added")
    return apache.OK


def added(req):
    req.write("added %s" % req.phase, 0)
    return apache.OK


SEEN = []


def do_cleanup(req, what):
    req.content_type = "text/plain"
    del SEEN[:]
    req.register_cleanup(SEEN.append, "first")
    req.register_cleanup(SEEN.append, "second")
    req.write("registered", 0)
    return apache.OK


def do_seen(req, what):
    req.content_type = "text/plain"
    req.write("%r" % SEEN, 0)
    return apache.OK


# -- the environment


def do_env(req, what):
    req.content_type = "text/plain"
    before = sorted(req.subprocess_env.keys())
    req.add_common_vars()
    common = sorted(req.subprocess_env.keys())
    req.add_cgi_vars()
    env = req.subprocess_env
    req.write("%r\n" % before, 0)
    for name in sorted(env.keys()):
        if name in ("PATH", "SERVER_SOFTWARE", "REMOTE_PORT", "SERVER_SIGNATURE") or name.startswith("UNIQUE"):
            continue
        req.write("%s=%s%s\n" % (name, env[name], "" if name in common else " (cgi)"), 0)
    return apache.OK
