"""Filters of requests and responses, mod_python's and our own."""

from __future__ import annotations

from mpfcgi.config.directives.arguments import BadValue, extension_map, extension_removals, integer, non_empty, one
from mpfcgi.config.directives.merging import update
from mpfcgi.config.directives.python import HandlerSpec
from mpfcgi.config.directives.registry import declare


def python_filter(args: tuple[str, ...]) -> dict[str, HandlerSpec]:
    """`handler [name]`: a filter's function by the name, in lower case, under which it is put to work."""
    if len(args) not in (1, 2):
        raise BadValue(f"takes a handler and a name, not {len(args)} arguments")
    return {non_empty(args[-1:]).lower(): HandlerSpec(non_empty(args[:1]))}


def filters_by_type(args: tuple[str, ...]) -> dict[str, str]:
    """`filter[;filter...] type [type ...]`: the filters by type, in lower case."""
    if len(args) < 2:
        raise BadValue("takes a filter and one or more content types")
    return {kind.lower(): args[0] for kind in args[1:]}


def join_filters(old: dict[str, str] | None, new: dict[str, str]) -> dict[str, str]:
    """Filters by type: those of an inner scope come behind those of an outer one."""
    known = old or {}
    return {**known, **{kind: f"{known[kind]};{names}" if kind in known else names for kind, names in new.items()}}


# fmt: off
for _name in ("Input", "Output"):
    declare(f"Python{_name}Filter", "SVD", python_filter, combine=update, merge=update, syntax="handler [name]",
            help=f"Gives a name to an {_name.lower()} filter (5.2); Set{_name}Filter or Add{_name}Filter puts it to work.")
    declare(f"Set{_name}Filter", "SVDH", one, override="FileInfo", syntax="filter[;filter...]",
            help=f"The {_name.lower()} filters of all files, in order; None for none.")
    declare(f"Add{_name}Filter", "SVDH", extension_map, combine=update, merge=update, override="FileInfo",
            syntax="filter[;filter...] .ext [.ext ...]",
            help=f"The {_name.lower()} filters of files by extension.")
    declare(f"Remove{_name}Filter", "VDH", extension_removals, combine=update, merge=update, override="FileInfo",
            key=f"Add{_name}Filter", syntax=".ext [.ext ...]",
            help=f"Takes Add{_name}Filter back.")
declare("AddOutputFilterByType", "SVDH", filters_by_type, combine=join_filters, merge=join_filters, override="FileInfo",
        syntax="filter[;filter...] type [type ...]",
        help="The output filters of responses by content type.")
declare("DeflateCompressionLevel", "SVD", integer(1, 9), syntax="1..9", help="How hard DEFLATE tries. Default 6.")
