"""Request objects without a daemon, for what works on one: sessions, cookies."""

from __future__ import annotations

from types import SimpleNamespace

from mpfcgi.api import Request
from mpfcgi.api.exchange import MemoryExchange
from mpfcgi.api.server import mp_server


class Settings:
    """Settings with these PythonOptions and `values` of directives, and nothing else."""

    def __init__(self, options=None, values=None, python_config=None):
        self.options = options or {}
        self.extras = {}
        self.values = values or {}
        self.python_config = python_config or {}

    def get(self, name, default=None):
        return self.values.get(name, default)


class Services:
    """What the api asks of the process: the log is a list, the mutexes are given."""

    name = "main"

    def __init__(self, mutexes=None, document_root="/srv/www"):
        self.mutexes = mutexes
        self.logged = []
        self._root = document_root

    def log(self, level, message, server=None, request=None):
        self.logged.append(message)

    def document_root(self, req):
        return self._root

    def context(self, req):
        return "", self._root

    def mpm_query(self, code):
        return 0


def request(services, cookie=None, options=None, uri="/", directory=None):
    """A request for `uri` that a handler of `directory` answers."""
    params = {"REQUEST_METHOD": "GET", "REQUEST_URI": uri}
    if cookie is not None:
        params["HTTP_COOKIE"] = cookie
    settings = Settings(options)
    req = Request(MemoryExchange(params), mp_server(None, settings, services), services, settings, uri, None)
    if directory is not None:
        req._spec = SimpleNamespace(name="h", directory=directory, silent=False, spec=None)
    return req


def finish(req):
    """The end of the request: its cleanups."""
    while req._cleanups:
        function, data = req._cleanups.pop()
        function(data)
