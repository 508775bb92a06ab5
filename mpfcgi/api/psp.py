"""`mod_python.psp`: Python Server Pages, as a handler and as templates (manual 4.9 and 7.2).

A page runs with the names of this module as its globals, and with `req`, `psp`, `session` and `form`.
"""

from __future__ import annotations

import html
import marshal
import os
import stat
import sys
import tempfile
import types
from collections.abc import Mapping
from html import escape
from typing import Any

from mpfcgi.api import Session, apache, psp_cache, psp_compiler, psp_parser, psp_writer, services, util
from mpfcgi.api.constants import APLOG_ERR, HTTP_NOT_FOUND, OK
from mpfcgi.api.errors import SERVER_RETURN
from mpfcgi.api.psp_cache import Compiled
from mpfcgi.files import regular

__all__ = ["PSP", "PSPInterface", "handler", "parse", "parsestring"]

_files = psp_cache.Memory()
_texts = psp_cache.Memory()
_databases: dict[str, Any] = {}
_NO_VARS: Mapping[str, Any] = {}
_TEXT_NAME = "<psp string>"


def handler(req: Any) -> int:
    """The content handler: run the page `req.filename`.

    Under PythonDebug, a name with an underscore behind it shows the page's source beside the Python made of it.
    """
    req.content_type = "text/html"
    filename = req.filename
    if filename and filename[-1] == "_" and int(req.get_config().get("PythonDebug", 0)):
        PSP(req, filename=filename[:-1]).display_code()
    else:
        PSP(req).run()
    return OK


def parse(filename: str, dir: str | None = None) -> str:
    """The Python that is made of a page.

    Args:
        filename: the page's file.
        dir: put before `filename` as it is, and before the names of included files that are not absolute.

    OSError when a file can't be read, UnicodeDecodeError when one is not UTF-8, SyntaxError when one includes itself.
    """
    return _shown(*_source((dir or "") + filename), dir or "")


def parsestring(string: str | bytes) -> str:
    """The Python that is made of a page given as text."""
    return _shown(_TEXT_NAME, _as_text(string), "")


class PSP:
    """A page, or a template.

    Args:
        req: the request.
        filename: the page's file, relative to the folder of `req.filename`, which it is by default.
        string: the page itself, instead of a file.
        vars: global variables for the page.

    ValueError for a file and a string at once; SERVER_RETURN with 404 for a missing file; SyntaxError for a page that
    can't be compiled, UnicodeDecodeError for one that is not UTF-8. A file's code is kept until the file changes.
    """

    __module__ = "mod_python.psp"

    def __init__(
        self,
        req: Any,
        filename: str | None = None,
        string: str | bytes | None = None,
        vars: Mapping[str, Any] | None = None,
    ) -> None:
        if string and filename:
            raise ValueError("Must specify either filename or string")
        self.req = req
        self.vars = _NO_VARS if vars is None else vars
        self.string = string
        self.filename: str | None = None
        if not string:
            if not filename:
                filename = req.filename or ""
            elif filename[0] != "/":
                filename = os.path.join(os.path.dirname(req.filename), filename)
            self.filename = filename
            self._page = _from_file(filename, req)
        else:
            self._page = _from_text(string)

    @property
    def code(self) -> types.CodeType:
        """The code object of the page."""
        return self._page.code

    def run(self, vars: Mapping[str, Any] | None = None, flush: int = 0) -> None:
        """Run the page; its output goes to the client, at once with `flush`.

        `vars` are global variables for the page; they win over those of the constructor. A session is made if the
        page mentions `session` and there is none yet; then it is saved when the page has run or ends by SERVER_RETURN,
        but not when it failed.
        """
        req = self.req
        page = self._page
        session = owned = None
        if page.session:
            if not hasattr(req, "session"):
                req.session = owned = _new_session(req)
            session = req.session
        try:
            form = _form(req) if page.form else None
            interface = PSPInterface(req, self.filename, form)
            names = {**_page_globals(), **self._import_names(), "__file__": req.filename}
            names.update(req=req, psp=interface, session=session, form=form)
            names.update(self.vars)
            if vars:
                names.update(vars)
            try:
                exec(page.code, names)
            except Exception as error:
                # A redirect, or another end that the page chose, is no failure.
                if owned is not None and isinstance(error, SERVER_RETURN):
                    owned.save()
                interface._failed(error)
            if flush:
                req.flush()
            if owned is not None:
                owned.save()
        finally:
            if owned is not None:
                owned.unlock()

    def display_code(self) -> None:
        """Write an HTML table for the client: the page's source beside the Python made of it."""
        if self.filename is None:
            name, source = "", _as_text(self.string or "")
            python = _shown(_TEXT_NAME, source, "")
        else:
            name, source = _source(self.filename)
            python = _shown(name, source, os.path.dirname(name) + "/")
        rows = [("", "&nbsp;PSP-produced Python Code:", html.escape(name) + ":")]
        lines = source.splitlines()
        for number, line in enumerate(python.splitlines()):
            beside = lines[number] if number < len(lines) else ""
            rows.append((f"{number + 1}.&nbsp;", _coloured("blue", line), _coloured("green", beside)))
        self.req.write("<table>\n" + "".join(map(_row, rows)) + "</table>\n")

    def __str__(self) -> str:
        """Run the page, as HTML; an empty string, so that `req.write(str(page))` writes it once."""
        self.req.content_type = "text/html"
        self.run()
        return ""

    def _import_names(self) -> dict[str, Any]:
        """What lets the page's import statements find modules beside `req.filename`."""
        # The handler of a <Location> may have no file.
        if self.filename == self.req.filename or not self.req.filename:
            return self._page.names
        return _import_names(self.req.filename)


