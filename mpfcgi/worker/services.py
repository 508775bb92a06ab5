"""What the api asks of the process, answered by the worker (`mpfcgi.api.services`)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from mpfcgi.api import Request, alias
from mpfcgi.api import Server as ServerObject
from mpfcgi.api import constants as c
from mpfcgi.api import services as api_services
from mpfcgi.api.chain import InputStage, OutputStage
from mpfcgi.config import FileTypes, Resolver, Server, pool_for
from mpfcgi.config.directives.logs import LOG_LEVELS
from mpfcgi.importer import Importer
from mpfcgi.ipc.setup import WorkerSetup
from mpfcgi.worker import errorpages, logs, redirects
from mpfcgi.worker.errorformat import Entry, compile_format, escape
from mpfcgi.worker.forks import Forks

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle


class WorkerServices:
    """Of one worker process; `install` makes it the api's."""

    cycle: Cycle

    def __init__(self, setup: WorkerSetup) -> None:
        self.config = setup.config
        self.name = setup.name
        self.alone = setup.alone
        self.slot = setup.slot
        self.scoreboard = setup.scoreboard
        self.pool = setup.pool or pool_for(setup.config.pools, setup.name)
        self.resolver = Resolver(setup.config)
        self.mutexes = setup.mutexes
        # The PythonPath expressions that were evaluated in this process.
        self.python_paths: set[str] = set()
        self.importer = Importer(lambda text: self.log(c.APLOG_NOTICE, text))
        main_settings = self.resolver.server_settings(setup.config.main)
        self.filetypes = FileTypes(setup.config.types)
        self.log_files = logs.LogFiles(setup.config.server_root, setup.log_files)
        self.main_server = ServerObject(setup.config.main, main_settings, self)
        self.main_name = setup.config.main.name or "localhost"
        self.main_log = self.log_files.open(main_settings.get("ErrorLog"))
        self.forks = Forks(lambda text: self.log(c.APLOG_ERR, text))
        # Called when a handler could open no file.
        self.out_of_files: Callable[[], None] = lambda: None
        self._cleanups: list[tuple[Callable[[Any], object], Any]] = []
        self.generation = setup.generation
        self.started = time.time()
        self._pid = os.getpid()

    def install(self) -> None:
        """Put up mod_python's names in this process."""
        alias.install()
        api_services.install(self)
        self.importer.install()
        self.forks.watch()

    def born(self) -> None:
        """This process was forked from the one that all this was made in."""
        self.forks.born()
        self._pid = os.getpid()
        self.started = time.time()

    # -- logs

    def open_logs(self) -> None:
        """Open all logs that may be written to, as long as this process has the right."""
        logs.open_all(self.config, self.pool.slow_log, self.log_files)

    def log(self, level: int, message: str, server: Any = None, request: Any = None, connection: Any = None) -> None:
        """A line for the error log of the request's or the server's host, if LogLevel lets it through.

        It names the client of the request or the connection.
        """
        owner = request.server if request is not None else server
        settings = request._settings if request is not None else owner._settings if owner is not None else None
        levels: Mapping[str, int] = (settings.get("LogLevel") if settings is not None else None) or {}
        threshold = levels.get("python", levels.get("", logs.WARN))
        if level > threshold and level not in (c.APLOG_EMERG, c.APLOG_NOTICE):
            return
        client = None
        if request is not None:
            connection = request.connection
        if connection is not None:
            client = ":".join(str(part) for part in connection.client_addr)
        file = (
            self.main_log
            if owner is None
            else self.log_files.open(owner._settings.get("ErrorLog") or self.main_log.path)
        )
        holds = settings or self.main_server._settings
        format = holds.get("ErrorLogFormat")
        now = time.time()
        if format is None:
            file.write_at(
                level or c.APLOG_ERR,
                logs.error_line(level, message, client, self._pid, now, time.localtime, file.stamped),
            )
        else:
            entry = Entry(level, escape(message), self._pid, now, request, server, connection, message, self.name)
            line = compile_format(format)(entry)
            if line is not None:
                file.write_at(level or c.APLOG_ERR, f"{line}\n".encode("utf-8", "surrogateescape"))
        if request is not None and holds.get("ErrorLogToFrontEnd"):
            # Of the exchanges, those with a front-end have a way for it.
            stderr = getattr(request._exchange, "stderr", None)
            if stderr is not None:
                stderr(f"[{LOG_LEVELS[level] if level else 'error'}] {escape(message)}\n".encode())

    def log_connection(self, text: str) -> None:
        """A line about a front-end's connection."""
        self.log(c.APLOG_WARNING, f"connection {text}")

    def reopen_logs(self) -> None:
        self.log_files.reopen()

    # -- modules

    def import_module(self, name: str, autoreload: int | None, log: int | None, path: list[str] | None) -> ModuleType:
        """`apache.import_module`, for the module that called it."""
        return self.importer.import_module(
            name,
            autoreload=None if autoreload is None else bool(autoreload),
            log=None if log is None else bool(log),
            path=path,
            parent=_caller(sys._getframe(1)),
        )

    def import_file(self, file: str, status: os.stat_result | None = None) -> ModuleType:
        """The module of a file that is there, and has this status if that is known."""
        return self.importer.load_file(file, status)

    # -- requests

    def new_request(self, req: Request, uri: str, main: Request | None = None) -> Request:
        """A subrequest of `main`, for a path of the same host."""
        return redirects.subrequest(self, req, uri, main)

    def redirect(self, req: Request, uri: str, error_status: int | None = None) -> None:
        """Let another URI of this host answer `req`, at once."""
        redirects.internal_redirect(self, req, uri, error_status)

    def document_root(self, req: Request) -> str:
        root = self.resolver.document_root(req.server._model)
        return root or req._params.get("DOCUMENT_ROOT", "")

    def context(self, req: Request) -> tuple[str, str]:
        """The prefix and the folder of the Alias that the request is under; "" and the document root without one."""
        return self.resolver.context(req.server._model, req.uri) or ("", self.document_root(req))

    def output_filter(self, req: Request, name: str) -> OutputStage | None:
        """A stage for the request's responses by the name of its filter; None when it is unknown, or has nothing to do."""
        return self.cycle.filters.output(req, name)

    def input_filter(self, req: Request, name: str) -> InputStage | None:
        """A stage for the request's body by the name of its filter; None when it is unknown."""
        return self.cycle.filters.input(req, name)

    def answer_error(self, req: Request, status: int) -> None:
        """Answer `status` with its document, in the place of a response that nothing was sent of."""
        self.cycle.answer_error(req, status)

    # -- the process

    def base_server(self, address: str, port: int) -> ServerObject:
        """The one that a connection to an address and port belongs to before it names a host."""
        return self.cycle.sites.of(self.resolver.base_server(str(port), address)).object

    def server_after(self, server: Server) -> ServerObject | None:
        """The one that follows in Apache's list: behind the main one the last of the configuration, then backwards."""
        servers = self.config.servers
        place = (servers.index(server) - 1) % len(servers)
        return None if place == 0 else self.cycle.sites.of(servers[place]).object

    def mpm_query(self, code: int) -> int:
        """A pool is a number of forked processes, each with one thread; a dynamic one, unless the manager is static."""
        pool = self.pool
        workers = pool.max_processes
        static = pool.process_manager == "static"
        spare = {"static": (workers, workers), "ondemand": (0, workers)}.get(
            pool.process_manager, (pool.min_spare_processes, pool.max_spare_processes)
        )
        return {
            c.AP_MPMQ_MAX_DAEMON_USED: workers,
            c.AP_MPMQ_IS_THREADED: c.AP_MPMQ_NOT_SUPPORTED,
            c.AP_MPMQ_IS_FORKED: c.AP_MPMQ_STATIC if static else c.AP_MPMQ_DYNAMIC,
            c.AP_MPMQ_HARD_LIMIT_DAEMONS: workers,
            c.AP_MPMQ_HARD_LIMIT_THREADS: 1,
            c.AP_MPMQ_MAX_THREADS: 1,
            c.AP_MPMQ_MIN_SPARE_DAEMONS: spare[0],
            c.AP_MPMQ_MIN_SPARE_THREADS: 0,
            c.AP_MPMQ_MAX_SPARE_DAEMONS: spare[1],
            c.AP_MPMQ_MAX_SPARE_THREADS: 0,
            c.AP_MPMQ_MAX_REQUESTS_DAEMON: pool.max_requests,
            c.AP_MPMQ_MAX_DAEMONS: workers,
            # Of Apache's, AP_MPMQ_MPM_STATE: it runs.
            13: 1,
        }.get(code, c.AP_MPMQ_NOT_SUPPORTED)

    def register_cleanup(self, function: Callable[[Any], object], data: Any) -> None:
        """Call `function(data)` when the process ends. ValueError when it can't be called."""
        if not callable(function):
            raise ValueError("third argument must be a callable object")
        self._cleanups.append((function, data))

    def shut_down(self) -> None:
        """Run the cleanups of the process, the last registered first."""
        while self._cleanups:
            function, data = self._cleanups.pop()
            try:
                function(data)
            except BaseException as error:
                what = f"{errorpages.shown(function)} failed: {errorpages.shown(error)}"
                self.log(c.APLOG_ERR, f"server cleanup {what}")


def _caller(frame: FrameType | None) -> Mapping[str, Any] | None:
    """The globals of the nearest frame that is not the api's: who asked for the import."""
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith("mpfcgi."):
            return frame.f_globals
        frame = frame.f_back
    return None
