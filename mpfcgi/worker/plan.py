"""What is to be done for the requests of one Settings, worked out once: the handlers of each phase.

A plan hangs on its Settings (`Settings.extras`), so that a request finds it with one dictionary look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

from mpfcgi.api.constants import DECLINED, OK
from mpfcgi.config import Settings
from mpfcgi.config.directives.access import Rule
from mpfcgi.config.directives.python import HandlerSpec
from mpfcgi.config.directives.server import Crowd
from mpfcgi.config.naming import MAIN_INTERPRETER
from mpfcgi.worker.debugging import DebuggedHandler
from mpfcgi.worker.handlers import Handler, ImportRules

STATUS_HANDLER, SELFTEST_HANDLER = "mpfcgi-status", "mpfcgi-selftest"
OWN_PAGES = frozenset((STATUS_HANDLER, SELFTEST_HANDLER))
GO_ON = frozenset((OK, DECLINED))
FIRST = frozenset((DECLINED,))


@dataclass(frozen=True)
class Phase:
    """A phase of the request cycle: its directive, and the results after which its next handler runs."""

    directive: str
    goes_on: frozenset[int]

    @property
    def function(self) -> str:
        """The name of the handler's function when the directive names none."""
        return self.directive.removeprefix("Python").lower()


# Manual 5.1, in the order of execution.
POST_READ = Phase("PythonPostReadRequestHandler", GO_ON)
TRANS = Phase("PythonTransHandler", FIRST)
HEADER_PARSER = Phase("PythonHeaderParserHandler", GO_ON)
INIT = Phase("PythonInitHandler", GO_ON)
ACCESS = Phase("PythonAccessHandler", GO_ON)
AUTHEN = Phase("PythonAuthenHandler", FIRST)
AUTHZ = Phase("PythonAuthzHandler", FIRST)
TYPE = Phase("PythonTypeHandler", FIRST)
FIXUP = Phase("PythonFixupHandler", GO_ON)
CONTENT = Phase("PythonHandler", GO_ON)
LOG = Phase("PythonLogHandler", GO_ON)
CLEANUP = Phase("PythonCleanupHandler", GO_ON)
PHASES = (
    POST_READ, TRANS, HEADER_PARSER, INIT, ACCESS, AUTHEN, AUTHZ, TYPE, FIXUP, CONTENT, LOG, CLEANUP,
)  # fmt: skip
BY_DIRECTIVE = {phase.directive: phase for phase in PHASES}

GRANTED = Rule("all", ("granted",))
FILTERS = ("AddInputFilter", "AddOutputFilter", "AddOutputFilterByType", "SetInputFilter", "SetOutputFilter")
GUARDS = ("Order", "Allow", "Deny", "AuthType", "SetEnv", "PassEnv", "UnsetEnv")
Handlers = tuple[Handler, ...]
NONE: Handlers = ()


