"""The recorded answers of the real mod_python, replayed behind a real nginx and a real Apache with mod_proxy_fcgi."""

from __future__ import annotations

import importlib.util
import os
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("replay", HERE / "replay.py")
assert _spec is not None
assert _spec.loader is not None
replay = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(replay)

# Case -> the issue that it belongs to.
PENDING = dict(line.split() for line in (HERE / "pending.txt").read_text().splitlines() if not line.startswith("#"))
NAMES = [name for name in replay.case_names() if name not in PENDING]
REFUSED = {name: why for name in PENDING if name in replay.case_names() and (why := replay.unreadable(name))}

pytestmark = [pytest.mark.frontend, pytest.mark.slow]


@pytest.fixture(scope="module", params=replay.SERVERS)
def running(request):
    with replay.corpus([name for name in replay.case_names() if name not in REFUSED], request.param) as (env, cases):
        yield env, cases


def test_the_corpus_is_there():
    if not replay.CORPUS.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no corpus in {replay.CORPUS}")
        pytest.skip(f"no corpus in {replay.CORPUS}")
    assert set(replay.case_names()) >= PENDING.keys()


def test_every_departure_is_of_a_recorded_answer():
    for name, request in replay.DEPARTURES_BEHIND["apache"]:
        if name in replay.case_names():
            case = replay.corpuslib().Case(str(replay.CORPUS / "cases" / name))
            assert request in [response["id"] for response in case.expected()["responses"]]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_real_module(running, name):
    env, cases = running
    assert replay.problems(env, cases[name]) == []


@pytest.mark.parametrize("name", [name for name in PENDING if name in replay.case_names()])
def test_a_pending_case_fails_or_is_named_for_taking_it_off_the_list(running, name):
    env, cases = running
    why = [REFUSED[name]] if name in REFUSED else replay.problems(env, cases[name])
    if why:
        pytest.xfail(f"issue {PENDING[name]}: {why[0].splitlines()[0]}")
    warnings.warn(f"{name} passes: take it off tests/parity/pending.txt", stacklevel=1)
