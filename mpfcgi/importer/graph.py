"""The dependency graph: for each file loaded, its state when it was read and which others its module imported.

A module is stale when its own file, or any file that it depends on, is no longer what was loaded.
"""

from __future__ import annotations

import hashlib
import os
import time
from types import ModuleType

from mpfcgi.files import regular

Stamp = tuple[int, int, int]

# Two edits in one tick of the file system's clock can leave the same stamp. For this long after an edit (ns; the
# coarsest clock in use ticks every two seconds) the contents are compared too.
SETTLED = 2_000_000_000


class Node:
    """A file and the module loaded from it; that module knows it as `__mp_info__`.

    `file` is its absolute path, `label` its name in sys.modules, `children` the nodes of the modules that it
    imported with the generation each then had, `path` what its `__mp_path__` starts with, `root` the handler root
    when it was first loaded, and `folder` where it lies. `module` is None before the first load and after a load
    that failed: what was served until then is `previous`, for its `__mp_clone__`. While it is loaded, the new module is
    `loading`, and `coming` the generation that it will be.
    """

    __slots__ = (
        "checked", "children", "coming", "digest", "file", "folder", "found", "generation", "label", "loading", "module",
        "ordinary", "path", "previous", "root", "stale", "stamp",
    )  # fmt: skip

    def __init__(self, file: str, label: str, root: str | None) -> None:
        self.file = file
        self.folder = os.path.dirname(file)
        self.label = label
        self.root = root
        self.path: tuple[str, ...] = ()
        self.module: ModuleType | None = None
        self.previous: ModuleType | None = None
        self.loading: ModuleType | None = None
        self.generation = self.coming = 0
        self.stamp: Stamp | None = None
        self.digest: bytes | None = None
        self.checked = -1
        self.stale = True
        self.children: dict[Node, int] = {}
        self.forget_names()

    def __repr__(self) -> str:
        return f"<module {self.label} from {self.file}, generation {self.generation}>"

    def depend_on(self, child: Node) -> None:
        """Note that this module has imported `child` as it is now, or as it will be."""
        generation = child.coming or child.generation
        if self.children.get(child) != generation:
            # A new dictionary: other threads may be walking over the old one.
            self.children = {**self.children, child: generation}

    def forget_names(self) -> None:
        """Look names up anew: those that led to a sibling (`found`) and those left to Python (`ordinary`)."""
        self.found: dict[str, Node] = {}
        self.ordinary: dict[str, int] = {}

    def read(self) -> bytes:
        """The source; its stamp is kept. OSError."""
        text, self.stamp, settled = _read(self.file)
        self.digest = None if settled else _digest(text)
        return text


def is_stale(node: Node, request: int, above: tuple[Node, ...] = (), status: os.stat_result | None = None) -> bool:
    """Whether a module must be loaded (again); looked into once for each `request`, a number that grows.

    `status` is that of its file, where somebody has asked for it already.
    """
    if node.checked >= request:
        return node.stale
    try:
        status = status or os.stat(node.file)
    except OSError:
        stale = True
    else:
        stale = (status.st_mtime_ns, status.st_size, status.st_ino) != node.stamp
        if not stale and node.digest is not None:
            stale = _is_rewritten(node)
    if not stale and node.children:
        stale = _depends_on_stale(node, request, above)
    node.stale = stale
    node.checked = request
    return stale


def _depends_on_stale(node: Node, request: int, above: tuple[Node, ...]) -> bool:
    # Functions may import in a circle; `above` are the modules whose turn it is already.
    above += (node,)
    for child, generation in node.children.items():
        if child.generation != generation or (child not in above and is_stale(child, request, above)):
            return True
    return False


def _is_rewritten(node: Node) -> bool:
    try:
        text, _, settled = _read(node.file)
    except OSError:
        return True
    if _digest(text) != node.digest:
        return True
    if settled:
        node.digest = None
    return False


def _read(file: str) -> tuple[bytes, Stamp, bool]:
    """What a file contains, its stamp, and whether a later edit is sure to give another stamp."""
    with open(file, "rb", opener=regular) as source:
        status = os.fstat(source.fileno())
        text = source.read()
    settled = time.time_ns() - status.st_ctime_ns > SETTLED
    return text, (status.st_mtime_ns, status.st_size, status.st_ino), settled


def _digest(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()
