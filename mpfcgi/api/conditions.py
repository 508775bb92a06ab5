"""Conditional requests: validators and what the client's conditions say of them (RFC 9110 section 13). Pure."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate, parsedate_to_datetime

OK, NOT_MODIFIED, PRECONDITION_FAILED = 0, 304, 412


def http_date(seconds: float) -> str:
    """A time as HTTP writes it."""
    return formatdate(int(seconds), usegmt=True)


def parse_date(text: str | None) -> float | None:
    """Seconds since the epoch; None for what is no date."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def make_etag(parts: frozenset[str], mtime: int, size: int, inode: int, now: float) -> str | None:
    """Apache's ETag of a file; weak when the file changed within the last second; None when it is made of nothing.

    `mtime` is in whole microseconds, for which a float of seconds is too short; `now` in seconds.
    """
    values = []
    if "inode" in parts:
        values.append(f"{inode:x}")
    if "size" in parts:
        values.append(f"{size:x}")
    if "mtime" in parts:
        values.append(f"{mtime:x}")
    if not values:
        return None
    text = '"' + "-".join(values) + '"'
    return "W/" + text if now - mtime / 1_000_000 < 1 else text


def evaluate(
    get: Callable[[str], str | None], method: str, etag: str | None, modified: float | None, now: float
) -> int:
    """OK to send the response, 304 or 412, by Apache's rules: with several conditions, 304 only if all of them hold.

    `get` gives request headers; `modified` and `now` are in seconds.
    """
    reads = method in ("GET", "HEAD")
    changed = int(now if modified is None else modified)
    if_match = get("If-Match")
    if if_match is not None and not _matches(if_match, etag, weak=False):
        return PRECONDITION_FAILED
    # None: nothing asks for 304 yet.
    fresh: bool | None = None
    unless = get("If-Unmodified-Since")
    if unless is not None:
        since = parse_date(unless)
        if since is not None and changed > since:
            return PRECONDITION_FAILED
        fresh = False
    if_none_match = get("If-None-Match")
    if if_none_match is not None:
        if not _matches(if_none_match, etag, weak=reads and get("Range") is None):
            fresh = False
        elif not reads:
            return PRECONDITION_FAILED
        elif fresh is None:
            fresh = True
    if_modified = get("If-Modified-Since")
    if if_modified is not None:
        since = parse_date(if_modified)
        # A date to come is none (RFC 9110, 13.1.3).
        if since is None or not changed <= since <= now:
            fresh = False
        elif reads and fresh is None:
            fresh = True
    return NOT_MODIFIED if fresh else OK


def _matches(header: str, etag: str | None, weak: bool) -> bool:
    if header.strip() == "*":
        return True
    if etag is None or (not weak and etag.startswith("W/")):
        return False
    candidates = [item.strip() for item in header.split(",")]
    if weak:
        return etag.removeprefix("W/") in [item.removeprefix("W/") for item in candidates]
    return etag in candidates
