"""For `mpfcgi serve`: /hello is the publisher module hello.py where there is no file of that very name."""

from __future__ import annotations

import os

from mpfcgi.api import Request, apache


def fixuphandler(req: Request) -> int:
    """Leave the request to the publisher if only its module is there. Set by PythonFixupHandler."""
    filename = req.filename
    if filename and not os.path.exists(filename) and os.path.isfile(filename + ".py"):
        req.handler = "mod_python"
        req.add_handler("PythonHandler", "mod_python.publisher")
    return apache.OK
