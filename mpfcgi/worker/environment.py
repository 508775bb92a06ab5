"""Variables that the configuration sets for a request: SetEnvIf, BrowserMatch (early), SetEnv, PassEnv, UnsetEnv (late).

Apache's mod_setenvif and mod_env: the first at the header parser phase, the second at fixup.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from mpfcgi.api import Request
from mpfcgi.config import Settings

ATTRIBUTES: dict[str, Callable[[Request], str]] = {
    "remote_host": lambda req: req.get_remote_host() or "",
    "remote_addr": lambda req: req.connection.client_ip,
    "server_addr": lambda req: req.connection.local_ip,
    "request_method": lambda req: req.method,
    "request_protocol": lambda req: req.protocol,
    "request_uri": lambda req: req.uri,
}


def match_request(req: Request, rules: tuple[Any, ...]) -> None:
    """Apply SetEnvIf and BrowserMatch rules in order; each sets, or with `!name` removes, variables."""
    env = req.subprocess_env
    for rule in rules:
        found = rule.regex.search(_subject(req, rule.attribute))
        if not found:
            continue
        for name, value in rule.variables:
            if value is None:
                del env[name]
            else:
                env[name] = _expand(value, found)


def fix_up(req: Request, settings: Settings) -> None:
    """Apply SetEnv, PassEnv and UnsetEnv, where the settings have any."""
    values = settings.get("SetEnv")
    passed = settings.get("PassEnv")
    if not values and not passed:
        return
    env = req.subprocess_env
    for name in passed or ():
        if name in os.environ:
            env[name] = os.environ[name]
    for name, value in (values or {}).items():
        env[name] = value
    for name in settings.get("UnsetEnv") or ():
        if name in env:
            del env[name]


def _subject(req: Request, attribute: str) -> str:
    attribute_of = ATTRIBUTES.get(attribute.lower())
    if attribute_of is not None:
        return str(attribute_of(req))
    return str(req.headers_in.get(attribute) or req.subprocess_env.get(attribute) or "")


def _expand(value: str, found: re.Match[str]) -> str:
    """`$1` to `$9` stand for the groups of the expression."""
    return re.sub(r"\$([0-9])", lambda group: _group(found, int(group[1])), value)


def _group(found: re.Match[str], number: int) -> str:
    return (found.group(number) or "") if number <= (found.re.groups) else ""
