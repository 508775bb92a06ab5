"""The port helper: what in old handlers must change for Python 3 and for mpfcgi, with file, line and remedy.

`lexer` reads any source, Python 2's too; `names`, `statements` and `habits` know the patterns; `check` applies them.
"""

from mpfcgi.porting.check import check_paths, check_text
from mpfcgi.porting.source import LOOK, MUST, SHOULD, Finding

__all__ = ["LOOK", "MUST", "SHOULD", "Finding", "check_paths", "check_text"]