class PSPInterface:
    """What a page knows as `psp`."""

    __module__ = "mod_python.psp"

    def __init__(self, req: Any, filename: str | None, form: Any) -> None:
        self.req = req
        self.filename = filename
        self.error_page: PSP | None = None
        self.form = form
        self._leaving = False

    def set_error_page(self, filename: str) -> None:
        """The page to run when this one raises an exception: it gets the variable `exception`, as of sys.exc_info().

        A name that begins with a slash is of the document root, any other of the page's folder. SERVER_RETURN with
        404 when there is no such file.
        """
        if filename[:1] == "/":
            filename = self.req.document_root() + filename
        else:
            filename = os.path.join(os.path.dirname(self.filename or self.req.filename), filename)
        self.error_page = PSP(self.req, filename=filename)

    def apply_data(self, object: Any, **kw: Any) -> Any:
        """Call `object` with those of the form's fields, of `kw` and `req` that it takes as arguments; its result."""
        if self.form is None:
            self.form = _form(self.req)
        return util.apply_fs_data(object, self.form, **{"req": self.req, **kw})

    def redirect(self, location: str, permanent: int = 0) -> None:
        """Send the browser to `location`; the rest of the page does not run. OSError when output was sent already."""
        self._leaving = True
        try:
            util.redirect(self.req, location, permanent)
        except OSError:
            self._leaving = False
            raise

    def _failed(self, error: Exception) -> None:
        """Answer an exception of the page with the error page; raise it again when there is none."""
        if self.error_page is None or self._leaving:
            raise error
        trace = error.__traceback__
        # The first frame is ours.
        trace = trace.tb_next or trace if trace is not None else None
        self.error_page.run({"exception": (type(error), error, trace)})


# -- pages


def _from_file(name: str, req: Any) -> Compiled:
    """The page of a file, compiled unless it is kept already."""
    try:
        status = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        raise SERVER_RETURN(HTTP_NOT_FOUND) from None
    if stat.S_ISDIR(status.st_mode):
        raise SERVER_RETURN(HTTP_NOT_FOUND)
    stamp = psp_cache.stamp_of(status)
    page = _files.get(name, stamp)
    if page is not None:
        return page
    database = _database(req)
    code = _kept(database, name, stamp, req) if database is not None else None
    if code is None:
        text = _source(name)[1]
        code = psp_compiler.compile_page(text, name, _reader(os.path.dirname(name) + "/"))
        if database is not None:
            _keep(database, name, stamp, code, req)
    page = Compiled(stamp, code, "session" in code.co_names, "form" in code.co_names, _import_names(name))
    if database is None:
        _files.put(name, page)
    return page


