"""The autoreloading module importer, with its dependency graph. Knows nothing of requests."""

from mpfcgi.importer.importer import Importer

__all__ = ["Importer"]
