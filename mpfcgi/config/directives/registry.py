"""The registry: what is to be known of a directive, said once by the module of its topic.

The checker, the reference page and "did you mean" come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpfcgi.config.directives.arguments import WRITTEN, Parse
from mpfcgi.config.directives.merging import replace

# What the letters of Spec.contexts stand for.
CONTEXT_NAMES = {
    "S": "server config",
    "V": "<VirtualHost>",
    "D": "<Directory>, <Files>, <Location>",
    "H": ".htaccess",
    "P": "<PythonPool>",
}


@dataclass(frozen=True)
class Spec:
    """A directive. `combine` joins it with an earlier one of the same section, `merge` with that of an outer scope.

    `override` is the AllowOverride class that .htaccess needs for it ("any": not None). `key` is the name that the
    merged value has in Settings, where it is not the directive's own. What is `shown_only` is the front-end's to do:
    here it is an attribute of the server object.
    """

    name: str
    contexts: str
    parse: Parse
    help: str
    combine: Callable[[Any, Any], Any] = replace
    merge: Callable[[Any, Any], Any] = replace
    override: str | None = None
    key: str = ""
    shown_only: bool = False
    # How the arguments are written, for the reference page and errors.
    syntax: str = ""

    @property
    def settings_key(self) -> str:
        """The name of its merged value in Settings."""
        return self.key or self.name

    @property
    def usage(self) -> str:
        """How a line is written; "" where what `parse` says of a wrong one tells it already."""
        return "" if self.syntax == WRITTEN.get(self.parse) else f"{self.name} {self.syntax}"


REGISTRY: dict[str, Spec] = {}


def declare(names: str, contexts: str, parse: Parse, **more: Any) -> None:
    """Registers a directive, or several that differ in nothing but their name.

    Args: the names, with a space between them; for the others see Spec. `syntax` may be left out where `parse` tells it.
    """
    more.setdefault("syntax", WRITTEN.get(parse, ""))
    for name in names.split():
        REGISTRY[name.lower()] = Spec(name, contexts, parse, **more)
