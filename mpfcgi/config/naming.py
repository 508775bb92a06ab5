"""The names of interpreters: manual 4.1 and 5.4.4 to 5.4.6."""

from __future__ import annotations

from mpfcgi.config.model import Config, Directive, Server
from mpfcgi.config.sections import directives_in
from mpfcgi.config.settings import Settings

MAIN_INTERPRETER = "main_interpreter"
# What gives requests of one host interpreters by their place; an .htaccess may hold such a line.
BY_PLACE = frozenset(("PythonInterpPerDirectory", "PythonInterpPerDirective", "AllowOverride", "AllowOverrideList"))


def interpreter_of(settings: Settings, directory: str, host: str) -> str:
    """The interpreter of requests with these settings, for files in `directory`; `host` is that of the host's own name."""
    explicit: str | None = settings.get("PythonInterpreter")
    if explicit:
        return explicit
    if settings.get("PythonInterpPerDirectory"):
        return directory
    if settings.get("PythonInterpPerDirective"):
        handlers = settings.handlers.get("PythonHandler", ())
        place = next((place for handler in handlers if (place := handler.directory or handler.location)), None)
        return place or MAIN_INTERPRETER
    return host


def varies_within(server: Server, config: Config) -> bool:
    """Whether the requests of one host may need different interpreters."""
    sections = [*directives_in(config.main.sections), *directives_in(server.sections)]
    lines = (*config.main.directives, *server.directives, *sections)
    return any(map(makes_names, lines)) or any(line.name == "PythonInterpreter" for line in sections)


def makes_names(directive: Directive) -> bool:
    """Whether a line gives names by place."""
    return directive.name in BY_PLACE and bool(directive.value)
