"""The ways of a request's bodies: chains of filters, one for what goes out and one for what comes in (manual 4.3).

A chain knows nothing of what its filters do. What is passed on at once is a *piece*: some bytes, whether a flush comes
behind them, whether the body ends with them (Apache's brigade). A request without filters has no chain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mpfcgi.api.pulled import Pulled

# Where in a chain a filter stands (Apache's AP_FTYPE_*): changes of the content come before encodings of it.
RESOURCE, CONTENT_SET = 10, 20

Forward = Callable[[bytes, bool, bool], None]
Pull = Callable[[int], tuple[bytes, bool]]


class OutputStage(Protocol):
    """One filter of one response."""

    order: int

    def take(self, data: bytes, flush: bool, eos: bool, forward: Forward) -> None:
        """Called for each piece; passes what becomes of it to `forward(data, flush, eos)`, now or later.

        After a piece with `eos` there is no other: what is held back goes now, and with it the end.
        """
        ...


class InputStage(Protocol):
    """One filter of one request body."""

    order: int

    def pull(self, size: int, upstream: Pull) -> tuple[bytes, bool]:
        """Some bytes and whether the body ends with them; `upstream(size)` gives those before this filter."""
        ...


class OutputChain:
    """The filters of a response, the first to see it first; `sink` takes what comes out of the last."""

    def __init__(self, sink: Forward) -> None:
        self.stages: list[OutputStage] = []
        # The status to answer since a filter has failed; the rest of the response is ignored then.
        self.failed = 0
        self._sink = sink

    def add(self, stage: OutputStage) -> None:
        """Put a filter behind those of its order."""
        _insert(self.stages, stage)

    def take(self, data: bytes, flush: bool, eos: bool) -> None:
        """Pass a piece through all filters. OSError when the client is gone."""
        self._pass(0, data, flush, eos)

    def _pass(self, position: int, data: bytes, flush: bool, eos: bool) -> None:
        if self.failed:
            return
        if position == len(self.stages):
            self._sink(data, flush, eos)
            return
        stage = self.stages[position]

        def forward(data: bytes, flush: bool, eos: bool) -> None:
            # Looked up again: a filter may add another one while it runs.
            self._pass(self.stages.index(stage) + 1, data, flush, eos)

        stage.take(data, flush, eos, forward)


class FilteredBody(Pulled):
    """A request body behind filters; `read(size)` is that of the body itself, `length` its size in bytes if known."""

    def __init__(self, read: Callable[[int], bytes], length: int | None) -> None:
        super().__init__()
        self.stages: list[InputStage] = []
        self._read = read
        self._left = length
        self._begun = False
        self._ahead = b""

    def add(self, stage: InputStage) -> None:
        """Put a filter behind those of its order, further from the handler."""
        _insert(self.stages, stage)

    def _pull(self, size: int) -> None:
        if not self._begun:
            # As in mod_python, no filter is asked about a body that isn't there.
            self._begun = True
            self._ahead = self._read(size)
            if not self._ahead:
                self._ended = True
                return
        data, self._ended = self._from(0, size)
        self._held += data

    def _from(self, position: int, size: int) -> tuple[bytes, bool]:
        if position < len(self.stages):
            return self.stages[position].pull(size, lambda size: self._from(position + 1, size))
        data, self._ahead = self._ahead or self._read(size), b""
        if self._left is not None:
            self._left -= len(data)
        # The end comes with the last bytes, not behind them: a filter is called once for a small body.
        return data, len(data) < size or self._left == 0


def _insert(stages: list[Any], stage: Any) -> None:
    position = len(stages)
    while position and stages[position - 1].order > stage.order:
        position -= 1
    stages.insert(position, stage)
