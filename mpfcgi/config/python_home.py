"""PythonHome: of which Python a virtual environment is, where its packages are, and whether it can be used.

Workers of one that is of the daemon's own Python are forked from the daemon, with the environment's packages before the
daemon's. One of another Python starts workers with that Python, so mpfcgi must be installed there, in the same version.
"""

from __future__ import annotations

import glob
import os
import re
import sys

from mpfcgi.files import regular

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
OLDEST = (3, 9)


def packages(home: str, version: str = VERSION) -> str:
    """The folder of an environment's packages."""
    return os.path.join(home, "lib", f"python{version}", "site-packages")


def is_other(home: str) -> bool:
    """Whether an environment is of another Python version than this process."""
    return not os.path.isdir(packages(home)) and bool(_versions(home))


def version_of(home: str) -> str:
    """The version of an environment's Python: `3.9`."""
    return VERSION if os.path.isdir(packages(home)) else _versions(home)[-1]


def interpreter(home: str) -> str:
    """The program of an environment of another Python."""
    version = _versions(home)[-1]
    names = [os.path.join(home, "bin", name) for name in (f"python{version}", "python3", "python")]
    return next((name for name in names if os.access(name, os.X_OK)), names[0])


def problem(home: str, mpfcgi: str) -> str | None:
    """What is wrong with a folder as PythonHome of the version `mpfcgi` of ours; None when it can be used."""
    if os.path.isdir(packages(home)):
        return None
    if not os.path.isdir(home):
        return "there is no such folder"
    versions = _versions(home)
    if not versions:
        return f"it is no virtual environment: there is no {packages(home)}"
    version, program = versions[-1], interpreter(home)
    if _numbers(version) < OLDEST:
        return f"it is of Python {version}, and mpfcgi needs {OLDEST[0]}.{OLDEST[1]} or newer"
    if not os.access(program, os.X_OK):
        return f"it is of Python {version}, and its {program} can't be started"
    return _missing(home, version, program, mpfcgi)


def _missing(home: str, version: str, program: str, mpfcgi: str) -> str | None:
    """Whether our package is missing in an environment, or is of another version than `mpfcgi`."""
    found = glob.glob(os.path.join(glob.escape(packages(home, version)), "mpfcgi-*.dist-info"))
    if not found and _sees_the_systems(home):
        # It may be there. If not, the log says so when the workers start.
        return None
    installed = {os.path.basename(path)[len("mpfcgi-") : -len(".dist-info")] for path in found}
    if mpfcgi in installed:
        return None
    remedy = f"install it: {program} -m pip install mpfcgi=={mpfcgi}"
    if not installed:
        return f"it is of Python {version}, this daemon of {VERSION}, and mpfcgi is not installed in it; {remedy}"
    return f"the mpfcgi installed in it is {', '.join(sorted(installed))}, and this daemon is {mpfcgi}; {remedy}"


def _versions(home: str) -> list[str]:
    """The versions of Python whose packages a folder has, the newest last."""
    found = (re.fullmatch(r"python(3\.\d+)", name) for name in _names(os.path.join(home, "lib")))
    return sorted((match[1] for match in found if match), key=_numbers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _sees_the_systems(home: str) -> bool:
    """Whether the packages of the Python that a virtual environment was made of are used, too (its pyvenv.cfg)."""
    try:
        with open(os.path.join(home, "pyvenv.cfg"), encoding="utf-8", errors="replace", opener=regular) as file:
            return re.search(r"^include-system-site-packages\s*=\s*true\s*$", file.read(), re.M | re.I) is not None
    except OSError:
        return False


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
