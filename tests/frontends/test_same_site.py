"""One and the same set of requests behind every front-end: the answers are nginx's, but for the list in departures.py."""

from __future__ import annotations

from http.client import RemoteDisconnected

import pytest

from tests.frontends.cases import CASES
from tests.frontends.departures import DEPARTURES
from tests.frontends.variants import VARIANTS
from tests.support.http import Answer, send

pytestmark = [pytest.mark.frontend, pytest.mark.slow]
NGINX = VARIANTS[0]
# Of the connection and of the server itself.
OWN_HEADERS = frozenset((
    "date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-ranges", "alt-svc", "via",
))  # fmt: skip


@pytest.fixture(scope="module")
def answers(servers):
    """The answer of a variant to a case, asked for once."""
    known = {}

    def answer(variant, case):
        if (variant.name, case.name) not in known:
            try:
                known[variant.name, case.name] = send(servers(variant)[0], case.data, case.method)
            except RemoteDisconnected:
                known[variant.name, case.name] = Answer(0, (), b"", cut=True)
        return known[variant.name, case.name]

    return answer


def shown(answer):
    """What has to be the same: a multipart answer's boundary is new each time, and a Location may have our port."""
    boundary = next((v.partition("boundary=")[2] for v in answer.get("content-type") if "boundary=" in v), "\0")
    # A list may come as one header or as several (RFC 9110, 5.3), but for cookies.
    headers = {k: ", ".join(answer.get(k)) for k, _ in answer.headers if k not in (*OWN_HEADERS, "set-cookie")}
    headers = [(k, v.replace(boundary, "BOUNDARY")) for k, v in headers.items()]
    headers += [("set-cookie", v) for v in answer.get("set-cookie")]
    body = answer.body.replace(boundary.encode(), b"BOUNDARY").decode("latin-1")
    return answer.status, sorted(headers), body.splitlines()


def right(case, answer):
    return answer.status == case.status and all(word in answer.body for word in case.words) and case.check(answer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_the_answer_is_the_same_behind_every_front_end(answers, variant, case):
    answer = answers(variant, case)
    departure = DEPARTURES.get((variant.name, case.name)) or DEPARTURES.get((variant.kind, case.name))
    if departure is not None:
        assert departure.status in (None, answer.status), departure.why
        assert not right(case, answer) or shown(answer) != shown(answers(NGINX, case)), "departs no more: take it off"
        return
    assert right(case, answer), answer
    assert shown(answer) == shown(answers(NGINX, case))
