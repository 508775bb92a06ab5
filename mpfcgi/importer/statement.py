"""The `import` statement of loaded modules: it asks the importer first, and Python for the rest (manual 4.5.1).

Loaded modules get builtins of their own, equal to Python's but for `__import__`; nobody else's import is touched.
The statement may stand in a function that runs with every request, so a name that was left to Python before is
answered from sys.modules at once.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from mpfcgi.importer.graph import Node

# What is known of a name left to Python: whether sys.modules has the answer without and with a `from` list.
DOTTED, PACKAGE, MODULE = 0, 1, 2


def make(
    importing: Callable[[Node, str], ModuleType | None],
    asking: Callable[[str, Callable[[], ModuleType]], ModuleType],
    rescue: Callable[[str, Node, ModuleNotFoundError], ModuleType],
) -> dict[str, Any]:
    """The builtins for loaded modules.

    `importing(node, name)` gives the module that `node` means by `name`, or None; `asking(name, import)` gives what
    Python has under a name that is new to it; `rescue` is asked for one that Python does not find either, and raises
    its error again or not.
    """
    modules = sys.modules
    python = builtins.__dict__
    native = builtins.__import__

    def __import__(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if globals is None:
            globals = sys._getframe(1).f_globals
        node: Node | None = globals.get("__mp_info__")
        if node is None or level:
            return python["__import__"](name, globals, locals, fromlist, level)
        kind = node.ordinary.get(name)
        if (kind == MODULE or (kind == PACKAGE and not fromlist)) and python["__import__"] is native:
            module = modules.get(name)
            if module is not None:
                return module
        elif kind is None:
            module = importing(node, name)
            if module is not None:
                return module
            try:
                result = asking(name, lambda: python["__import__"](name, globals, locals, fromlist, level))
            except ModuleNotFoundError as error:
                return rescue(name, node, error)
            node.ordinary[name] = _kind(name, result)
            return result
        return python["__import__"](name, globals, locals, fromlist, level)

    own = dict(python)
    own["__import__"] = __import__
    return own


def refresh(own: dict[str, Any]) -> None:
    """Take over what was put into Python's builtins, or removed, since (as `gettext.install` does)."""
    # Not `update` as a whole: a thread that imports meanwhile must not see Python's own statement.
    own.update({name: value for name, value in builtins.__dict__.items() if name != "__import__"})
    for name in own.keys() - builtins.__dict__.keys():
        del own[name]


def _kind(name: str, module: ModuleType) -> int:
    if "." in name:
        return DOTTED
    return PACKAGE if hasattr(module, "__path__") else MODULE
