"""Real servers for tests: each in a folder of its own, on a free port or a unix socket, stopped at the end."""

import os

# Whoever runs the tests as root runs handlers as root: those of the tests.
os.environ.setdefault("MPFCGI_ALLOW_ROOT", "1")
