"""Byte ranges (RFC 9110 section 14): the Range header against a size. Pure."""

from __future__ import annotations

import re

# More ranges than this in one request are an attack rather than a need: the whole file is sent instead.
MAX_RANGES = 50
# An offset in a file is a signed number of 64 bits.
LARGEST = 2**63 - 1
_RANGE = re.compile(r"(\d*)-(\d*)")


def parse(header: str, size: int) -> list[tuple[int, int]] | None:
    """The ranges as (offset, count); [] when none lies within `size`; None when Apache ignores the header.

    A range that touches or overlaps the one before it is made one with it.
    """
    unit, _, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or specs[:1] in (" ", "\t", ","):
        return None
    ranges: list[tuple[int, int]] = []
    items = [item.strip() for item in specs.split(",") if item.strip()]
    if not items or len(items) > MAX_RANGES:
        return None
    for item in items:
        found = _RANGE.fullmatch(item)
        if found is None or not (found[1] or found[2]) or len(item) > 40:
            return None
        first, last = found[1], found[2]
        if max(int(first or 0), int(last or 0)) > LARGEST:
            return None
        if not first:
            if not int(last):
                return None
            count = min(int(last), size)
            start = size - count
        else:
            start = int(first)
            if last and int(last) < start:
                return None
            count = min(int(last) + 1 if last else size, size) - start
        if count > 0:
            _add(ranges, start, count)
    return ranges


def _add(ranges: list[tuple[int, int]], start: int, count: int) -> None:
    before, length = ranges[-1] if ranges else (0, -1)
    if start > before + length or start + count < before or length < 0:
        ranges.append((start, count))
        return
    first = min(before, start)
    ranges[-1] = first, max(before + length, start + count) - first
