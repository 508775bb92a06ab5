"""The port helper's walk: files and folders in, findings out, in the order of their lines."""

from __future__ import annotations

import os
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from io import BytesIO

from mpfcgi.porting import habits, input_bytes, names, statements, views
from mpfcgi.porting.source import LOOK, MUST, SHOULD, Finding, Source

PYTHON = (".py", ".pyw")
PAGES = (".psp",)
PATTERNS = (
    names.modules,
    names.imported,
    names.members,
    names.builtins,
    names.methods,
    names.special,
    names.sorting,
    statements.statements,
    statements.lambdas,
    statements.literals,
    views.views,
    input_bytes.input_bytes,
    input_bytes.encoded_text,
    habits.results,
    habits.imports,
    habits.addresses,
    habits.environment,
    habits.own_attributes,
    habits.text_and_bytes,
    habits.shared_state,
    habits.late_headers,
)
# A page's code begins anywhere in a line.
NOT_IN_PAGES = (statements.indents,)
_PAGE_CODE = re.compile(r"<%(?![@-])(=?)(.*?)(?:%>|\Z)", re.DOTALL)
_PYTHON_LINE = re.compile(rb"#!.*python")
_HANDLER_PATH = re.compile(r"^\s*(Python\w*Handler)\s+(\S*/\S+)", re.IGNORECASE)
_LOCATION = re.compile(r"^\s*<(/?)Location(?:Match)?\b", re.IGNORECASE)
_HANDLER = re.compile(r"^\s*PythonHandler\s", re.IGNORECASE)


def check_paths(paths: Iterable[str]) -> Iterator[Finding]:
    """The findings of files, and of all Python files, PSP pages and configurations in folders. OSError."""
    for path in paths:
        for file in _files(path):
            with open(file, "rb") as opened:
                data = opened.read()
            if file.endswith((".conf", ".htaccess")):
                yield from check_config(file, data.decode("utf-8", "surrogateescape"))
            else:
                yield from check_text(file, data)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(files):
            file = os.path.join(folder, name)
            if name.endswith((*PYTHON, *PAGES, ".conf", ".htaccess")) or (name.endswith(".cgi") and _is_python(file)):
                yield file


def _is_python(file: str) -> bool:
    with open(file, "rb") as opened:
        return _PYTHON_LINE.match(opened.readline(200)) is not None


def check_text(file: str, data: bytes) -> list[Finding]:
    """The findings of one source or PSP page, in the order of their lines."""
    text = _decoded(data)
    page = file.endswith(PAGES)
    source = Source(_code_of_page(text) if page else text)
    found = [
        Finding(file, hit.token.line, hit.token.column, hit.severity, hit.pattern, hit.message, hit.instead)
        for pattern in (PATTERNS if page else PATTERNS + NOT_IN_PAGES)
        for hit in pattern(source)
        if hit.pattern != "module" or not _has_neighbour(file, hit.token.text)
    ]
    if not page:
        found += _compiled(file, data, {finding.line for finding in found if finding.severity == MUST})
    return sorted(set(found), key=lambda finding: (finding.line, finding.column, finding.pattern))


def _has_neighbour(file: str, module: str) -> bool:
    """Whether an import means a module of the site itself."""
    beside = os.path.join(os.path.dirname(file), module)
    return os.path.exists(beside + ".py") or os.path.isdir(beside)


def _decoded(data: bytes) -> str:
    """The text, by its own declaration of its encoding; Latin-1, which takes everything, where that fails."""
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _code_of_page(text: str) -> str:
    """A PSP page's code, each piece on its line and column, and blanks for the rest."""
    pieces = []
    end = 0
    for match in _PAGE_CODE.finditer(text):
        pieces += [_blank(text[end : match.start()]), "; " + _blank(match[1]), match[2], " ;"]
        end = match.end()
    return "".join(pieces)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _compiled(file: str, data: bytes, known: set[int]) -> list[Finding]:
    """What Python itself says, where no pattern has said it of that line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = error.lineno or 1
        # Python stops at the first error: with patterns before it, that is theirs.
        if not any(number <= line for number in known):
            message = f"Python does not compile this: {error.msg}"
            return [Finding(file, line, error.offset or 1, MUST, "syntax", message, "see the line")]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return [Finding(file, 1, 1, MUST, "syntax", f"Python does not compile this: {error}", "see the file")]
    return []


def check_config(file: str, text: str) -> Iterator[Finding]:
    """What a configuration says of handlers that is not as it was."""
    in_location = False
    for number, line in enumerate(text.splitlines(), 1):
        location = _LOCATION.match(line)
        if location is not None:
            in_location = not location[1]
        path = _HANDLER_PATH.match(line)
        if path is not None:
            yield Finding(
                file, number, 1, SHOULD, "handler-path", f"{path[1]} names a file; mod_python 3.5 does not take that, mpfcgi does",
                "the module's name, in the <Directory> that it lies in",
            )  # fmt: skip
        if in_location and _HANDLER.match(line):
            yield Finding(
                file, number, 1, LOOK, "location", "a handler in a <Location> may have no file: req.filename and req.path_info are None",
                "req.uri, AcceptPathInfo On there, or a <Directory> or Alias",
            )  # fmt: skip
