"""Server side includes, what each element does (Apache's mod_include; manual 6.2 for `python`).

An element takes its attributes in order, so that `config` can change what comes behind it in the same element; one
that can't go on raises Problem, and what it has shown by then stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mpfcgi.worker import ssi_text
from mpfcgi.worker.ssi_parser import Attributes
from mpfcgi.worker.ssi_text import DECODINGS, ENCODINGS, Problem, decode_entities, recode, to_bytes

if TYPE_CHECKING:
    from mpfcgi.worker.ssi_page import Page


class PageEnded(Exception):
    """The rest of the page is not to be shown; unless the page has been `explained` why, it shows its error message."""

    def __init__(self, explained: bool = True) -> None:
        super().__init__(explained)
        self.explained = explained


def echo(page: Page, attributes: Attributes) -> None:
    """The value of a variable, encoded."""
    encodings, decodings = "entity", "none"
    for name, value in _given("echo", attributes):
        if name == "var":
            found = page.variable(page.expand(decode_entities(value)))
            if found is None:
                page.world.write(to_bytes(page.undefined))
            else:
                page.world.write(to_bytes(recode(recode(found, decodings, DECODINGS), encodings, ENCODINGS)))
        elif name == "encoding":
            encodings = value
        elif name == "decoding":
            decodings = value
        else:
            raise _unknown("echo", name)


def set_variable(page: Page, attributes: Attributes) -> None:
    """Give a variable a value."""
    encodings = decodings = "none"
    variable: str | None = None
    if len(attributes) < 2:
        raise Problem("set takes var= and value=")
    for name, value in _given("set", attributes):
        if name == "var":
            variable = page.expand(decode_entities(value))
        elif name == "encoding":
            encodings = value
        elif name == "decoding":
            decodings = value
        elif name != "value":
            raise _unknown("set", name)
        elif variable is None:
            raise Problem("set takes var= before value=")
        else:
            text = recode(recode(page.expand(value), decodings, DECODINGS), encodings, ENCODINGS)
            page.world.variables[variable] = text


def config(page: Page, attributes: Attributes) -> None:
    """Change how errors, sizes and times are shown from here on."""
    for name, value in _given("config", attributes):
        text = page.expand(value)
        if name == "errmsg":
            page.error_message = text
        elif name == "echomsg":
            page.undefined = text
        elif name == "timefmt":
            page.time_format = text
            set_times(page)
        elif name != "sizefmt":
            raise _unknown("config", name)
        elif text.lower() in ("bytes", "abbrev"):
            page.abbreviated = text.lower() == "abbrev"
        else:
            raise Problem(f"config: sizefmt is bytes or abbrev, not {text!r}")


def set_times(page: Page) -> None:
    """Write the variables with times as the page wants them."""
    world = page.world
    world.variables["DATE_LOCAL"] = ssi_text.moment(world.request_time, page.time_format)
    world.variables["DATE_GMT"] = ssi_text.moment(world.request_time, page.time_format, gmt=True)
    world.variables["LAST_MODIFIED"] = ssi_text.moment(world.modified, page.time_format)


def file_size(page: Page, attributes: Attributes) -> None:
    """The size of a file."""
    for name, value in _given("fsize", attributes):
        count, _ = page.world.status(_target(page, "fsize", name, value), name == "virtual")
        page.world.write(to_bytes(ssi_text.size(count, page.abbreviated)))


def file_changed(page: Page, attributes: Attributes) -> None:
    """When a file was last changed."""
    for name, value in _given("flastmod", attributes):
        _, changed = page.world.status(_target(page, "flastmod", name, value), name == "virtual")
        page.world.write(to_bytes(ssi_text.moment(changed, page.time_format)))


def include(page: Page, attributes: Attributes) -> None:
    """Another page, or the one of `onerror` when it can't be had."""
    failed: Problem | None = None
    for name, value in _given("include", attributes):
        if name == "onerror":
            if failed is not None:
                page.world.log(str(failed))
                page.world.include(page.expand(decode_entities(value)), True)
                failed = None
            continue
        if failed is not None:
            raise failed
        target = _target(page, "include", name, value)
        try:
            page.world.include(target, name == "virtual")
        except Problem as problem:
            failed = problem
    if failed is not None:
        raise failed


def print_environment(page: Page, attributes: Attributes) -> None:
    """All variables with their values."""
    if attributes:
        raise Problem("printenv takes no attributes")
    encode = ENCODINGS["entity"]
    lines = [f"{encode(name)}={encode(value)}\n" for name, value in page.world.variables.items()]
    page.world.write(to_bytes("".join(lines)))


def execute(page: Page, attributes: Attributes) -> None:
    """What a shell command prints, or a handler answers."""
    _allowed(page, "exec")
    for name, value in _given("exec", attributes):
        if name == "cmd":
            # Its $variables are left for the shell, which has them all: put in here they would be commands.
            page.world.run_command(decode_entities(value).replace("\\$", "$"))
        elif name == "cgi":
            page.world.run_handler(page.expand(decode_entities(value)))
        else:
            raise _unknown("exec", name)


def python(page: Page, attributes: Attributes) -> None:
    """A Python expression's value, or what Python code writes (manual 6.2)."""
    _allowed(page, "python")
    if len(attributes) != 1 or attributes[0][0] not in ("eval", "exec") or not attributes[0][1]:
        raise Problem('python takes one attribute: eval="expression" or exec="code"')
    kind, code = attributes[0]
    page.world.run_python(kind, decode_entities(code or ""))


def comment(page: Page, attributes: Attributes) -> None:
    """Nothing: what stands in it is for those who read the source."""


ELEMENTS: dict[str, Callable[[Page, Attributes], None]] = {
    "comment": comment,
    "config": config,
    "echo": echo,
    "exec": execute,
    "flastmod": file_changed,
    "fsize": file_size,
    "include": include,
    "printenv": print_environment,
    "python": python,
    "set": set_variable,
}


def _given(element: str, attributes: Attributes) -> list[tuple[str, str]]:
    """The attributes up to the first without a value. Problem when there are none at all."""
    if not attributes:
        raise Problem(f"{element} has no attributes")
    given = []
    for name, value in attributes:
        if value is None:
            break
        given.append((name, value))
    return given


def _target(page: Page, element: str, name: str, value: str) -> str:
    if name not in ("file", "virtual"):
        raise _unknown(element, name)
    return page.expand(decode_entities(value))


def _allowed(page: Page, element: str) -> None:
    if not page.world.may_execute:
        raise Problem(f"{element} is used but not allowed here (Options IncludesNOEXEC)")


def _unknown(element: str, name: str) -> Problem:
    return Problem(f"unknown attribute {name!r} of element {element}")
