"""What holds for a request: the directives of all its sections, merged once for each combination of sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from mpfcgi.config.directives import REGISTRY
from mpfcgi.config.directives.access import HOST_DIRECTIVES, Rule
from mpfcgi.config.directives.python import PHASE_DIRECTIVES, HandlerSpec
from mpfcgi.config.model import Directive

# Directives that req.get_config() shows.
PYTHON_FLAGS = (
    "PythonDebug", "PythonEnablePdb", "PythonAutoReload", "PythonInterpPerDirectory", "PythonInterpPerDirective",
)  # fmt: skip
PYTHON_TEXTS = ("PythonPath", "PythonInterpreter")
FILTER_DIRECTIVES = ("PythonInputFilter", "PythonOutputFilter")
EARLY_PHASES = ("PythonPostReadRequestHandler", "PythonTransHandler")
_PHASES = frozenset(PHASE_DIRECTIVES)


class Scope(NamedTuple):
    """One section's directives. `directory` (ending in /) is where its handlers' modules are looked for; `location` is
    the argument of a <Location>, `location_regex` whether that is an expression."""

    directives: tuple[Directive, ...]
    directory: str | None = None
    location: str | None = None
    location_regex: bool = False


class Settings:
    """Merged values by directive name. Never changed; one object per combination, so compare by identity.

    `handlers` has the Python*Handler directives that are set, `options` the PythonOption values, `python_config`
    what `req.get_config()` shows. `extras` is for whoever uses the settings to keep what follows from them.
    """

    __slots__ = ("extras", "handlers", "options", "python_config", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.handlers: dict[str, tuple[HandlerSpec, ...]] = {
            name: values[name] for name in PHASE_DIRECTIVES if values.get(name)
        }
        raw_options: Mapping[str, str | None] = values.get("PythonOption", {})
        self.options = {name: value for name, value in raw_options.items() if value is not None}
        self.python_config = _python_config(values)
        self.extras: dict[Any, Any] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a directive, or `default` where it isn't set."""
        return self.values.get(name, default)


def merge(parent: Settings | None, scopes: Iterable[Scope]) -> Settings:
    """The settings of `parent` with `scopes` laid over them, in order."""
    values = dict(parent.values) if parent is not None else {}
    for scope in scopes:
        found = _combined(scope)
        if not found.keys().isdisjoint(HOST_DIRECTIVES):
            for name in HOST_DIRECTIVES:
                values.pop(name, None)
        for key, (value, merge_value) in found.items():
            values[key] = merge_value(values.get(key), value)
    return Settings(values)


def _combined(scope: Scope) -> dict[str, tuple[Any, Any]]:
    """One scope's directives joined by key, with the function that merges each into an outer scope's."""
    found: dict[str, tuple[Any, Any]] = {}
    for directive in scope.directives:
        if directive.name == "PythonHandlerModule":
            _add_modules(found, directive.value, scope)
            continue
        spec = REGISTRY[directive.name.lower()]
        value = directive.value
        if directive.name in _PHASES:
            value = tuple(_placed(handler, scope) for handler in value)
        elif directive.name in FILTER_DIRECTIVES:
            value = {name: _placed(handler, scope) for name, handler in value.items()}
        key = spec.settings_key
        old = found.get(key)
        found[key] = (spec.combine(old[0], value) if old else spec.combine(None, value), spec.merge)
    if "Require" in found and found.get("AuthMerging", ("off",))[0] != "off":
        found["Require"] = (found["Require"][0], partial(_merge_rules, found["AuthMerging"][0]))
    return found


def _merge_rules(how: str, old: tuple[Rule, ...] | None, new: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """AuthMerging And or Or: an outer scope's rules beside the inner one's."""
    if not old:
        return new
    return (Rule({"and": "all-of", "or": "any-of"}[how], rules=(Rule("any-of", rules=old), Rule("any-of", rules=new))),)


def _add_modules(found: dict[str, tuple[Any, Any]], modules: tuple[HandlerSpec, ...], scope: Scope) -> None:
    """PythonHandlerModule: handlers in every phase that may be missing (manual 5.4.7)."""
    handlers = tuple(_placed(module, scope) for module in modules)
    for name in PHASE_DIRECTIVES:
        # The early phases know no directories; in one its header parser function serves where an init handler would.
        if scope.directory is not None and name in (*EARLY_PHASES, "PythonInitHandler"):
            continue
        old = found.get(name)
        found[name] = ((old[0] if old else ()) + handlers, REGISTRY[name.lower()].merge)


def _placed(handler: HandlerSpec, scope: Scope) -> HandlerSpec:
    return handler._replace(directory=scope.directory, location=scope.location, location_regex=scope.location_regex)


def _python_config(values: Mapping[str, Any]) -> dict[str, str]:
    """In the order in which the sections set them first."""
    return {
        name: ("1" if value else "0") if name in PYTHON_FLAGS else value
        for name, value in values.items()
        if name in PYTHON_FLAGS or name in PYTHON_TEXTS
    }
