"""The front-end's side of a configuration: a complete one for each web server, and what its own checker says of it.

Knows the rules (`config`) and nothing else of ours: generators take a `Deployment` and give a text.
"""

from mpfcgi.frontend.checker import CheckFailed, NotInstalled, check
from mpfcgi.frontend.generators import GENERATORS
from mpfcgi.frontend.model import Deployment, deployment

__all__ = ["GENERATORS", "CheckFailed", "Deployment", "NotInstalled", "check", "deployment"]
