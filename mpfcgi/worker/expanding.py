"""Texts of the configuration with %{variables} and %{functions:...} of ap_expr in them, as those of ErrorDocument."""

from __future__ import annotations

import os

from mpfcgi.api import Request
from mpfcgi.config import Config, ConfigError
from mpfcgi.config.model import Directive
from mpfcgi.config.sections import directives_in
from mpfcgi.files import regular
from mpfcgi.worker.ssi_expression import FUNCTIONS, Condition, Facts, Test, Word
from mpfcgi.worker.ssi_facts import RequestFacts, is_variable
from mpfcgi.worker.ssi_text import Problem


def expand(text: str, req: Request) -> str:
    """The text with the request's values. Problem for a wrong one, which only `.htaccess` can have."""
    if not _is_plain(text):
        return _Text(text, RequestFacts(req, req.subprocess_env.get, _never)).word()
    return text


def check(config: Config) -> None:
    """ConfigError for an ErrorDocument that can't be expanded."""
    for server in config.servers:
        for directive in (*server.directives, *directives_in(server.sections)):
            if directive.name == "ErrorDocument":
                _check(directive)


def _check(directive: Directive) -> None:
    for text in directive.value.values():
        try:
            _Text(text, _Names())
        except Problem as problem:
            raise ConfigError(f"ErrorDocument: {problem}", directive.place, "a backslash makes % and $ plain")


def _is_plain(text: str) -> bool:
    return "%{" not in text and "\\" not in text and "$" not in text


def _read(path: str) -> str:
    """Of a file that the configuration names."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=regular) as file:
            return file.read()
    except OSError as error:
        raise Problem(f"file {path}: {error.strerror}")


def _size(path: str) -> str:
    try:
        return str(os.stat(path).st_size)
    except OSError:
        return "0"


def _never(uri: str, /) -> bool:
    return False


class _Text(Condition):
    """A text to its end; `word` gives it with its values."""

    # Who writes the configuration may read files; a page's variables are those of a page.
    functions = {
        **{name: function for name, function in FUNCTIONS.items() if name != "v"},
        "file": lambda facts, path: _read(path),
        "filesize": lambda facts, path: _size(path),
    }
    kind = "text"
    word: Word

    def _parse(self) -> Test:
        self.word = self._string("")
        return lambda: True


class _Names(Facts):
    """The facts of no request: only which there are."""

    def server_variable(self, name: str) -> str | None:
        """\"\" for one that requests have."""
        return "" if is_variable(name) else None

    def page_variable(self, name: str) -> str | None:
        """None."""
        return None

    note = header_in = header_out = page_variable

    def accessible(self, uri: str, /) -> bool:
        """Never."""
        return False
