"""What files are by their names: handlers, types, charsets, encodings and languages."""

from __future__ import annotations

from mpfcgi.config.directives.arguments import extension_map, extension_removals, one
from mpfcgi.config.directives.merging import update
from mpfcgi.config.directives.registry import declare

# fmt: off
declare("SetHandler", "SVDH", one, override="FileInfo", syntax="handler|None",
        help="The handler for all files; None for the usual one; mpfcgi-status and mpfcgi-selftest for our own pages.")
declare("ForceType", "DH", one, override="FileInfo", syntax="type|None",
        help="The content type of all files; None for the usual one.")
declare("TypesConfig", "S", one, syntax="file", help="The file of content types by extension. Default /etc/mime.types.")
declare("DefaultType", "SVDH", one, override="FileInfo", syntax="type|None",
        help="Accepted for old files; only None has a meaning, as in Apache 2.4.")
declare("AddDefaultCharset", "SVDH", one, override="FileInfo", syntax="On|Off|charset",
        help="The charset added to text/plain and text/html that tell none. Default Off.")
for _name in ("Handler", "Type", "Charset", "Encoding", "Language"):
    declare(f"Add{_name}", "SVDH", extension_map, combine=update, merge=update, override="FileInfo",
            syntax=f"{_name.lower()} .ext [.ext ...]", help=f"The {_name.lower()} of files by extension.")
    declare(f"Remove{_name}", "VDH", extension_removals, combine=update, merge=update, override="FileInfo",
            key=f"Add{_name}", syntax=".ext [.ext ...]", help=f"Takes Add{_name} back.")
