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


def make_etag(parts: frozenset[str], mtime: float, size: int, inode: int, now: float) -> str | None:
    """Apache's ETag of a file; weak when the file changed within the last second; None when it is made of nothing."""
    values = []
    if "inode" in parts:
        values.append(f"{inode:x}")
    if "size" in parts:
        values.append(f"{size:x}")
    if "mtime" in parts:
        values.append(f"{int(mtime * 1_000_000):x}")
    if not values:
        return None
    text = '"' + "-".join(values) + '"'
    return "W/" + text if now - mtime < 1 else text


def evaluate(
    get: Callable[[str], str | None], method: str, etag: str | None, modified: float | None, now: float
) -> int:
    """OK to send the response, 304 or 412. `get` gives request headers; `modified` and `now` are in seconds."""
    if_match = get("If-Match")
    if if_match is not None:
        if not _matches(if_match, etag, weak=False):
            return PRECONDITION_FAILED
    else:
        since = parse_date(get("If-Unmodified-Since"))
        if since is not None and modified is not None and int(modified) > since:
            return PRECONDITION_FAILED
    if_none_match = get("If-None-Match")
    reads = method in ("GET", "HEAD")
    unchanged: bool | None = None
    if if_none_match is not None:
        unchanged = _matches(if_none_match, etag, weak=True)
        if unchanged and not reads:
            return PRECONDITION_FAILED
    since = parse_date(get("If-Modified-Since"))
    if reads and since is not None and modified is not None and unchanged is not False:
        # Where both conditions are given, Apache sends 304 only when both hold.
        # A date to come is none (RFC 9110, 13.1.3).
        unchanged = int(modified) <= since <= now
    return NOT_MODIFIED if unchanged else OK


def _matches(header: str, etag: str | None, weak: bool) -> bool:
    if header.strip() == "*":
        return True
    if etag is None or (not weak and etag.startswith("W/")):
        return False
    candidates = [item.strip() for item in header.split(",")]
    if weak:
        return etag.removeprefix("W/") in [item.removeprefix("W/") for item in candidates]
    return etag in candidates
