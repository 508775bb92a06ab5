"""Query strings, and the parameters of header values, taken apart. Pure; `mod_python.util` shows them (manual 4.6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes


def parse_header(value: Any) -> tuple[Any, dict[Any, str]]:
    """A header's value and its parameters, names in lower case: `form-data; name="x"`. Of bytes, value and names are bytes.

    Backslashes stay (Windows' file names have them) but before a quote, which older browsers escape so.
    """
    if isinstance(value, bytes):
        kind, found = parse_header(value.decode("latin-1"))
        return kind.encode("latin-1"), {name.encode("latin-1"): text for name, text in found.items()}
    main, *rest = _split_outside_quotes(value)
    options = {}
    for item in rest:
        name, equals, text = item.partition("=")
        if equals:
            text = text.strip()
            if len(text) > 1 and text[0] == text[-1] == '"':
                text = text[1:-1].replace('\\"', '"')
            options[name.strip().lower()] = text
    return main.strip().lower(), options


def _split_outside_quotes(value: str) -> list[str]:
    pieces = [""]
    quoted = False
    previous = ""
    for char in value:
        if char == '"' and previous != "\\":
            quoted = not quoted
        if char == ";" and not quoted:
            pieces.append("")
        else:
            pieces[-1] += char
        previous = char
    return pieces


def parse_qsl(qs: Any, keep_blank_values: int = 0, strict_parsing: int = 0, /) -> list[tuple[Any, Any]]:
    """The (name, value) pairs of a query string; `;` separates like `&`.

    Args:
        qs: str, or bytes, which gives bytes.
        keep_blank_values: whether names without a value count.
        strict_parsing: has no effect, as in mod_python.

    Raises UnicodeDecodeError where a str's escapes are no UTF-8.
    """
    if isinstance(qs, str):
        raw = qs.encode("utf-8", "surrogateescape")
        return [(name.decode(), value.decode()) for name, value in _pairs(raw, keep_blank_values)]
    if isinstance(qs, bytes):
        return list(_pairs(qs, keep_blank_values))
    raise TypeError(f"a query string is str or bytes, not {type(qs).__name__}")


def _pairs(raw: bytes, keep_blank_values: int) -> Iterator[tuple[bytes, bytes]]:
    for item in raw.replace(b";", b"&").replace(b"+", b" ").split(b"&"):
        name, _, value = item.partition(b"=")
        if item and (value or keep_blank_values):
            yield unquote_to_bytes(name), unquote_to_bytes(value)


def parse_qs(qs: Any, keep_blank_values: int = 0, strict_parsing: int = 0, /) -> dict[Any, list[Any]]:
    """The same by name: a list of values for each."""
    found: dict[Any, list[Any]] = {}
    for name, value in parse_qsl(qs, keep_blank_values):
        found.setdefault(name, []).append(value)
    return found
