"""The lines of the error log."""

import subprocess
import sys
import time

from mpfcgi.worker import logs


def test_error_lines_are_apaches_and_stay_one_line():
    line = logs.error_line(3, 'a "b"\nc\\é\x1b', "127.0.0.1:80", 7, 0.25, time.gmtime)
    assert line == (
        b'[Thu Jan 01 00:00:00.250000 1970] [:error] [pid 7:tid 7] [client 127.0.0.1:80] a "b"\\nc\\\\\\xc3\\xa9\\x1b\n'
    )


def test_a_full_disk_under_the_log_and_under_stderr_raises_nothing():
    program = "from mpfcgi.worker import logs; logs.LogFile('/dev/full').write(b'a line')"
    with open("/dev/full", "w") as full:
        subprocess.run([sys.executable, "-c", program], stderr=full, check=True, timeout=60)
