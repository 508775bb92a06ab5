"""Variables: of requests, and of a pool's processes."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpfcgi.config.directives.arguments import BadValue, Parse, pattern, words
from mpfcgi.config.directives.merging import append, update
from mpfcgi.config.directives.registry import declare


class EnvRule(NamedTuple):
    """SetEnvIf and BrowserMatch: `variables` are set (or, with None, removed) where `regex` is found in `attribute`."""

    attribute: str
    regex: re.Pattern[str]
    variables: tuple[tuple[str, str | None], ...]


def env_pair(args: tuple[str, ...]) -> dict[str, str]:
    """`name [value]`; "" without a value."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes a variable and a value, not {len(args)} arguments")
    return {args[0]: args[1] if len(args) == 2 else ""}


def env_if(ignore_case: bool, attribute: str | None = None) -> Parse:
    """`[attribute] regex variable ...`; `attribute` is given where the directive itself names it."""

    def parse(args: tuple[str, ...]) -> tuple[EnvRule, ...]:
        rest = list(args)
        subject = attribute or (rest.pop(0) if rest else "")
        if len(rest) < 2:
            raise BadValue("takes an expression and one or more variables (name, !name or name=value)")
        regex = pattern(rest[0], re.I if ignore_case else 0)
        return (EnvRule(subject, regex, tuple(_env_change(item) for item in rest[1:])),)

    return parse


def _env_change(item: str) -> tuple[str, str | None]:
    if item.startswith("!"):
        return item[1:], None
    name, equals, value = item.partition("=")
    return name, value if equals else "1"


# fmt: off
declare("SetEnv", "SVDHP", env_pair, combine=update, merge=update, override="FileInfo", syntax="name [value]",
        help="A variable for req.subprocess_env; in a pool, for the process.")
declare("UnsetEnv", "SVDH", words, combine=append, merge=append, override="FileInfo", syntax="name ...",
        help="Variables taken away.")
declare("PassEnv", "SVDH", words, combine=append, merge=append, override="FileInfo", syntax="name ...",
        help="Variables of the daemon passed on.")
declare("SetEnvIf", "SVDH", env_if(False), combine=append, merge=append, override="FileInfo",
        syntax="attribute regex [!]name[=value] ...",
        help="Variables set where an attribute of the request matches.")
declare("SetEnvIfNoCase", "SVDH", env_if(True), combine=append, merge=append, override="FileInfo", key="SetEnvIf",
        syntax="attribute regex [!]name[=value] ...",
        help="SetEnvIf with an expression that ignores case.")
declare("BrowserMatch", "SVDH", env_if(False, "User-Agent"), combine=append, merge=append, override="FileInfo",
        key="SetEnvIf", syntax="regex [!]name[=value] ...",
        help="Variables set where the browser (User-Agent) matches.")
declare("BrowserMatchNoCase", "SVDH", env_if(True, "User-Agent"), combine=append, merge=append, override="FileInfo",
        key="SetEnvIf", syntax="regex [!]name[=value] ...",
        help="BrowserMatch with an expression that ignores case.")
