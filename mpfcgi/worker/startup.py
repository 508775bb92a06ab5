"""PythonImport: modules that a worker imports before its first request (manual 5.4.3).

As in mod_python, an import that fails, or a function that raises, is logged, and the worker serves all the same.
"""

from __future__ import annotations

from typing import Any

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.config import imports
from mpfcgi.config.directives.python import Import
from mpfcgi.worker import errorpages
from mpfcgi.worker.services import WorkerServices


def import_modules(services: WorkerServices) -> None:
    """Do what the PythonImport lines of this worker's interpreter say; those of all when it is alone."""
    own = services.name
    for line in imports(services.config, None if services.alone else own):
        services.name = line.interpreter
        try:
            _import(line, services)
        except (Exception, SystemExit) as error:
            name = f"{line.module}::{line.function}" if line.function else line.module
            for item in errorpages.format_exception(error):
                services.log(APLOG_ERR, f"PythonImport {name}: {item.removesuffix(chr(10))}")
    services.name = own


def _import(line: Import, services: WorkerServices) -> None:
    services.importer.new_request()
    module = services.importer.import_module(line.module)
    if line.function:
        found: Any = module
        for name in line.function.split("."):
            found = getattr(found, name)
        found()
