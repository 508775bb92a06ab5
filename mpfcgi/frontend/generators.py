"""The front-ends that there is a generator for."""

from __future__ import annotations

from collections.abc import Callable

from mpfcgi.frontend import apache, caddy, haproxy, lighttpd, nginx
from mpfcgi.frontend.model import Deployment

GENERATORS: dict[str, Callable[[Deployment], str]] = {
    "nginx": nginx.generate,
    "apache": apache.generate,
    "lighttpd": lighttpd.generate,
    "caddy": caddy.generate,
    "haproxy": haproxy.generate,
}
