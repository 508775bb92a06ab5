"""Every directive, once, in the module of its topic: what it may be given, how it merges, what it is for.

`registry` has what is known of a directive, `arguments` the common forms of arguments, `merging` the ways to join two
values; each topic has the forms and values that it alone needs. `elsewhere` has the names that are not ours.
"""

from mpfcgi.config.directives import access, environment, files, filters, logs, mime, pools, python, server, ssi
from mpfcgi.config.directives.arguments import BadValue
from mpfcgi.config.directives.elsewhere import FRONT_END, IGNORED_BECAUSE, REFUSED, SPELLED
from mpfcgi.config.directives.registry import CONTEXT_NAMES, REGISTRY, Spec

# Importing a topic is what fills the registry.
TOPICS = (access, environment, files, filters, logs, mime, pools, python, server, ssi)

__all__ = [
    "CONTEXT_NAMES",
    "FRONT_END",
    "IGNORED_BECAUSE",
    "REFUSED",
    "REGISTRY",
    "SPELLED",
    "TOPICS",
    "BadValue",
    "Spec",
]