def _from_text(string: str | bytes) -> Compiled:
    page = _texts.get(string, None)
    if page is None:
        code = psp_compiler.compile_page(_as_text(string), _TEXT_NAME, _reader(""))
        page = Compiled(None, code, "session" in code.co_names, "form" in code.co_names, {})
        _texts.put(string, page)
    return page


def _as_text(string: str | bytes) -> str:
    if isinstance(string, bytes):
        return psp_compiler.decode(string, _TEXT_NAME)
    if not isinstance(string, str):
        raise TypeError(f"a page is str or bytes, not {type(string).__name__}")
    return string


def _source(name: str) -> tuple[str, str]:
    """The name and text of a file. OSError, SyntaxError."""
    with open(name, "rb", opener=regular) as file:
        return name, psp_compiler.decode(file.read(), name)


def _reader(folder: str) -> psp_parser.Read:
    """How included files are found: absolute names as they are, others behind `folder`."""
    return lambda name: _source(name if os.path.isabs(name) else folder + name)


def _shown(name: str, source: str, folder: str) -> str:
    return psp_writer.shown(psp_parser.parse(source, name, _reader(folder)))


# -- the database of compiled pages


def _database(req: Any) -> Any:
    """The database that the options name; None without one."""
    options = req.get_options()
    path = options.get("mod_python.psp.cache_database_filename") or options.get("PSPDbmCache")
    if not path:
        return None
    if path not in _databases:
        from mpfcgi.api.psp_database import Database

        _databases[path] = Database(path)
    return _databases[path]


def _kept(database: Any, name: str, stamp: psp_cache.Stamp, req: Any) -> types.CodeType | None:
    try:
        return database.get(name, stamp)  # type: ignore[no-any-return]
    except OSError as error:
        # The page can be served without; whoever set the option wants to know.
        req.log_error(f"psp: {error}", APLOG_ERR)
        return None


def _keep(database: Any, name: str, stamp: psp_cache.Stamp, code: types.CodeType, req: Any) -> None:
    try:
        database.put(name, stamp, code)
    except OSError as error:
        req.log_error(f"psp: {error}", APLOG_ERR)


# -- what pages see

_globals: dict[str, Any] = {}


def _page_globals() -> dict[str, Any]:
    """The names of mod_python.psp, which pages have always had, too."""
    if not _globals:
        from mpfcgi.api import _apache, _psp

        _globals.update(
            __name__="mod_python.psp", __package__="mod_python", __doc__=None,
            Session=Session, _apache=_apache, _psp=_psp, apache=apache, escape=escape, handler=handler,
            marshal=marshal, os=os, parse=parse, parsestring=parsestring, PSP=PSP, PSPInterface=PSPInterface,
            sys=sys, tempfile=tempfile, types=types, util=util,
        )  # fmt: skip
    return _globals


def _import_names(file: str) -> dict[str, Any]:
    return services.current().importer.names_for(file)  # type: ignore[no-any-return]


def _form(req: Any) -> Any:
    """The request's form: the one that another handler, or page, has read already, or a new one."""
    if not hasattr(req, "form"):
        req.form = util.FieldStorage(req, keep_blank_values=1)
    return req.form


def _new_session(req: Any) -> Any:
    return Session.Session(req)


# -- the debug view


def _row(cells: tuple[str, str, str]) -> str:
    number, python, source = cells
    return f"<tr><td><tt>{number}</tt></td><td><tt>{python}</tt></td><td><tt>&nbsp;{source}</tt></td></tr>\n"


def _coloured(colour: str, line: str) -> str:
    text = html.escape(line).replace("\t", "&nbsp;" * 4).replace(" ", "&nbsp;")
    return f"<font color={colour}>{text}</font>"
