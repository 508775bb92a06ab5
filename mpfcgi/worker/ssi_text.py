"""Server side includes, the texts: $variables, entities, encodings, sizes and times as mod_include writes them."""

from __future__ import annotations

import base64
import html
import re
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes

# What ap_os_escape_path leaves as it is, and what ap_escape_urlencoded does.
PATH_SAFE = "$-_.+!*'(),:@&=/~;"
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]*);")
VARIABLE = re.compile(r"\\\$|\$\{([^}]+)\}|\$\{[^}]*\Z|\$([A-Za-z0-9_]+)")


class Problem(ValueError):
    """What is wrong with an element: for the log; the page shows its error message."""


def expand(text: str, variable: Callable[[str], str | None]) -> str:
    r"""`text` with `$name` and `${name}` as their values; `\$` is a dollar sign.

    A variable that is not set is "", and so is all from a `${` without its `}`.
    """
    if "$" not in text:
        return text

    def replace(found: re.Match[str]) -> str:
        if found[0] == "\\$":
            return "$"
        name = found[1] or found[2]
        return variable(name) or "" if name else ""

    return VARIABLE.sub(replace, text)


def decode_entities(text: str) -> str:
    """`text` with its character references (those that end with `;`) as characters."""
    return ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _escape_entities(text: str) -> str:
    return html.escape(text, quote=False).replace('"', "&quot;")


def _lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text)


def escape_path(text: str) -> str:
    """As ap_os_escape_path: percent escapes in lower case; a colon before the first slash can't be a scheme's."""
    return _lower_escapes(quote(to_bytes(text), safe=PATH_SAFE))


def unbase64(text: str) -> str:
    """What base64 stands for, up to the first character that is none."""
    found = re.match("[A-Za-z0-9+/]*", text)
    assert found is not None  # it matches nothing at all too
    digits = found[0]
    # One digit alone is less than a byte.
    digits = digits[:-1] if len(digits) % 4 == 1 else digits
    return from_bytes(base64.b64decode(digits + "=" * (-len(digits) % 4)))


ENCODINGS: dict[str, Callable[[str], str]] = {
    "none": str,
    "url": escape_path,
    "urlencoded": lambda text: _lower_escapes(quote_plus(to_bytes(text), safe="*")).replace("~", "%7e"),
    "entity": _escape_entities,
    "base64": lambda text: base64.b64encode(to_bytes(text)).decode("ascii"),
}
DECODINGS: dict[str, Callable[[str], str]] = {
    "none": str,
    "url": lambda text: from_bytes(unquote_to_bytes(text)).partition("\0")[0],
    "urlencoded": lambda text: unquote_plus(text, "utf-8", "surrogateescape").partition("\0")[0],
    "entity": html.unescape,
    "base64": unbase64,
}


def recode(text: str, names: str, table: dict[str, Callable[[str], str]]) -> str:
    """`text` through the encodings or decodings of a list with commas or blanks, in order. Problem for an unknown one."""
    for name in names.replace(",", " ").split():
        change = table.get(name.lower())
        if change is None:
            raise Problem(f"unknown encoding {name!r}: it can be {', '.join(table)}")
        text = change(text)
    return text


def size(count: int, abbreviated: bool) -> str:
    """A file's size in bytes: four characters (`apr_strfsize`), or all digits in groups of three."""
    if not abbreviated:
        return f"{count:,}"
    if count < 973:
        return f"{count:3d} "
    for unit in "KMGTPE":
        rest, count = count & 1023, count >> 10
        if count >= 973:
            continue
        if count < 9 or (count == 9 and rest < 973):
            rest = (rest * 5 + 256) // 512
            return f"{count + 1}.0{unit}" if rest >= 10 else f"{count}.{rest}{unit}"
        return f"{count + (rest >= 512):3d}{unit}"
    return "****"


def moment(seconds: float, pattern: str, gmt: bool = False) -> str:
    """A time by an strftime pattern, local or GMT."""
    when = time.gmtime(seconds) if gmt else time.localtime(seconds)
    if gmt:
        pattern = re.sub("%(.)", lambda found: "GMT" if found[1] == "Z" else found[0], pattern, flags=re.S)
    try:
        return time.strftime(pattern, when)
    except ValueError as error:
        raise Problem(f"{pattern!r} is no format of a time: {error}")
