"""What a handler or filter reads is bytes, and so is what encode() gives: with text they fail, or are not what was meant."""

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
    if not source.names & _READERS and "mod_python" not in source.names:
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
        called = _is_read(source, start + 2)
        if called and source.closing(called + 1) == end - 1:
            read.add(name)
    elif name == "for" and source.text_at(start + 2) == "in":
        read.discard(following)
        if source.text_at(start + 3) in _READERS and source.text_at(start + 5) == "readlines":
            read.add(following)


def _is_read(source: Source, index: int) -> int:
    """The index of the method, where what begins at `index` is a read: `req.read(`, or an upload's `field.file.read(`."""
    at = index + 2
    if source.text_at(index) not in _READERS or source.text_at(at) not in _READS:
        if source.text_at(at) != "file" or source.text_at(index + 3) != ".":
            return 0
        at = index + 4
    is_method = source.text_at(index + 1) == "." and source.text_at(at) in _READS and source.is_called(at)
    return at if is_method else 0


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
            and (owner.partition(".")[0] in read or _is_direct(owner.partition(")")[0] + ")"))
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


def _is_direct(call: str) -> bool:
    return call in _DIRECT or call.endswith((".file.read()", ".file.readline()"))


def encoded_text(source: Source) -> Iterator[Hit]:
    """`"..." % x.encode("utf-8")` and `"..." + x.encode("utf-8")`, which were texts in Python 2."""
    for index, token in enumerate(source.tokens):
        if token.text == "encode" and source.is_attribute(index) and source.is_called(index):
            close = source.closing(index + 1)
            if source.text_at(close + 1) not in (".", "[") and _is_beside_text(source, index, close):
                yield Hit(
                    token, MUST, "encoded-text", "encode() gives bytes, and this is str", "the text without encode()"
                )  # fmt: skip


def _is_beside_text(source: Source, index: int, close: int) -> bool:
    start = source.start_of(index)
    before = source.text_at(start - 1)
    if before in ("%", "+") and _is_text(source, start - 2):
        return True
    if source.text_at(close + 1) == "+" and _is_text(source, close + 2):
        return True
    around = source.enclosing(index)
    return before in ("(", ",") and source.text_at(around - 1) == "%" and _is_text(source, around - 2)


def _is_text(source: Source, index: int) -> bool:
    if not 0 <= index < len(source.tokens):
        return False
    token: Token = source.tokens[index]
    return token.kind == "string" and "b" not in token.text.lower().partition(token.text[-1])[0]
