"""Where tests put their files: in a folder that stays open to web servers which run as another user.

pytest's own is shared with every other pytest of the same user, and each takes others' right to pass when it starts:
a server that runs at that moment finds its sockets and files no more.
"""

import os
import shutil
import tempfile

import hypothesis
import pytest

import tests.support  # noqa: F401

# No test fails for the time that it takes, on whatever machine.
hypothesis.settings.register_profile("mpfcgi", deadline=None)
hypothesis.settings.load_profile("mpfcgi")

_made: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None:
        _made.append(tempfile.mkdtemp(prefix="mpfcgi-tests-"))
        # As deep as pytest's own: tests open a folder and the two above it, which must not be /tmp itself.
        config.option.basetemp = os.path.join(_made[0], "run")


def pytest_sessionfinish(exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK:
        for folder in _made:
            shutil.rmtree(folder, ignore_errors=True)
