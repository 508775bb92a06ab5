"""Virtual environments of other Pythons than that of the tests, with this checkout installed in them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# They stay for the next run.
ENVIRONMENTS = ROOT / "build" / "pythons"
OWN = sys.version_info[:2]
OLDEST, NEWEST = (3, 9), (3, 13)


def others() -> dict[tuple[int, int], str]:
    """The other Pythons of this machine that mpfcgi runs on, by version: on the path, Debian's, or those of pyenv."""
    found: dict[tuple[int, int], str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    folders = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", *map(str, sorted(pyenv.glob("3.*/bin")))]
    for folder in folders:
        for path in Path(folder).glob("python3.*"):
            match = re.fullmatch(r"python3\.(\d+)", path.name)
            version = (3, int(match[1])) if match else OWN
            if OLDEST <= version <= NEWEST and version not in (OWN, *found) and _starts(path):
                found[version] = str(path)
    return found


def environment(version: tuple[int, int]) -> Path:
    """A virtual environment of that version with mpfcgi; the test is skipped where it can't be made."""
    python = others()[version]
    asked = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + python.encode()).hexdigest()[:12]
    made = ENVIRONMENTS / f"{version[0]}.{version[1]}-{asked}"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(python, made)
    return made


def two_others() -> list[tuple[tuple[int, int], Path]]:
    """The oldest and the newest of them; the test is skipped on a machine without."""
    versions = sorted(others())
    if len(versions) < 2:
        pytest.skip(f"there are not two other Pythons than {OWN[0]}.{OWN[1]} here")
    return [(version, environment(version)) for version in (versions[0], versions[-1])]


def _make(python: str, made: Path) -> None:
    fresh = made.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        subprocess.run([python, "-m", "venv", str(fresh)], check=True, capture_output=True, timeout=100)
        # Programs of an environment name its folder.
        fresh.rename(made)
        pip = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--editable", str(ROOT)], check=True, capture_output=True, timeout=100)
    except (subprocess.SubprocessError, OSError) as error:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(fresh, ignore_errors=True)
        pytest.skip(f"mpfcgi can't be installed for {python}: {error}")


def _starts(python: Path) -> bool:
    """Whether it is one, and not pyenv's stand-in for one that isn't chosen."""
    run = subprocess.run([str(python), "-c", "import venv, ensurepip"], capture_output=True, timeout=30)
    return run.returncode == 0
