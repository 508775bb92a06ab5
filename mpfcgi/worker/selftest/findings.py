"""What a check is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpfcgi.api import Request

if TYPE_CHECKING:
    from mpfcgi.worker.selftest.frontends import FrontEnd
    from mpfcgi.worker.services import WorkerServices

RIGHT, LOOK, WRONG = "right", "look at", "wrong"


@dataclass(frozen=True)
class Remedy:
    """What to write: `lines`, as they stand, at the place `where`."""

    where: str
    lines: str


@dataclass(frozen=True)
class Finding:
    """A verdict, what was seen, and what to do about it where that can be said."""

    verdict: str
    seen: str
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Visit:
    """The request for the page: `asked` are the fields of its query, `front` who passed it on."""

    req: Request
    services: WorkerServices
    front: FrontEnd
    asked: Mapping[str, str]

    @property
    def params(self) -> dict[str, str]:
        """What the front-end says of the request."""
        return self.req._params

    def asks_for(self, check: str) -> bool:
        """Whether this is the request that a check needs: the client says that it has sent what is looked for."""
        return self.asked.get("check") == check


@dataclass(frozen=True)
class Check:
    """One check. `find` gives None when it takes another request, which `curl` makes: its arguments around {url}."""

    name: str
    title: str
    find: Callable[[Visit], Finding | None]
    curl: str = ""
