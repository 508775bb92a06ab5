"""The id of a request, by which its lines in several logs are found: the front-end's, or one of our own.

Apache's mod_unique_id sends UNIQUE_ID; others send the header X-Request-Id (nginx: `fastcgi_param HTTP_X_REQUEST_ID
$request_id`). It is made when something asks for it: a log line, or somebody who looks up UNIQUE_ID in
`req.subprocess_env`. Until then it is not in there, as it is not with a server that has no mod_unique_id.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mpfcgi.api.table import Item, mp_table

if TYPE_CHECKING:
    from mpfcgi.api.request import mp_request

NAME = "UNIQUE_ID"
# What may stand in a log line as it is. The header may be a client's.
_FIT = re.compile(r"[A-Za-z0-9._:@+/=-]{1,128}")


def unique_id(req: mp_request) -> str:
    """The id of the client's request that `req` is, or was redirected from, or is a subrequest of."""
    first = req
    while (before := first._main or first._prev) is not None:
        first = before
    if first._unique_id is None:
        get = first._params.get
        sent = get(NAME) or get("HTTP_X_REQUEST_ID") or ""
        first._unique_id = sent if _FIT.fullmatch(sent) else secrets.token_urlsafe(15)
    return first._unique_id


class Environment(mp_table):
    """A request's environment: a table in which UNIQUE_ID appears when it is looked up."""

    __slots__ = ("_req",)

    def __init__(self, req: mp_request, items: Iterable[Item] = ()) -> None:
        self._items = list(items)
        self._req = req

    def __getitem__(self, key: str | bytes) -> str | list[str]:
        self._look_for(key)
        return mp_table.__getitem__(self, key)

    def get(self, key: str | bytes, default: Any = None, /) -> Any:
        """The first value of a key, or `default`."""
        self._look_for(key)
        return mp_table.get(self, key, default)

    def __contains__(self, key: object) -> bool:
        self._look_for(key)
        return mp_table.__contains__(self, key)

    def _look_for(self, key: object) -> None:
        if key in (NAME, NAME.encode()) and not mp_table.__contains__(self, NAME):
            self._items.append((NAME, unique_id(self._req)))


Environment.__name__ = Environment.__qualname__ = mp_table.__name__
Environment.__module__ = mp_table.__module__


def environment(req: mp_request, items: Iterable[Item] = ()) -> Environment:
    """A new environment for a request; it has from the beginning the id that the front-end has sent as a parameter."""
    table = Environment(req, items)
    if req._params.get(NAME):
        table._look_for(NAME)
    return table
