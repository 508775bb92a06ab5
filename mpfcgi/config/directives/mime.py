"""What files are by their names: handlers, types, charsets, encodings and languages."""

from __future__ import annotations

from mpfcgi.config.directives.arguments import extension_map, extension_removals, one
from mpfcgi.config.directives.merging import update
from mpfcgi.config.directives.registry import declare


def in_lower_case(args: tuple[str, ...]) -> str:
    """The only argument, whose case is of no account."""
    return one(args).lower()


def names_of_extensions(args: tuple[str, ...]) -> dict[str, str]:
    """`name extension [extension ...]`: neither's case is of any account."""
    return {extension: name.lower() for extension, name in extension_map(args).items()}


# fmt: off
declare("SetHandler", "SVDH", in_lower_case, override="FileInfo", syntax="handler|None",
        help="The handler for all files; None for the usual one; mpfcgi-status and mpfcgi-selftest for our own pages.")
declare("ForceType", "DH", in_lower_case, override="FileInfo", syntax="type|None",
        help="The content type of all files; None for the usual one.")
declare("TypesConfig", "S", one, syntax="file", help="The file of content types by extension. Default /etc/mime.types.")
declare("DefaultType", "SVDH", one, override="FileInfo", syntax="type|None",
        help="Accepted for old files; only None has a meaning, as in Apache 2.4.")
declare("AddDefaultCharset", "SVDH", one, override="FileInfo", syntax="On|Off|charset",
        help="The charset added to text/plain and text/html that tell none. Default Off.")
for _name in ("Handler", "Type", "Charset", "Encoding", "Language"):
    declare(f"Add{_name}", "SVDH", names_of_extensions, combine=update, merge=update, override="FileInfo",
            syntax=f"{_name.lower()} .ext [.ext ...]", help=f"The {_name.lower()} of files by extension.")
    declare(f"Remove{_name}", "VDH", extension_removals, combine=update, merge=update, override="FileInfo",
            key=f"Add{_name}", syntax=".ext [.ext ...]", help=f"Takes Add{_name} back.")