class Plan:
    """The handlers of each phase for one Settings and one file extension, and how to import them."""

    __slots__ = (
        "_by_phase",
        "charset",
        "content_only",
        "crowd",
        "debug",
        "early_environment",
        "extension",
        "filtered",
        "guarded",
        "handler_class",
        "imports",
        "interpreters",
        "own_page",
        "parsed",
        "python_path",
        "settings",
    )

    def __init__(self, settings: Settings, extension: str, root: str) -> None:
        self.settings = settings
        self.debug: bool = settings.get("PythonDebug", False)
        self.handler_class = DebuggedHandler if settings.get("PythonEnablePdb") else Handler
        self.python_path: str | None = settings.get("PythonPath")
        self.imports = ImportRules(
            settings.get("PythonAutoReload", True),
            self.debug,
            _importer_path(settings.options.get("mod_python.importer.path")),
        )
        chosen = {directive: _choose(specs, extension) for directive, specs in settings.handlers.items()}
        self.extension = extension if any(by_extension for _, by_extension in chosen.values()) else None
        self._by_phase: dict[str, Handlers] = {
            directive: tuple(self._handler(spec, directive, root) for spec in specs)
            for directive, (specs, _) in chosen.items() if specs
        }  # fmt: skip
        self.content_only = not (self._by_phase.keys() - {CONTENT.directive})
        self.early_environment = settings.get("SetEnvIf") or ()
        self.filtered = any(settings.get(name) for name in FILTERS)
        # The page of ours that a directive names; code can't ask for one.
        handler = settings.get("SetHandler")
        self.own_page: str | None = handler if handler in OWN_PAGES else None
        # Whether a file may be a page with includes without any of those: by its permissions, or by its type.
        self.parsed = settings.get("XBitHack", "off") != "off" or bool(settings.get("AddType"))
        self.crowd: Crowd | None = settings.get("LimitConcurrentRequests")
        # Whether anything of the configuration stands between a request and its content.
        self.guarded = (
            bool(self.early_environment)
            or self.crowd is not None
            or any(settings.get(name) for name in GUARDS)
            or not all(rule == GRANTED for rule in settings.get("Require") or ())
        )
        self.interpreters = _interpreters(settings)
        # What is added to content types that tell no charset.
        charset = settings.get("AddDefaultCharset", "off")
        self.charset: str | None = {"off": None, "on": "iso-8859-1"}.get(charset.lower(), charset)

    def _handler(self, spec: HandlerSpec, directive: str, root: str) -> Handler:
        function = BY_DIRECTIVE[directive].function
        return self.handler_class(spec.handler, function, spec.directory or root or None, spec.silent, spec)

    def handlers(self, phase: Phase) -> Handlers:
        """Those of a phase, in their order."""
        return self._by_phase.get(phase.directive, NONE)


def plan_for(settings: Settings, filename: str | None, root: str) -> Plan:
    """The plan for a file's settings; made at the first request for such a file.

    `root` is the document root, where modules of handlers outside of <Directory> are looked for.
    """
    extras = settings.extras
    named = extras.get("extensions")
    if named is None:
        named = extras["extensions"] = frozenset(
            extension for specs in settings.handlers.values() for spec in specs for extension in spec.extensions
        )
    extension = extension_of(filename) if named and filename else ""
    if extension not in named:
        extension = ""
    plan = extras.get(extension)
    if plan is None:
        plan = extras[extension] = Plan(settings, extension, root)
    return plan  # type: ignore[no-any-return]


def extension_of(filename: str) -> str:
    """All from the first dot of the file's name: what `| .ext` is compared with."""
    name = filename[filename.rfind("/") + 1 :]
    dot = name.find(".")
    return name[dot:] if dot >= 0 else ""


def _interpreters(settings: Settings) -> dict[str, str] | None:
    """The interpreter of each phase, by its directive; None where all have the request's.

    PythonInterpPerDirective names one by the place of the phase's handlers.
    """
    if not settings.get("PythonInterpPerDirective"):
        return None
    if settings.get("PythonInterpreter") or settings.get("PythonInterpPerDirectory"):
        return None
    return {
        name: next((place for spec in specs if (place := spec.directory or spec.location)), MAIN_INTERPRETER)
        for name, specs in settings.handlers.items()
    }


def _choose(specs: tuple[HandlerSpec, ...], extension: str) -> tuple[list[HandlerSpec], bool]:
    """The handlers for a file extension: those that name it, or else those that name none."""
    named = [spec for spec in specs if extension and extension in spec.extensions]
    return (named, True) if named else ([spec for spec in specs if not spec.extensions], False)


def _importer_path(value: str | None) -> tuple[str, ...]:
    """`mod_python.importer.path`: a Python list of directories."""
    if not value:
        return ()
    import ast

    try:
        path = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        raise ValueError(f"PythonOption mod_python.importer.path is not a list of directories: {value!r}")
    return (path,) if isinstance(path, str) else tuple(path)
