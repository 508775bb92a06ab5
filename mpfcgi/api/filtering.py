"""Filters of one request: registering them, putting them into the way of its bodies (manual 4.5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Union

from mpfcgi.api.chain import FilteredBody, Forward, OutputChain
from mpfcgi.api.filter import mp_filter

if TYPE_CHECKING:
    from mpfcgi.api.exchange import ExchangeProtocol

Filter = Union[str, Callable[[mp_filter], object]]


class Filtering:
    """Mixed into the request object."""

    _exchange: ExchangeProtocol
    _params: dict[str, str]
    _services: Any
    _spec: Any
    _deliver: Forward
    _chain: OutputChain | None = None
    _filtered_body: FilteredBody | None = None
    # What handlers have registered, by (is input, name): the function or its name, and where its module is.
    _registered_filters: dict[tuple[bool, str], tuple[Filter, str | None, str | None]] | None = None

    def add_output_filter(self, filter_name: str, /) -> None:
        """Put a filter into the way of the response: one of the configuration, a registered one, or a built-in.

        An unknown one is logged only, as in Apache.
        """
        stage = self._services.output_filter(self, _name(filter_name))
        if stage is not None:
            self._output_chain().add(stage)

    def add_input_filter(self, filter_name: str, /) -> None:
        """Put a filter into the way of the request body, before it is read. An unknown one is logged only."""
        stage = self._services.input_filter(self, _name(filter_name))
        if stage is not None:
            self._input_chain().add(stage)

    def register_output_filter(self, filter_name: str, filter: Filter, dir: str | None = None, /) -> None:
        """Give a name to an output filter, for this request only; `add_output_filter` puts it to work.

        Args:
            filter_name: the name, as `add_output_filter` will be given it.
            filter: 'module::function', or what is to be called with the filter object.
            dir: where the module is looked for; by default beside the handler that calls this.
        """
        self._register_filter(False, filter_name, filter, dir)

    def register_input_filter(self, filter_name: str, filter: Filter, dir: str | None = None, /) -> None:
        """Give a name to an input filter, for this request only; arguments as of `register_output_filter`."""
        self._register_filter(True, filter_name, filter, dir)

    def _register_filter(self, is_input: bool, name: str, filter: Filter, dir: str | None) -> None:
        if not (isinstance(filter, str) or callable(filter)) or not (dir is None or isinstance(dir, str)):
            raise TypeError("takes a name, a filter's name or a callable, and perhaps a folder's name")
        if self._registered_filters is None:
            self._registered_filters = {}
        beside = self._spec.directory if self._spec is not None else None
        shown = dir.rstrip("/") + "/" if dir else None
        self._registered_filters[is_input, _name(name)] = filter, shown, beside

    def _output_chain(self) -> OutputChain:
        if self._chain is None:
            self._chain = OutputChain(self._deliver)
        return self._chain

    def _input_chain(self) -> FilteredBody:
        if self._filtered_body is None:
            length = self._params.get("CONTENT_LENGTH", "")
            self._filtered_body = FilteredBody(self._exchange.read, int(length) if length.isdecimal() else None)
        return self._filtered_body

    def _inherit_filters(self, other: Filtering) -> None:
        """Work behind the filters of `other`, whose place this request takes."""
        if other._chain is not None:
            for output in other._chain.stages:
                self._output_chain().add(output)
        if other._filtered_body is not None:
            for stage in other._filtered_body.stages:
                self._input_chain().add(stage)
        self._registered_filters = self._registered_filters or other._registered_filters


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a filter's name is a string, not {type(name).__name__}")
    return name
