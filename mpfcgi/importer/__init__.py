"""The module importer of mod_python 3.3 (manual 4.5.1), with its dependency graph. Knows nothing of requests.

finder.py says which file a name means, graph.py what depends on what and whether it changed, loader.py runs a module's
source, importer.py joins these; statement.py brings the `import` statement of loaded modules here, beside.py
lets Python find what lies beside handlers and nowhere else, path.py is the PythonPath directive.
"""

from mpfcgi.importer.graph import Node
from mpfcgi.importer.importer import Importer, Wanted

__all__ = ["Importer", "Node", "Wanted"]
