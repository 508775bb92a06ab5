"""Name-value pairs (FastCGI 3.4): a length of one or four bytes for each, then the name, then the value.

Decoded pairs are Latin-1 strings: each byte is one character, nothing is lost, and a block is decoded in one go.
"""

from __future__ import annotations

from mpfcgi.fastcgi.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

LONG = 0x80
# As many as a block of any size that is accepted can hold.
ANY_NUMBER = 1 << 31


class Pairs(dict[str, str]):
    """Decoded pairs. `derived` is for what their reader works out from them and may find there again."""

    derived: Any = None


class TooManyPairs(ProtocolError):
    """A block holds more pairs than were allowed. Nothing past the limit was read."""


def decode_pairs(block: bytes, most: int = ANY_NUMBER) -> Pairs:
    """The pairs of a complete block; of a header that comes twice the values joined.

    `most` bounds the number of pairs, repeated names included. ProtocolError when the block ends within a pair,
    TooManyPairs when there are more than `most`.
    """
    text = block.decode("latin-1")
    pairs = Pairs()
    end = len(block)
    at = 0
    try:
        for count in range(most + 1):  # noqa: B007 (used after the loop)
            if at >= end:
                break
            name_length = block[at]
            value_length = block[at + 1]
            if name_length < 128 > value_length:
                at += 2
            else:
                name_length, value_length, at = _long_lengths(block, at)
            value_at = at + name_length
            name = text[at:value_at]
            at = value_at + value_length
            pairs[name] = text[value_at:at]
        else:
            raise TooManyPairs(f"more than {most} name-value pairs")
    except IndexError:
        raise ProtocolError("name-value pairs end within a length") from None
    if at != end:
        raise ProtocolError("name-value pairs end within a name or value")
    return pairs if len(pairs) == count else _joined(block, text)


def _joined(block: bytes, text: str) -> Pairs:
    """The pairs of a block in which a name comes twice: a header's values are joined, as HTTP has it (RFC 9110 5.2).

    Of any other name the last value counts. Values are collected first: joining one by one would copy them again and
    again.
    """
    values: dict[str, list[str]] = {}
    at = 0
    while at < len(block):
        name_length, value_length, at = _long_lengths(block, at)
        value_at = at + name_length
        values.setdefault(text[at:value_at], []).append(text[value_at : value_at + value_length])
        at = value_at + value_length
    return Pairs((name, ", ".join(found) if name.startswith("HTTP_") else found[-1]) for name, found in values.items())


def _long_lengths(block: bytes, at: int) -> tuple[int, int, int]:
    """Name length, value length and where the name begins, where a length has four bytes."""
    name_length, at = _length(block, at)
    value_length, at = _length(block, at)
    return name_length, value_length, at


def _length(block: bytes, at: int) -> tuple[int, int]:
    first = block[at]
    if first < LONG:
        return first, at + 1
    if at + 4 > len(block):
        raise IndexError
    return int.from_bytes(block[at : at + 4], "big") & 0x7FFFFFFF, at + 4


def encode_pairs(pairs: Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]) -> bytes:
    """A block of pairs. Strings are written as Latin-1. ValueError for a name or value of 2 GiB or more."""
    # Asked by name: importing collections.abc takes a CGI program longer than all else here.
    items: Any = getattr(pairs, "items", lambda: pairs)()
    parts = []
    for name, value in items:
        raw_name = name if isinstance(name, bytes) else name.encode("latin-1")
        raw_value = value if isinstance(value, bytes) else value.encode("latin-1")
        parts += [_encode_length(len(raw_name)), _encode_length(len(raw_value)), raw_name, raw_value]
    return b"".join(parts)


def _encode_length(length: int) -> bytes:
    if length < LONG:
        return bytes((length,))
    if length > 0x7FFFFFFF:
        raise ValueError("a FastCGI name or value is shorter than 2 GiB")
    return (length | 0x80000000).to_bytes(4, "big")
