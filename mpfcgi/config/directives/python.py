"""mod_python's own directives (chapter 5 of its manual): the handlers of the phases, and how code is run."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpfcgi.config.directives.arguments import BadValue, flag, non_empty, one
from mpfcgi.config.directives.merging import append, update_in_any_case
from mpfcgi.config.directives.registry import declare

PHASE_DIRECTIVES = (
    "PythonPostReadRequestHandler", "PythonTransHandler", "PythonHeaderParserHandler", "PythonInitHandler",
    "PythonAccessHandler", "PythonAuthenHandler", "PythonAuthzHandler", "PythonTypeHandler", "PythonFixupHandler",
    "PythonHandler", "PythonLogHandler", "PythonCleanupHandler",
)  # fmt: skip


class HandlerSpec(NamedTuple):
    """A handler of a Python*Handler directive. `directory` (ending in /) is None outside of <Directory> and .htaccess.

    `extensions` restrict it (`| .ext`). A `silent` one, from PythonHandlerModule, may be missing in its module.
    `location` is the argument of the <Location> that it stands in, else None; `location_regex` that of a <LocationMatch>.
    """

    handler: str
    extensions: tuple[str, ...] = ()
    silent: bool = False
    directory: str | None = None
    location: str | None = None
    location_regex: bool = False


class Import(NamedTuple):
    """PythonImport: what is imported, the function called then ("" for none), where."""

    module: str
    function: str
    interpreter: str


def handlers(args: tuple[str, ...]) -> tuple[HandlerSpec, ...]:
    """`handler [handler ...] [| .ext [.ext ...]]`; the bar may be glued to the first extension."""
    flat: list[str] = []
    for arg in args:
        flat += [part for part in re.split(r"(\|)", arg) if part]
    at = flat.index("|") if "|" in flat else len(flat)
    names, extensions = flat[:at], tuple(flat[at + 1 :])
    if not names:
        raise BadValue("takes one or more handlers (module or module::object)")
    if at < len(flat) and not extensions:
        raise BadValue("has a | with no file extension after it")
    return tuple(HandlerSpec(name, extensions) for name in names)


def handler_modules(args: tuple[str, ...]) -> tuple[HandlerSpec, ...]:
    """The same for modules whose functions may be missing."""
    return tuple(spec._replace(silent=True) for spec in handlers(args))


def handler(args: tuple[str, ...]) -> str:
    """One `module` or `module::object`."""
    name = one(args)
    module, colons, function = name.partition("::")
    if not module or (colons and not function):
        raise BadValue(f"takes a handler such as module or module::object, not {name!r}")
    return name


def python_import(args: tuple[str, ...]) -> tuple[Import, ...]:
    """`module[::function] interpreter`"""
    if len(args) != 2:
        raise BadValue(f"takes a module and the name of an interpreter, not {len(args)} arguments")
    module, _, function = handler(args[:1]).partition("::")
    return (Import(module, function, non_empty(args[1:])),)


def pair(args: tuple[str, ...]) -> dict[str, str | None]:
    """`key [value]`; None takes the key away."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes a key and a value, not {len(args)} arguments")
    non_empty(args[:1])
    return {args[0]: args[1] if len(args) == 2 and args[1] else None}


def by_extension(old: tuple[HandlerSpec, ...] | None, new: tuple[HandlerSpec, ...]) -> tuple[HandlerSpec, ...]:
    """Handlers for an extension take the place of those for the same one, and handlers for all files of those for all."""
    taken = {extension for spec in new for extension in spec.extensions or ("",)}
    kept = []
    for spec in old or ():
        left = tuple(extension for extension in spec.extensions or ("",) if extension not in taken)
        if left:
            kept.append(spec._replace(extensions=left if spec.extensions else ()))
    return (*new, *kept)


# fmt: off
for _name in PHASE_DIRECTIVES:
    _early = _name in ("PythonPostReadRequestHandler", "PythonTransHandler")
    declare(_name, "SV" if _early else "SVDH", handlers, combine=append, merge=by_extension,
            override=None if _early else "any", syntax="handler [handler ...] [ | .ext [.ext ...]]",
            help=f"The handlers of the phase (manual 5.1): {_name[6:]}.")
declare("PythonHandlerModule", "SVDH", handler_modules, override="any", syntax="module [module ...] [ | .ext [.ext ...]]",
        help="Modules whose functions serve all phases they are named after (5.4.7).")
declare("PythonConnectionHandler", "SV", handler, syntax="handler",
        help="The handler of raw connections, which come in at Listen ADDRESS connection (5.3.1).")
declare("PythonImport", "SV", python_import, combine=append, merge=append, syntax="module[::function] interpreter",
        help="A module that workers of an interpreter import when they start, and a function of it to call (5.4.3).")
declare("PythonOptimize", "SP", flag,
        help="Whether Python runs under -O: no assert statements, __debug__ false (5.4.9). In a pool, for its workers. "
             "Default Off.")
declare("PythonDebug", "SVDH", flag, override="any",
        help="Whether errors show their traceback in the page (5.4.2). Default Off.")
declare("PythonEnablePdb", "SVDH", flag, override="any",
        help="Whether handlers run in the debugger pdb, for which the daemon is started as `mpfcgi run -X` (5.4.1). "
             "Default Off.")
declare("PythonAutoReload", "SVDH", flag, override="any",
        help="Whether changed modules are loaded again (5.4.8). Default On.")
declare("PythonInterpPerDirectory", "SVDH", flag, override="any",
        help="One interpreter for each directory of files (5.4.4). Default Off.")
declare("PythonInterpPerDirective", "SVDH", flag, override="any",
        help="One interpreter for each directory with a handler directive (5.4.5). Default Off.")
declare("PythonInterpreter", "SVDH", non_empty, override="any", syntax="name",
        help="The interpreter, that is the pool, by name (5.4.6). Default: the host's name.")
declare("PythonOption", "SVDH", pair, combine=update_in_any_case, merge=update_in_any_case, override="any", syntax="key [value]",
        help="A value for req.get_options(); without a value the key is removed (5.4.10).")
declare("PythonPath", "SVDH", non_empty, override="any", syntax="expression",
        help="An expression for sys.path, with sys at hand (5.4.11). Default: as the daemon's.")
