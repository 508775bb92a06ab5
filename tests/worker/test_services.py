from types import SimpleNamespace

import pytest

from mpfcgi.api import constants as c
from mpfcgi.config import PoolSettings
from mpfcgi.worker.services import WorkerServices


@pytest.mark.parametrize(
    ("pool", "forked", "fewest", "most"),
    [
        (PoolSettings(max_processes=5), c.AP_MPMQ_STATIC, 5, 5),
        (PoolSettings(process_manager="dynamic", max_processes=5), c.AP_MPMQ_DYNAMIC, 1, 3),
        (PoolSettings(process_manager="ondemand", max_processes=5, max_requests=9), c.AP_MPMQ_DYNAMIC, 0, 5),
    ],
)
def test_handlers_are_told_how_many_processes_there_are(pool, forked, fewest, most):
    def ask(code):
        return WorkerServices.mpm_query(SimpleNamespace(pool=pool), code)

    assert ask(c.AP_MPMQ_IS_FORKED) == forked
    assert (ask(c.AP_MPMQ_MIN_SPARE_DAEMONS), ask(c.AP_MPMQ_MAX_SPARE_DAEMONS)) == (fewest, most)
    assert ask(c.AP_MPMQ_MAX_DAEMONS) == 5
    assert ask(c.AP_MPMQ_MAX_REQUESTS_DAEMON) == pool.max_requests
