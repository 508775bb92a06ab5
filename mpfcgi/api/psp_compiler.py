"""From a page's source to its code object, whose lines and columns are the page's own.

A traceback then names the page and shows its text, and a mistake in a page is a SyntaxError that names file and line.
What an included file brings counts as the line of the directive; its syntax errors name the included file itself.
"""

from __future__ import annotations

import ast
import linecache
from types import CodeType

from mpfcgi.api import psp_parser, psp_writer
from mpfcgi.api.psp_parser import Page, Place
from mpfcgi.api.psp_writer import Mark, Python


def decode(source: bytes, name: str) -> str:
    """The text of a page: UTF-8. UnicodeDecodeError names page and line where it isn't."""
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        place = Place(name, 1, 0).after(source[: error.start].decode())
        error.reason += f" (pages are UTF-8: {name}, line {place.line})"
        raise


def compile_page(source: str, name: str, read: psp_parser.Read) -> CodeType:
    """Compile a page.

    Args:
        source: its text.
        name: its file, as tracebacks shall name it.
        read: see `psp_parser.parse`.

    Returns the code, to be run with `req` among its globals. Raises SyntaxError, and what `read` raises.
    """
    page = psp_parser.parse(source, name, read)
    _refuse_unclosed(page, name)
    python = psp_writer.runnable(page)
    linecache.checkcache(name)
    try:
        # By the name of no file: Python would look up the line of an error there, and count columns in it.
        tree = ast.parse(python.text, f"{name} as Python")
    except SyntaxError as error:
        if error.lineno is None:
            # As of Python 3.12 for a NUL.
            raise _uncompilable(error, python, name) from None
        raise _located(error, python, name) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _uncompilable(error, python, name) from None
    _to_the_page(tree, python)
    try:
        return compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        if error.lineno is None:
            error.filename, error.lineno, error.offset = name, 1, 1
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise _uncompilable(error, python, name) from None


def _refuse_unclosed(page: Page, name: str) -> None:
    """A tag that is never closed hides the rest of the page; only code at the very end is let run, as it always was."""
    if page.unclosed is not None and (page.unclosed.tag != "<%" or page.unclosed.place.file != name):
        raise _error(SyntaxError, f"{page.unclosed.tag!r} is never closed", page.unclosed.place)


def _to_the_page(tree: ast.AST, python: Python) -> None:
    """Give the nodes the positions of the page."""
    for node in ast.walk(tree):
        line: int | None = getattr(node, "lineno", None)
        if line is None:
            continue
        start = _position(python, line, node.col_offset)  # type: ignore[attr-defined]
        end = _position(python, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        node.lineno, node.col_offset = start  # type: ignore[attr-defined]
        node.end_lineno, node.end_col_offset = max(start, end)  # type: ignore[attr-defined]


def _position(python: Python, line: int, column: int) -> tuple[int, int]:
    """A position of the Python in the page: line, and column in bytes."""
    mark = python.mark(line, column)
    if mark is None:
        return 1, 0
    if mark.piece.directive is not None:
        return mark.piece.directive.line, mark.piece.directive.column
    if line > mark.line:
        return mark.piece.place.line + line - mark.line, column
    return mark.piece.place.line, mark.piece.place.column + column - mark.column


def _located(error: SyntaxError, python: Python, name: str) -> SyntaxError:
    """The same error with the page's position."""
    line = error.lineno or 1
    lines = python.text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    column = len(written[: max((error.offset or 1) - 1, 0)].encode("utf-8", "surrogatepass"))
    return _error(type(error), error.msg, python.place(line, column) or Place(name, 1, 0))


def _uncompilable(error: Exception, python: Python, name: str) -> SyntaxError:
    """What Python says without a position: a NUL or half a character in code, or nesting that is too deep."""
    mark: Mark | None = next((mark for mark in python.marks if _is_odd(mark)), None)
    return _error(
        SyntaxError,
        f"the page can't be compiled: {error or type(error).__name__}",
        mark.piece.place if mark is not None else Place(name, 1, 0),
    )


def _is_odd(mark: Mark) -> bool:
    text = mark.piece.text
    return mark.piece.kind != psp_parser.TEXT and ("\0" in text or any("\ud800" <= char <= "\udfff" for char in text))


def _error(kind: type[SyntaxError], message: str, place: Place) -> SyntaxError:
    line = linecache.getline(place.file, place.line)
    before = line.encode("utf-8", "surrogatepass")[: place.column].decode("utf-8", "replace")
    return kind(message, (place.file, place.line, len(before) + 1, line or None))
