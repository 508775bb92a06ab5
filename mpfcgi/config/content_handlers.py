"""Handlers that SetHandler and AddHandler may name. Of any other one, as in Apache, the file itself is what is sent.

That is its source where a name is misspelt, or one of a module that is not here, such as mod_cgi.
"""

from __future__ import annotations

import difflib

_OURS = ("mod_python", "python-program", "server-parsed", "mpfcgi-status", "mpfcgi-selftest", "default-handler", "none")
_CGI = "mod_python with PythonHandler mod_python.cgihandler runs scripts"
_INSTEAD = {
    "cgi-script": _CGI, "fcgid-script": _CGI, "fastcgi-script": _CGI, "isapi-handler": "", "type-map": "",
    "server-status": "mpfcgi-status is our own", "server-info": "mpfcgi-selftest is our own",
    "wsgi-script": "mod_python with PythonHandler mod_python.wsgi runs applications",
}  # fmt: skip


def problem(name: str) -> str:
    """What is to be said of a handler's name; "" for one that there is."""
    if name.lower() in _OURS:
        return ""
    hint = _INSTEAD.get(name.lower())
    if hint is None:
        near = difflib.get_close_matches(name.lower(), _OURS, 1, 0.7)
        hint = f"did you mean {near[0]}?" if near else ""
    return "there is no such handler here: files are sent as they are" + (f" ({hint})" if hint else "")
