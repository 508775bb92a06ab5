"""What a worker's process does before its first request: its conditions, its packages, and PythonImport (manual 5.4.3).

As in mod_python, an import that fails, or a function that raises, is logged, and the worker serves all the same.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from mpfcgi.api.constants import APLOG_ERR
from mpfcgi.config import Settings, imports
from mpfcgi.config.directives.python import Import
from mpfcgi.importer import path as python_path
from mpfcgi.ipc import control
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.worker import errorpages, python_home, rehearsal
from mpfcgi.worker.plan import Plan
from mpfcgi.worker.services import WorkerServices
from mpfcgi.worker.worker import Worker


def run(setup: WorkerSetup) -> int:
    """Be a worker process: what the supervisor calls in the child. Returns the exit code."""
    if not setup.alone:
        control.heed_sigterm(setup.control)
    services = WorkerServices(setup)
    if setup.settle is not None:
        services.open_logs()
        setup.settle()
    if setup.pool.python_home is not None:
        python_home.activate(os.path.join(setup.config.server_root, setup.pool.python_home))
    services.install()
    # As under mod_python: libraries look for options there, and those of the daemon are none of theirs.
    sys.argv = ["mod_python"]
    if setup.await_birth is None or setup.pool.preload:
        import_modules(services)
    if setup.await_birth is None:
        return _serve(setup, services)
    return _be_template(setup, services, setup.await_birth)


def _serve(setup: WorkerSetup, services: WorkerServices) -> int:
    """Be a worker, to the end. One that is to prove itself gives up where a module of its handlers can't be imported."""
    worker = Worker(setup, services)
    if setup.proves and (problem := rehearsal.problem(services, bool(setup.connection_listeners))):
        setup.slot.describe(problem.encode("latin-1", "replace"))
        return control.UNFIT
    return worker.run()


def _be_template(setup: WorkerSetup, services: WorkerServices, await_birth: Callable[[], WorkerSetup | None]) -> int:
    """Wait for orders; in each worker that is forked, serve. The exit code of either."""
    gc.collect()
    # What is there now is never looked through again, so that its pages stay shared.
    gc.freeze()
    control.tell(setup.control, control.READY)
    born = await_birth()
    if born is None:
        return 0
    services.born()
    control.heed_sigterm(born.control)
    if not setup.pool.preload:
        import_modules(services)
    return _serve(born, services)


def import_modules(services: WorkerServices) -> None:
    """Do what the PythonImport lines of this worker's interpreter say; those of all when it is alone."""
    own = services.name
    for server, line in imports(services.config, None if services.alone else own):
        services.name = line.interpreter
        try:
            _import(line, services.resolver.server_settings(server), services)
        except BaseException as error:
            name = f"{line.module}::{line.function}" if line.function else line.module
            for item in errorpages.format_exception(error):
                services.log(APLOG_ERR, f"PythonImport {name}: {item.removesuffix(chr(10))}")
        if services.forks.in_child:
            services.forks.leave(f"PythonImport {line.module}")
    services.importer.scope = None
    services.name = own


def _import(line: Import, settings: Settings, services: WorkerServices) -> None:
    """Import and call with what the line's server says of modules: PythonPath, `mod_python.importer.path`, PythonDebug."""
    rules = Plan(settings, "", "")
    if rules.python_path is not None:
        python_path.apply(rules.python_path, services.python_paths)
    services.importer.new_request()
    services.importer.scope = (None, rules.imports.path, rules.imports.autoreload, rules.imports.log)
    module = services.importer.import_module(line.module)
    if line.function:
        found: Any = module
        for name in line.function.split("."):
            found = getattr(found, name)
        found()
