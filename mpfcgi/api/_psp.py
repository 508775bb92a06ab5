"""`mod_python._psp`, the parser of mod_python: for code that imported it."""

from mpfcgi.api.psp import parse, parsestring

__all__ = ["parse", "parsestring"]
