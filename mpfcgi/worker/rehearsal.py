"""Before a new worker takes the place of one that serves: can it import the modules of its handlers?

Nothing is called. What a module needs beside its own text (packages, a changed PythonPath) is found out this way too.
"""

from __future__ import annotations

from mpfcgi.api import wsgi
from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.config.handler_names import Named, named_handlers
from mpfcgi.worker import errorpages
from mpfcgi.worker.handlers import Handler
from mpfcgi.worker.plan import Plan
from mpfcgi.worker.services import WorkerServices


def problem(services: WorkerServices, connections_only: bool = False) -> str:
    """Import all modules of the handlers that the configuration names; what is wrong with the first that fails, or "".

    The log has the traceback of each that fails.
    """
    first = ""
    services.importer.new_request()
    for named in named_handlers(services.resolver, services.name, connections_only):
        try:
            _import(named, services)
        except BaseException as error:
            what = f"{named.directive} {named.handler}"
            for item in errorpages.format_exception(error):
                services.log(APLOG_ERR, f"{what}: {item.removesuffix(chr(10))}")
            first = first or f"{what}: {errorpages.shown(error)}"
        if services.forks.in_child:
            services.forks.leave(f"{named.directive} {named.handler}")
    services.importer.scope = None
    return first


def _import(named: Named, services: WorkerServices) -> None:
    plan = Plan(named.settings, "", "")
    services.cycle.set_python_path(plan.python_path)
    function = named.directive.removeprefix("Python").lower()
    handler = Handler(named.handler, function, named.directory, named.silent)
    rules = plan.imports
    module = services.importer.load(
        handler.module, handler.directory, autoreload=rules.autoreload, log=rules.log, path=rules.path
    )
    if handler.objects[0] not in module.__dict__ and not named.silent:
        raise AttributeError(f"module {module.__file__!r} contains no {handler.objects[0]!r}")
    application = named.settings.options.get(wsgi.APPLICATION) if module is wsgi else None
    if application is not None and wsgi.find(application) is None:
        raise AttributeError(f"there is no application {application!r}")
