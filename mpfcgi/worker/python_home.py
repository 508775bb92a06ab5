"""PythonHome: the packages of a virtual environment, for a worker that was forked with those of the daemon.

They come before the daemon's own, which stay behind them, since mpfcgi needs some.
"""

from __future__ import annotations

import os
import site
import sys

from mpfcgi.config import python_home


def activate(home: str) -> None:
    """Put the environment's packages on the path, if its own Python has not done so; show it to what looks for one."""
    packages = os.path.realpath(python_home.packages(home))
    if not any(os.path.realpath(path) == packages for path in sys.path):
        _add(home)
    os.environ["VIRTUAL_ENV"] = home
    os.environ["PATH"] = os.pathsep.join((os.path.join(home, "bin"), os.environ.get("PATH", os.defpath)))


def _add(home: str) -> None:
    before = list(sys.path)
    site.addsitedir(python_home.packages(home))
    added = [path for path in sys.path if path not in before]
    at = next((at for at, path in enumerate(before) if path.endswith(("site-packages", "dist-packages"))), len(before))
    sys.path[:] = [*before[:at], *added, *before[at:]]
    sys.prefix = sys.exec_prefix = home
