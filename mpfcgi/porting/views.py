"""What was a list in Python 2 and is a view or an iterator now: keys(), values(), items(), map(), filter(), zip()."""

from __future__ import annotations

from collections.abc import Iterator

from mpfcgi.porting.names import TABLES
from mpfcgi.porting.source import MUST, Hit, Source

_VIEWS = frozenset(("keys", "values", "items"))
_ITERATORS = frozenset(("map", "filter", "zip"))
_OF_LISTS = frozenset(("append", "extend", "insert", "index", "pop", "remove", "reverse", "sort"))
# Their keys(), values() and items() are lists still; a session is a dictionary.
_WITH_LISTS = TABLES - {"session"}


def views(source: Source) -> Iterator[Hit]:
    """`d.keys()[0]`, `map(f, x)[0]`, and `k = d.keys()` with `k.sort()` or `k[0]` behind it."""
    named: set[str] = set()
    for start, end in source.statements():
        if source.text_at(start) in ("def", "class"):
            named.clear()
        for index in range(start, end):
            if _is_subscript(source, index):
                yield _hit(source, index, "[]")
            elif source.text_at(index) in named and not source.is_attribute(index):
                if _is_of_lists(source, index + 2):
                    yield _hit(source, index + 2, f"{source.text_at(index + 2)}()")
                elif source.text_at(index + 1) == "[" and not source.tokens[index + 1].first:
                    yield _hit(source, index, "[]")
        if source.text_at(start + 1) == "=" and source.tokens[start].kind == "name":
            named.discard(source.text_at(start))
            if _gives_no_list(source, start + 2, end):
                named.add(source.text_at(start))


def _is_subscript(source: Source, index: int) -> bool:
    """Whether a number or slice is asked of what the name at `index` gives."""
    if not _is_call(source, index):
        return False
    close = source.closing(index + 1)
    return source.text_at(close + 1) == "[" and not source.tokens[close + 1].first


def _is_of_lists(source: Source, index: int) -> bool:
    return source.text_at(index) in _OF_LISTS and source.is_attribute(index) and source.is_called(index)


def _gives_no_list(source: Source, start: int, end: int) -> bool:
    """Whether a whole expression is such a call."""
    for index in range(start, end):
        if _is_call(source, index) and source.tokens[index].depth == 0:
            # Behind its bracket the statement ends, and it began with the call or its object.
            whole = source.closing(index + 1) == end - 1
            return whole and (index == start or (source.is_attribute(index) and _is_plain(source, start, index)))
    return False


def _is_plain(source: Source, start: int, index: int) -> bool:
    return all(source.text_at(at) == "." or source.tokens[at].kind == "name" for at in range(start, index))


def _is_call(source: Source, index: int) -> bool:
    name = source.text_at(index)
    if not source.is_called(index):
        return False
    if source.is_attribute(index):
        owner = source.receiver(index).rpartition(".")[2]
        return name in _VIEWS and source.text_at(index + 2) == ")" and owner not in _WITH_LISTS
    return name in _ITERATORS and source.text_at(index - 1) != "def"


def _hit(source: Source, index: int, what: str) -> Hit:
    return Hit(source.tokens[index], MUST, "view", f"this is no list: it has no {what}", "list(...), or sorted(...)")
