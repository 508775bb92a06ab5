"""The recorded answers of the real mod_python, replayed behind a real nginx."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("replay", HERE / "replay.py")
assert _spec is not None
assert _spec.loader is not None
replay = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replay)

PENDING = {line.split()[0] for line in (HERE / "pending.txt").read_text().splitlines() if not line.startswith("#")}
NAMES = [name for name in replay.case_names() if name not in PENDING]

pytestmark = [pytest.mark.frontend, pytest.mark.slow]


@pytest.fixture(scope="module")
def running():
    with replay.corpus(NAMES) as (env, cases):
        yield env, cases


def test_the_corpus_is_there():
    if not replay.CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no corpus in {replay.CORPUS}")
        pytest.skip(f"no corpus in {replay.CORPUS}")
    assert set(replay.case_names()) >= PENDING


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_real_module(running, name):
    env, cases = running
    assert replay.problems(env, cases[name]) == []
