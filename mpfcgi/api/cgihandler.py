"""`mod_python.cgihandler`: CGI scripts as they are, for the way from CGI to handlers (manual 7.3).

For the time of a script, `sys.stdin`, `sys.stdout` and `os.environ` are the request's, the current directory and the
first place to import from are the script's, and no other script runs in the process. What it imports is forgotten
afterwards, so that the next run sees changes.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import linecache
import os
import re
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

from mpfcgi.api.apache import build_cgi_env
from mpfcgi.api.constants import APLOG_ERR, HTTP_NOT_FOUND, OK
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.files import regular

# A module below these stays imported: the library and this package don't change, and extension modules can't be loaded
# twice.
_INSTALLED = tuple(
    {
        os.path.join(path, "")
        for path in (
            os.path.dirname(os.path.dirname(__file__)),
            sys.base_prefix + "/lib/python3",
            *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
            sysconfig.get_path("purelib", f"{os.name}_user"),
        )
    }
)
# These keep the environment that they found when they were imported.
_BOUND_TO_ENVIRON = ("cgi",)
# A file that was written this many seconds ago may be written again without a new time stamp.
_SETTLED = 2.0
# The headers of a script may have this many bytes.
MAX_HEAD = 64 * 1024
_EMPTY_LINE = re.compile(rb"(?:\A|\n)\r?\n")

_lock = threading.Lock()
_compiled: dict[str, tuple[tuple[int, int, int], CodeType]] = {}


def handler(req: Any) -> int:
    """The content handler: run the script that the URL names, whatever its extension. SERVER_RETURN with 404."""
    folder, _, name = (req.filename or "").rpartition("/")
    name = os.path.splitext(name)[0]
    file = f"{folder}/{name}.py"
    if not name or not os.path.isfile(file):
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    with _lock, _as_script(req, folder):
        try:
            _run(file, name)
        except SystemExit as end:
            # The end of a script like any other; mod_python makes an error page of it.
            if end.code is not None and not isinstance(end.code, int):
                req.log_error(f"{file}: {end.code}", APLOG_ERR)
        sys.stdout.flush()
    return OK


def _run(file: str, name: str) -> None:
    code = _code_of(file)
    module = ModuleType(name)
    module.__file__ = file
    shadowed = sys.modules.get(name)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    finally:
        if shadowed is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = shadowed


def _code_of(file: str) -> CodeType:
    """The compiled script; kept until the file changes. OSError, SyntaxError."""
    status = os.stat(file)
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    known = _compiled.get(file)
    if known is not None and known[0] == stamp:
        return known[1]
    linecache.checkcache(file)
    with open(file, "rb", opener=regular) as source:
        code = compile(source.read(), file, "exec", dont_inherit=True)
    if time.time() - status.st_mtime > _SETTLED:
        _compiled[file] = (stamp, code)
    return code


@contextlib.contextmanager
def _as_script(req: Any, folder: str) -> Iterator[None]:
    """The process as a CGI script expects it; all is put back afterwards."""
    modules = dict(sys.modules)
    before = sys.stdin, sys.stdout, os.environ, sys.argv, sys.path
    # O_PATH: the way back may lead to a folder that can't be read, or is gone.
    home = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir(folder)
        for name in _BOUND_TO_ENVIRON:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Body(req)), "utf-8", "surrogateescape", newline="\n")
        sys.stdout = _Stdout(
            _Response(req),  # type: ignore[arg-type]
            "utf-8",
            "surrogateescape",
            newline="\n",
            write_through=True,
        )
        # Only what runs in this process is to see it: manual 7.3.
        os.environ = dict(build_cgi_env(req).items())  # type: ignore[assignment]  # noqa: B003
        sys.argv = []
        sys.path = [folder, *sys.path]
        yield
    finally:
        sys.stdin, sys.stdout, os.environ, sys.argv, sys.path = before
        os.fchdir(home)
        os.close(home)
        _forget_imports(modules)


def _forget_imports(before: dict[str, ModuleType]) -> None:
    """Take what was imported since `before` out of sys.modules, but for installed modules."""
    for name, module in list(sys.modules.items()):
        if name in _BOUND_TO_ENVIRON:
            del sys.modules[name]
        elif name not in before:
            file = getattr(module, "__file__", None)
            if file and not file.startswith(_INSTALLED):
                del sys.modules[name]
    for name in _BOUND_TO_ENVIRON:
        if name in before:
            sys.modules[name] = before[name]


class _Body(io.RawIOBase):
    """The request body, for reading."""

    def __init__(self, req: Any) -> None:
        self._req = req

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._req.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Stdout(io.TextIOWrapper):
    """A script's sys.stdout: it can be closed without harm, as in mod_python."""

    def isatty(self) -> bool:
        return 0  # type: ignore[return-value]

    def close(self) -> None:
        self.flush()


class _Response(io.RawIOBase):
    """What a script writes: header lines, an empty line, the body. Headers without that empty line are lost."""

    def __init__(self, req: Any) -> None:
        self._req = req
        self._head: bytes | None = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        data = bytes(data)
        if self._head is None:
            self._req.write(data)
            return len(data)
        head = self._head + data
        end = _EMPTY_LINE.search(head)
        if end is None:
            if len(head) > MAX_HEAD:
                raise ValueError(f"{MAX_HEAD} bytes written, and no empty line that ends the headers")
            self._head = head
            return len(data)
        self._head = None
        for line in head[: end.start()].splitlines():
            self._add(line.decode("latin-1"))
        if end.end() < len(head):
            self._req.write(head[end.end() :])
        return len(data)

    def _add(self, line: str) -> None:
        """Take a header. ValueError for a line that is none."""
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header line: {line[:200]!r}")
        name, value = name.strip(), value.strip()
        if name.lower() == "status":
            self._req.status = int(value.partition(" ")[0])
        elif name.lower() == "content-type":
            self._req.content_type = value
        else:
            self._req.headers_out.add(name, value)
