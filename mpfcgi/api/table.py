"""The table object (manual 4.5.3): a dictionary of strings whose keys ignore case and may come more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mpfcgi.api.members import not_copied
from mpfcgi.api.text import outgoing

Item = tuple[str, str]


class mp_table:
    """A table. Keys and values are strings (or bytes, taken as Latin-1); order and spelling are kept."""

    __module__ = "builtins"
    __slots__ = ("_items",)
    __hash__ = None  # type: ignore[assignment]

    __reduce_ex__ = not_copied

    def __init__(self, initial: Mapping[Any, Any] | Iterable[Any] | mp_table = (), /) -> None:
        self._items: list[Item] = []
        if hasattr(initial, "keys"):
            self.update(initial)  # type: ignore[arg-type]
        else:
            for place, pair in enumerate(initial):
                if len(pair) != 2:
                    raise ValueError(f"table update sequence element #{place} has length {len(pair)}; 2 is required")
                self[_text(pair[0])] = _text(pair[1])

    @classmethod
    def of_raw(cls, items: list[Item]) -> mp_table:
        """A table over items that are strings already; the list becomes the table's."""
        table = cls.__new__(cls)
        table._items = items
        return table

    def add(self, key: str | bytes, value: str | bytes, /) -> None:
        """Add a value beside those the key may have already. TypeError for anything but str and bytes."""
        self._items.append((outgoing(key), outgoing(value)))

    def __getitem__(self, key: str | bytes) -> str | list[str]:
        wanted = _fold(key)
        found = [value for name, value in self._items if name.lower() == wanted]
        if not found:
            raise KeyError(key)
        return found[0] if len(found) == 1 else found

    def get(self, key: str | bytes, default: Any = None, /) -> Any:
        """The first value of a key, or `default`."""
        wanted = key.lower() if key.__class__ is str else _fold(key)
        for name, value in self._items:
            if name.lower() == wanted:
                return value
        return default

    def __setitem__(self, key: str | bytes, value: str | bytes) -> None:
        """Replace the first value of the key, which keeps its spelling, and drop the others."""
        key, value = outgoing(key), outgoing(value)
        wanted = key.lower()
        items = self._items
        for index, (name, _) in enumerate(items):
            if name.lower() == wanted:
                items[index] = (name, value)
                items[index + 1 :] = [item for item in items[index + 1 :] if item[0].lower() != wanted]
                return
        items.append((key, value))

    def __delitem__(self, key: str | bytes) -> None:
        """Remove all values of the key. A key that is not there is no error."""
        wanted = _fold(key)
        self._items[:] = [item for item in self._items if item[0].lower() != wanted]

    def __contains__(self, key: object) -> bool:
        wanted = _fold(key)
        return any(name.lower() == wanted for name, _ in self._items)

    def has_key(self, key: str | bytes, /) -> int:
        """1 when the key is there, 0 otherwise."""
        return int(key in self)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.iteritems())

    def keys(self) -> list[str]:
        """The keys in order; one that comes twice, twice."""
        return [name for name, _ in self._items]

    def values(self) -> list[str]:
        """The values in the order of `keys`."""
        return [value for _, value in self._items]

    def items(self) -> list[Item]:
        """(key, value) in order, as a list of its own."""
        return list(self._items)

    def iterkeys(self) -> Iterator[str]:
        """The keys one by one; see `iteritems`."""
        return iter(self)

    def itervalues(self) -> Iterator[str]:
        """The values one by one; see `iteritems`."""
        return (value for _, value in self.iteritems())

    def iteritems(self) -> Iterator[Item]:
        """The items one by one. RuntimeError when some are added or removed meanwhile."""
        size = len(self._items)
        for item in list(self._items):
            if len(self._items) != size:
                raise RuntimeError("table changed size during iteration")
            yield item

    def setdefault(self, key: str, default: str = "", /) -> Any:
        """The first value of the key; `default`, now set, where there is none."""
        if key not in self:
            self[key] = default
        return self.get(key)

    def popitem(self) -> Item:
        """Remove and return the last item. KeyError when there is none."""
        if not self._items:
            raise KeyError("popitem(): table is empty")
        return self._items.pop()

    def clear(self) -> None:
        """Remove all items."""
        self._items.clear()

    def copy(self) -> mp_table:
        """Another table with the same items."""
        return mp_table.of_raw(list(self._items))

    def update(self, other: Mapping[Any, Any] | mp_table, /) -> None:
        """Set each item of a mapping, keys and values made strings; of a table, all values of its keys."""
        if isinstance(other, mp_table):
            items = other.items()
            for name, _ in items:
                del self[name]
            self._items += items
        else:
            for key in other.keys():  # noqa: SIM118
                self[_text(key)] = _text(other[key])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, mp_table):
            return dict(self._grouped()) == dict(other._grouped())
        if isinstance(other, dict):
            return dict(self._grouped()) == other
        return NotImplemented

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in reversed(self._items)) + "}"

    def _grouped(self) -> Iterator[tuple[str, str | list[str]]]:
        for name, _ in self._items:
            yield name, self[name]


def settled(settings: Any, kind: str) -> mp_table:
    """A table of what settings have under the name `kind`, to be changed at will; the work of making it is done once."""
    items = settings.extras.get(kind)
    if items is None:
        items = settings.extras[kind] = mp_table(getattr(settings, kind)).items()
    return mp_table.of_raw(list(items))


def first_values(settings: Any, kind: str) -> dict[str, str]:
    """What settings have under the name `kind`, by names in lower case; of a name that comes twice the first value."""
    values: dict[str, str] | None = settings.extras.get((kind, "first"))
    if values is None:
        values = settings.extras[kind, "first"] = {
            name.lower(): value for name, value in reversed(settled(settings, kind).items())
        }
    return values


def _fold(key: object) -> str:
    if isinstance(key, str):
        return key.lower()
    return outgoing(key).lower()  # type: ignore[arg-type]


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return repr(text.encode("utf-8", "surrogateescape"))[1:]


table = mp_table
