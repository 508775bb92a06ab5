"""The recorded answers of the real mod_python, replayed behind a real nginx and a real Apache with mod_proxy_fcgi."""

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

NAMES = replay.case_names()

pytestmark = [pytest.mark.frontend, pytest.mark.slow]


@pytest.fixture(scope="module", params=replay.SERVERS)
def running(request):
    with replay.corpus(NAMES, request.param) as (env, cases):
        yield env, cases


def test_the_corpus_is_there():
    if not replay.CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no corpus in {replay.CORPUS}")
        pytest.skip(f"no corpus in {replay.CORPUS}")
    assert NAMES


def test_every_departure_is_of_a_recorded_answer():
    for name, request in replay.DEPARTURES_BEHIND["apache"]:
        if name in NAMES:
            case = replay.corpuslib().Case(str(replay.CORPUS / "cases" / name))
            assert request in [response["id"] for response in case.expected()["responses"]]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_real_module(running, name):
    env, cases = running
    assert replay.problems(env, cases[name]) == []
