"""The same handlers under the real mod_python in Apache and in our daemon behind nginx give the same answers.

The site is `live/`: its configuration and handlers are read by both. What the servers word themselves (error pages,
frames of a traceback) is compared by what it says: title, exceptions.
"""

from __future__ import annotations

import os

import pytest

from tests.parity import live_access, live_headers, live_library, live_packed, live_requests, live_variations, live_walk
from tests.parity.live_answers import fetch
from tests.parity.live_servers import SITE, both

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

REQUESTS = {
    **live_requests.REQUESTS,
    **live_library.REQUESTS,
    **live_variations.REQUESTS,
    **live_packed.REQUESTS,
    **live_access.REQUESTS,
    **live_headers.REQUESTS,
    **live_walk.REQUESTS,
}
# Ours tells the size of the file with 416, as RFC 9110 asks.
OURS_ONLY = {"a part beyond a file": "content-range"}


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of Apache and of nginx before our daemon, with the same site."""
    folder = tmp_path_factory.mktemp("live")
    for place in ("packed", "bytype"):
        (folder / "htdocs" / place).mkdir(parents=True)
        for name, content in live_packed.CONTENTS.items():
            (folder / "htdocs" / place / name).write_bytes(content)
    for place in live_access.PLACES:
        (folder / "htdocs" / "guarded" / place).mkdir(parents=True, exist_ok=True)
        (folder / "htdocs" / "guarded" / place / "a.txt").write_text(place)
    (folder / "htdocs" / "named_files").mkdir()
    for name in live_headers.NAMES:
        path = folder / "htdocs" / "named_files" / name
        path.write_text("content of a file\n")
        os.utime(path, (1_000_000_000, 1_000_000_000))
    config = (SITE / "site.conf").read_text() + live_access.CONFIG + live_headers.CONFIG + live_walk.CONFIG
    with both(folder, config, modules=("deflate",)) as ports:
        yield ports


@pytest.mark.parametrize("name", REQUESTS)
def test_both_answer_the_same(ports, name):
    real, ours = (fetch(port, REQUESTS[name]) for port in ports)
    # A front-end may know the length of what Apache sent in chunks, or leave out one that is not needed.
    if None in (real.length, ours.length):
        real, ours = real._replace(length=None), ours._replace(length=None)
    ours = ours._replace(headers=[header for header in ours.headers if header[0] != OURS_ONLY.get(name)])
    assert ours == real
