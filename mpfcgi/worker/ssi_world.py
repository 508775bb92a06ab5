"""Server side includes, the world of a page that a request answers with: its variables, files, programs and Python."""

from __future__ import annotations

import os
import posixpath
import pwd
import re
import stat
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mpfcgi.api import Request, Table
from mpfcgi.api.constants import APLOG_WARNING
from mpfcgi.api.filter import mp_filter
from mpfcgi.api.text import shown
from mpfcgi.worker import errorpages
from mpfcgi.worker.failures import log_exception
from mpfcgi.worker.ssi_elements import PageEnded
from mpfcgi.worker.ssi_facts import RequestFacts
from mpfcgi.worker.ssi_subrequest import Includer, PageExchange
from mpfcgi.worker.ssi_text import Problem, to_bytes

if TYPE_CHECKING:
    from mpfcgi.worker.phases import Cycle

PIECE = 64 * 1024
# What ap_escape_shell_cmd puts a backslash before.
SHELL = re.compile(r"[&;`'\"|*?~<>^()\[\]{}$\\\n]")


class TableVariables:
    """The page's `Variables`: a table of the request, as text.

    In a table stand texts that the page or Python has set, and raw values of the wire, whose bytes are Latin-1
    characters there.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, name: str, /) -> str | None:
        """The value of a variable."""
        value = self._table.get(name)
        return None if value is None else _text(value)

    def __setitem__(self, name: str, value: str, /) -> None:
        """Give a variable a value, of any characters, as Python in the page will see it."""
        table = self._table
        if name.isascii() and value.isascii():
            table[name] = value
            return
        if name in table:
            del table[name]
        table._items.append((name, value))

    def items(self) -> list[tuple[str, str]]:
        """All variables, in order."""
        return [(_text(name), _text(value)) for name, value in self._table.items()]


class RequestWorld:
    """The `World` of the page that `req` answers with. `send(data, flush)` takes what is finished."""

    def __init__(self, cycle: Cycle, req: Request, send: Callable[[bytes, bool], None]) -> None:
        self._req = req
        self._send = send
        self._parts: list[bytes] = []
        self._size = 0
        self._lost: OSError | None = None
        self.may_execute = "IncludesNOEXEC" not in req._settings.get("Options", ())
        exchange = req._exchange
        parent = exchange.parent if isinstance(exchange, PageExchange) else None
        # A page that is a part of another one shares its variables, the times among them.
        self.nested = parent is not None
        if parent is not None:
            req._subprocess_env = parent.subprocess_env
        self.variables = TableVariables(req.subprocess_env)
        self.request_time = req.request_time
        self.modified = _modified(parent or req)
        self.facts = RequestFacts(req, self.variables.get, self._accessible)
        self._includer = Includer(cycle, req, self.write, self.flush)
        self._prepare()

    def _prepare(self) -> None:
        """The variables that every page finds."""
        req, variables = self._req, self.variables
        if not self.nested:
            req.add_cgi_vars()
            # The one that the client sent, whatever the request was redirected to.
            variables["REQUEST_URI"] = shown(req._params.get("REQUEST_URI", req.uri))
            variables["DOCUMENT_URI"] = req.uri
            variables["DOCUMENT_ARGS"] = req.args or ""
            variables["USER_NAME"] = _owner(req._stat.st_uid) if req._stat is not None else ""
            variables["DOCUMENT_NAME"] = posixpath.basename(req.filename or "")
            if req.path_info:
                variables["DOCUMENT_PATH_INFO"] = req.path_info
        if req.args is not None:
            variables["QUERY_STRING"] = req.args
            unescaped = unquote(req.args, "utf-8", "surrogateescape").partition("\0")[0]
            variables["QUERY_STRING_UNESCAPED"] = SHELL.sub(r"\\\g<0>", unescaped)

    # -- output

    def write(self, data: bytes) -> None:
        """Send a part of the finished page, with others if it is small."""
        self._parts.append(data)
        self._size += len(data)
        if self._size >= PIECE:
            self.flush(False)

    def flush(self, flush: bool = True) -> None:
        """Send what has come together."""
        try:
            self._send(self.taken(), flush)
        except OSError as error:
            self._lost = error
            raise

    def taken(self) -> bytes:
        """What has come together, to be sent by the caller."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return data

    def log(self, text: str) -> None:
        """A line in the error log that names the page."""
        self._req.log_error(f"includes {self._req.filename}: {text}")

    # -- other pages, files, programs

    def include(self, target: str, virtual: bool) -> None:
        """As `World`."""
        self._includer.include(target, virtual, text_only=not self.may_execute)

    def run_handler(self, uri: str) -> None:
        """As `World`."""
        self._includer.include(uri, True, text_only=False, handler_only=True)

    def status(self, target: str, virtual: bool) -> tuple[int, float]:
        """As `World`. Problem when there is no such file."""
        found = self._includer.status(target, virtual)
        if found is None or not stat.S_ISREG(found.st_mode):
            raise Problem(f"{target} is no file")
        return found.st_size, found.st_mtime

    def _accessible(self, uri: str) -> bool:
        """Whether a URL may be had: what guards it is asked, not whether it is there."""
        try:
            self._includer.status(uri, True)
        except Problem:
            return False
        return True

    def run_command(self, command: str) -> None:
        """As `World`: by /bin/sh, in the page's folder, with the page's variables as its environment."""
        environment = {
            to_bytes(name): to_bytes(value)
            for name, value in self.variables.items()
            if "=" not in name and "\0" not in name + value
        }
        folder = posixpath.dirname(self._req.filename or "") or "/"
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    ("/bin/sh", "-c", command), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=errors,
                )  # fmt: skip
            except (OSError, ValueError) as error:
                raise Problem(f"exec cmd={command!r} can't be run: {error}")
            self._write_output(process)
            errors.seek(0)
            for line in errors.read(PIECE).decode("utf-8", "replace").splitlines():
                self._req.log_error(line, APLOG_WARNING)

    def _write_output(self, process: subprocess.Popen[bytes]) -> None:
        """What the process prints, as it comes, until its end; it is killed when that can't be written."""
        with process:
            try:
                while process.stdout is not None and (data := os.read(process.stdout.fileno(), PIECE)):
                    self.write(data)
            except BaseException:
                process.kill()
                raise

    # -- Python

    def run_python(self, kind: str, code: str) -> None:
        """As `World`: in the globals of the request (manual 6.3, 6.4), with a filter object to write to."""
        req = self._req
        # What is there goes first, the head with it, as in mod_python: a page can't change its headers.
        self.flush()
        filter = mp_filter(req, "includes", None, None, False)._of_output(b"", False, False, self._forward)
        code = code.replace("\r\n", "\n").rstrip()
        try:
            names: Any = getattr(req, "ssi_globals", None)
            if names is None:
                names = {}
                req.ssi_globals = names  # type: ignore[attr-defined]
            # A handler may have put something there that is no dictionary.
            names["filter"] = filter
            names["__file__"] = req.filename
            if kind == "exec":
                exec(code, names)
            else:
                result = eval(code, names)
                if result is not None:
                    filter.write(str(result))
        except BaseException as error:
            if error is self._lost:
                raise
            self.write(filter._written())
            raise self._failed(error)
        self.write(filter._written())

    def _forward(self, data: bytes, flush: bool, eos: bool) -> None:
        self.write(data)
        if flush:
            self.flush()

    def _failed(self, error: BaseException) -> PageEnded:
        """Log what Python code has raised; with PythonDebug the page shows it. The page is over."""
        where = f"includes {self._req.filename}"
        log_exception(self._req, where, error)
        self._includer.end_page()
        if not self._req._plan.debug:
            return PageEnded(False)
        self.write(errorpages.traceback_page(where, error).encode())
        return PageEnded(True)


def _text(value: str) -> str:
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _modified(req: Request) -> float:
    """When the page's file was changed; a page without a file is new."""
    return req._stat.st_mtime if req._stat is not None else req.request_time


@lru_cache(256)
def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "<unknown>"
