import errno

import pytest

from mpfcgi.config import load_text
from mpfcgi.supervisor.shortages import remedy


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "raise ulimit -u (TasksMax= of systemd)"),
        (RuntimeError("can't start new thread"), "raise ulimit -u (TasksMax= of systemd)"),
        (OSError(errno.EMFILE, "Too many open files"), "raise ulimit -n (LimitNOFILE= of systemd)"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "raise ulimit -v (MemoryMax= of systemd)"),
        (MemoryError(), "raise ulimit -v (MemoryMax= of systemd)"),
    ],
)
def test_what_there_is_too_little_of_is_named_with_its_limit(error, said):
    assert remedy(error).endswith(said)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), OSError("odd"), RuntimeError("odd")])
def test_what_is_no_shortage_has_no_remedy(error):
    assert remedy(error) == ""


def test_the_pools_own_limit_is_named_with_its_place():
    (pool,) = load_text('<PythonPool "x">\nResourceLimit nproc 5\nResourceLimit as 1G\n</PythonPool>', "c.conf").pools
    assert remedy(RuntimeError("can't start new thread"), pool).endswith(
        "or the ResourceLimit of nproc and as (c.conf:1)"
    )
    assert "nproc" not in remedy(MemoryError(), pool)
    assert "ResourceLimit" not in remedy(OSError(errno.EMFILE, ""), pool)
