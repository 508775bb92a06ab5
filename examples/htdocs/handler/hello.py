"""Answers every .py address of this folder, whether or not there is such a file."""

from mod_python import apache


def handler(req):
    req.content_type = "text/plain; charset=utf-8"
    if req.uri.endswith("/mirror.py"):
        mirror(req)
    else:
        req.write("Hello World!")
    return apache.OK


def mirror(req):
    """Write down what the request looks like from here."""
    for name in ("the_request", "method", "uri", "args", "filename", "path_info", "interpreter"):
        req.write(f"req.{name:12} {getattr(req, name)!r}\n")
    req.write("\n")
    for name, value in sorted(req.headers_in.items()):
        req.write(f"{name}: {value}\n")
