"""LimitRequestLine, LimitRequestFields, LimitRequestFieldSize: what of a request's head is too much.

The front-end has limits of its own and answers before us; these are for what it lets through.
"""

from __future__ import annotations

from typing import NamedTuple

from mpfcgi.api.constants import HTTP_BAD_REQUEST, HTTP_REQUEST_URI_TOO_LARGE
from mpfcgi.config import Settings


class HeadLimits(NamedTuple):
    """The limits of a server, in bytes and fields; None where there is none."""

    line: int | None
    fields: int | None
    field_size: int | None

    @classmethod
    def of(cls, settings: Settings) -> HeadLimits | None:
        """The limits that are configured; None when there are none at all, so that nothing is counted."""
        limits = cls(
            settings.get("LimitRequestLine"),
            settings.get("LimitRequestFields") or None,
            settings.get("LimitRequestFieldSize"),
        )
        return limits if any(limit is not None for limit in limits) else None

    def check(self, params: dict[str, str]) -> tuple[int, str] | None:
        """The status that refuses a request, and the reason; None for a request within the limits.

        As Apache counts: a line may be one byte longer than the limit.
        """
        if self.line is not None:
            parts = (params.get("REQUEST_METHOD", ""), params.get("REQUEST_URI", ""), params.get("SERVER_PROTOCOL", ""))
            if len(" ".join(parts)) > self.line + 1:
                return HTTP_REQUEST_URI_TOO_LARGE, f"the request line is longer than LimitRequestLine {self.line}"
        fields = {name: value for name, value in params.items() if _is_field(name, value)}
        if self.fields is not None and len(fields) > self.fields:
            return HTTP_BAD_REQUEST, f"there are more header fields than LimitRequestFields {self.fields}"
        if self.field_size is not None:
            for name, value in fields.items():
                if len(name.removeprefix("HTTP_")) + len(": ") + len(value) > self.field_size + 1:
                    return (
                        HTTP_BAD_REQUEST,
                        f"the header field {name} is longer than LimitRequestFieldSize {self.field_size}",
                    )
        return None


def _is_field(name: str, value: str) -> bool:
    """Whether a parameter is a header field; CONTENT_TYPE and CONTENT_LENGTH are sent empty where there is none."""
    return name.startswith("HTTP_") or (bool(value) and name in ("CONTENT_TYPE", "CONTENT_LENGTH"))
