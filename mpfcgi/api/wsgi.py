"""`mod_python.wsgi`: WSGI applications (PEP 3333) as a content handler.

    PythonHandler mod_python.wsgi
    PythonOption mod_python.wsgi.application module::callable

The application stands at the <Location> that the handler stands in, at `mod_python.wsgi.base_uri`, or else at the root
of the site.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpfcgi.api import apache, wsgi_environ
from mpfcgi.api.constants import APLOG_ERR, DECLINED, OK
from mpfcgi.api.wsgi_response import Response

APPLICATION = "mod_python.wsgi.application"


def handler(req: Any) -> int:
    """The content handler: let the application answer.

    DECLINED outside of the base URI, and when the module has no such callable. KeyError without the option that
    names the application, ValueError for a base URI that ends in a slash, and what the application raises.
    """
    name = req.get_options().get(APPLICATION)
    if name is None:
        raise KeyError(f"PythonOption {APPLICATION} is not set")
    mount = wsgi_environ.mount_of(req)
    if mount is None:
        return DECLINED
    application = find(name)
    if application is None:
        req.log_error(
            f"mod_python.wsgi: there is no application {name!r}: its module contains no such object", APLOG_ERR
        )
        return DECLINED
    environ = wsgi_environ.build(req, mount)
    response = Response(req)
    try:
        response.send(application(environ, response.start))
    finally:
        environ["wsgi.errors"].flush()
    return OK


def find(name: str) -> Callable[..., Any] | None:
    """The application `module` or `module::callable`; None when the module has none. What the module raises."""
    module_name, _, attribute = name.partition("::")
    application: Callable[..., Any] | None = getattr(
        apache.import_module(module_name), attribute or "application", None
    )
    return application
