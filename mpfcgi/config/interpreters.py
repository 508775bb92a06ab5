"""Which interpreters a configuration can ask for: what the supervisor starts, and whether it needs a router."""

from __future__ import annotations

from collections.abc import Iterator

from mpfcgi.config.model import Config, Directive, Section
from mpfcgi.config.patterns import is_wild
from mpfcgi.config.resolver import Resolver


def static_interpreters(config: Config) -> tuple[str, ...]:
    """The interpreters that are known without a request: hosts, PythonInterpreter lines, pools with a plain name."""
    resolver = Resolver(config)
    names = [resolver.server_interpreter(server) for server in (config.vhosts or (config.main,))]
    for server in config.servers:
        names += [
            directive.value for directive in _in_sections(server.sections) if directive.name == "PythonInterpreter"
        ]
    names += [pool.pattern for pool in config.pools if not is_wild(pool.pattern)]
    return tuple(dict.fromkeys(names))


def names_vary(config: Config) -> bool:
    """Whether requests of one listener may need different interpreters (so that a router is needed)."""
    return len(static_interpreters(config)) > 1 or any(
        _makes_names(directive)
        for server in config.servers
        for directive in (*server.directives, *_in_sections(server.sections))
    )


def _makes_names(directive: Directive) -> bool:
    """Whether a line gives names by place; an .htaccess may hold such a line."""
    return directive.name in ("PythonInterpPerDirectory", "PythonInterpPerDirective", "AllowOverride") and bool(
        directive.value
    )


def _in_sections(sections: tuple[Section, ...]) -> Iterator[Directive]:
    for section in sections:
        yield from section.directives
        yield from _in_sections(section.sections)
