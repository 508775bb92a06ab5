"""Server side includes, a page: its bytes go in, what it becomes comes out (manual chapter 6; Apache's mod_include).

Sans-IO: all that a page asks of the world (variables, files, other pages, programs, Python) goes through a `World`. This
module knows what is shown and what is not; the elements themselves stand in `ssi_elements`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mpfcgi.worker import ssi_expression, ssi_legacy
from mpfcgi.worker.ssi_elements import ELEMENTS, PageEnded
from mpfcgi.worker.ssi_parser import END, START, Attributes, Element, Parser
from mpfcgi.worker.ssi_text import Problem, expand, to_bytes

if TYPE_CHECKING:
    from mpfcgi.worker.ssi_expression import Facts

CONDITIONALS = frozenset(("if", "elif", "else", "endif"))


class Variables(Protocol):
    """The page's variables: `req.subprocess_env`."""

    def get(self, name: str, /) -> str | None: ...
    def __setitem__(self, name: str, value: str, /) -> None: ...
    def items(self) -> Iterable[tuple[str, str]]: ...


class World(Protocol):
    """What a page asks for. `request_time` and `modified` (of the page's file) are seconds since the epoch."""

    request_time: float
    modified: float
    may_execute: bool

    @property
    def variables(self) -> Variables:
        """The page's variables."""
        ...

    @property
    def facts(self) -> Facts:
        """What its conditions may ask."""
        ...

    def write(self, data: bytes) -> None:
        """Send a part of the finished page."""

    def log(self, text: str) -> None:
        """Say in the error log what is wrong with the page."""

    def include(self, target: str, virtual: bool) -> None:
        """Send another page or file: a URI of this host, or with `virtual` false a path below this page's folder."""

    def status(self, target: str, virtual: bool) -> tuple[int, float]:
        """The size in bytes and the time of the last change of a file."""

    def run_command(self, command: str) -> None:
        """Send what a shell command prints."""

    def run_handler(self, uri: str) -> None:
        """Send what the handler of a URI answers."""

    def run_python(self, kind: str, code: str) -> None:
        """Do Python code; `kind` is eval or exec. PageEnded when it failed and the page is over."""


@dataclass(frozen=True)
class PageSettings:
    """The SSI directives that hold for a page."""

    error_message: str = "[an error occurred while processing this directive]"
    undefined: str = "(none)"
    time_format: str = "%A, %d-%b-%Y %H:%M:%S %Z"
    legacy: bool = False
    start: bytes = START
    end: bytes = END


class Page:
    """One page on its way through. What its elements change (`config`) stands in its attributes."""

    def __init__(self, world: World, settings: PageSettings) -> None:
        self.world = world
        self.error_message = settings.error_message
        self.undefined = settings.undefined
        self.time_format = settings.time_format
        self.abbreviated = True
        self.elements = 0
        self._legacy = settings.legacy
        self._parser = Parser(settings.start, settings.end)
        self._match: re.Match[str] | None = None
        self._ended = False
        # The conditional that is open: whether its branch is shown, whether one was taken, whether one was no
        # condition at all, and how many conditionals stand open inside of one that is not shown.
        self._shown = True
        self._taken = True
        self._failed = False
        self._hidden = 0
        self._open = 0

    def feed(self, data: bytes) -> None:
        """The next bytes of the page; what they complete is written."""
        if not self._ended:
            self._go_through(self._parser.feed(data))

    def close(self) -> None:
        """The page is complete."""
        if not self._ended:
            self._go_through(self._parser.close())
            if self._open:
                self.world.log("endif is missing at the end of the page")
        self._ended = True

    def _go_through(self, parts: Iterable[bytes | Element]) -> None:
        try:
            for part in parts:
                if isinstance(part, Element):
                    self.elements += 1
                    self._process(part)
                elif self._shown:
                    self.world.write(part)
        except PageEnded as end:
            self._ended = True
            if not end.explained:
                self.world.write(to_bytes(self.error_message))

    def _process(self, element: Element) -> None:
        try:
            if element.problem:
                raise Problem(element.problem)
            if element.name in CONDITIONALS:
                self._conditional(element.name, element.attributes)
            elif self._shown:
                handler = ELEMENTS.get(element.name)
                if handler is None:
                    raise Problem(f"unknown element {element.name!r}: known are {', '.join(sorted(ELEMENTS))}")
                handler(self, element.attributes)
        except Problem as problem:
            self.fail(str(problem))

    def fail(self, text: str) -> None:
        """Log what is wrong, and show the error message in its place, where anything is shown."""
        self.world.log(text)
        if self._shown:
            self.world.write(to_bytes(self.error_message))

    # -- variables

    def variable(self, name: str) -> str | None:
        """The value of a variable; 0 to 9 are the groups of the last regular expression that was found (legacy)."""
        if len(name) == 1 and name.isdigit():
            match = self._match
            return match[int(name)] if match is not None and int(name) <= match.re.groups else None
        return self.world.variables.get(name)

    def expand(self, text: str) -> str:
        """`text` with the values of its $variables."""
        return expand(text, self.variable)

    # -- conditionals

    def _conditional(self, name: str, attributes: Attributes) -> None:
        if name == "if":
            self._open += 1
            if not self._shown:
                self._hidden += 1
                return
            self._failed = False
            self._decide(name, attributes)
        elif name == "endif":
            self._without_attributes(name, attributes)
            self._open = max(self._open - 1, 0)
            if self._hidden:
                self._hidden -= 1
            else:
                self._shown = self._taken = True
                self._failed = False
        elif self._hidden:
            pass
        elif name == "else":
            self._without_attributes(name, attributes)
            # Behind a condition that is none nobody knows which side was meant: neither is shown.
            self._shown = not self._taken and not self._failed
            self._taken = True
        elif self._taken:
            self._shown = False
        else:
            self._decide(name, attributes)

    def _decide(self, name: str, attributes: Attributes) -> None:
        """Show the branch, or not, by the condition of if or elif."""
        try:
            self._shown = self._taken = self._holds(name, attributes)
        except Problem as problem:
            self._shown = True
            self.fail(str(problem))
            self._shown, self._taken, self._failed = False, False, True

    def _holds(self, name: str, attributes: Attributes) -> bool:
        if len(attributes) != 1 or attributes[0][0] != "expr" or attributes[0][1] is None:
            raise Problem(f'{name} takes one attribute: expr="condition"')
        text = attributes[0][1]
        if not self._legacy:
            return ssi_expression.evaluate(text, self.world.facts)
        return ssi_legacy.evaluate(text, self.expand, self._remember, self.world.facts.accessible)

    def _remember(self, match: re.Match[str]) -> None:
        self._match = match

    @staticmethod
    def _without_attributes(name: str, attributes: Attributes) -> None:
        if attributes:
            raise Problem(f"{name} takes no attributes")
