"""What a handler or filter reads is bytes: text methods and comparisons with str on it fail, or are never true."""

from __future__ import annotations

from collections.abc import Iterator

from mpfcgi.porting.lexer import Token
from mpfcgi.porting.source import MUST, Hit, Source

_READERS = frozenset(("filter", "req", "request", "conn", "connection", "flt"))
_READS = frozenset(("read", "readline"))
_WITH_TEXT = frozenset((
    "count", "endswith", "find", "index", "lstrip", "partition", "replace", "rfind", "rindex", "rpartition", "rsplit",
    "rstrip", "split", "startswith", "strip",
))  # fmt: skip
_MATCHERS = frozenset(("findall", "finditer", "match", "search", "split", "sub", "subn"))


def input_bytes(source: Source) -> Iterator[Hit]:
    """`data = req.read()`, and then `data.replace("a", "b")`, `data == "x"`, `"x" in data`, `re.sub("a", "b", data)`."""
    if not source.names & _READERS:
        return
    read: set[str] = set()
    for start, end in source.statements():
        first = source.text_at(start)
        if first in ("def", "class"):
            read.clear()
        for index in range(start, end):
            token = source.tokens[index]
            if token.kind == "name" and _meets_text(source, index, end, read):
                yield Hit(
                    token, MUST, "input-bytes", "what is read from a request, filter or connection is bytes, and this is str",
                    "b'...', or decode() what was read",
                )  # fmt: skip
        _remember(source, start, end, read)


def _remember(source: Source, start: int, end: int, read: set[str]) -> None:
    """Keep in mind the names that a statement gives what was read; forget those that it gives something else."""
    name, following = source.text_at(start), source.text_at(start + 1)
    if following == "=" and source.tokens[start].kind == "name":
        read.discard(name)
        if _is_read(source, start + 2) and source.closing(start + 5) == end - 1:
            read.add(name)
    elif name == "for" and source.text_at(start + 2) == "in":
        read.discard(following)
        if source.text_at(start + 3) in _READERS and source.text_at(start + 5) == "readlines":
            read.add(following)


def _is_read(source: Source, index: int) -> bool:
    return (
        source.text_at(index) in _READERS
        and source.text_at(index + 1) == "."
        and source.text_at(index + 2) in _READS
        and source.is_called(index + 2)
    )


def _meets_text(source: Source, index: int, end: int, read: set[str]) -> bool:
    """Whether the name at `index` brings bytes and text together."""
    name = source.text_at(index)
    if source.is_attribute(index):
        owner = source.receiver(index)
        if name in _MATCHERS and owner == "re" and source.is_called(index) and _is_text(source, index + 2):
            inside = range(index + 2, source.closing(index + 1))
            return any(source.text_at(at) in read and source.text_at(at + 1) in (",", ")") for at in inside)
        return (
            name in _WITH_TEXT
            and source.is_called(index)
            and _is_text(source, index + 2)
            and "decode()" not in owner
            and (owner.partition(".")[0] in read or owner.partition(")")[0] + ")" in _DIRECT)
        )
    if name not in read or source.text_at(index + 1) in (".", "["):
        return False
    after, before = source.text_at(index + 1), source.text_at(index - 1)
    if after in ("==", "!=", "+") and index + 2 < end and _is_text(source, index + 2):
        return True
    if before in ("==", "!=", "+", "in") and _is_text(source, index - 2):
        return True
    return before == "in" and source.text_at(index - 2) == "not" and _is_text(source, index - 3)


_DIRECT = frozenset(f"{reader}.{read}()" for reader in _READERS for read in _READS)


def _is_text(source: Source, index: int) -> bool:
    if not 0 <= index < len(source.tokens):
        return False
    token: Token = source.tokens[index]
    return token.kind == "string" and "b" not in token.text.lower().partition(token.text[-1])[0]
