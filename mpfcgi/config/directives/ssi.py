"""Server side includes."""

from __future__ import annotations

from mpfcgi.config.directives.arguments import choice, flag, non_empty, one
from mpfcgi.config.directives.registry import declare

# fmt: off
declare("XBitHack", "SVDH", choice("On", "Off", "Full"), override="Options",
        help="Whether text/html files that their owner may execute are pages with includes; Full: executable by the "
             "group, they keep their date. Default Off.")
declare("SSIStartTag", "SV", non_empty, syntax="tag", help="What an element begins with. Default <!--#.")
declare("SSIEndTag", "SV", non_empty, syntax="tag", help="What an element ends with. Default -->.")
declare("SSIErrorMsg", "SVDH", one, override="any", syntax="text",
        help="What a page shows in the place of an element that fails. Default [an error occurred while processing this "
             "directive].")
declare("SSIUndefinedEcho", "SVDH", one, override="any", syntax="text",
        help="What echo shows for a variable that isn't set. Default (none).")
declare("SSITimeFormat", "SVDH", one, override="any", syntax="format",
        help="How times are shown, as strftime has it. Default %A, %d-%b-%Y %H:%M:%S %Z.")
declare("SSILegacyExprParser", "DH", flag, override="Limit",
        help="Whether conditions are in the language before Apache 2.4: $name = value. Default Off.")
declare("SSIETag", "DH", flag, override="Limit", help="Whether pages with includes keep their ETag. Default Off.")
declare("SSILastModified", "DH", flag, override="Limit",
        help="Whether pages with includes keep their date. Default Off.")
