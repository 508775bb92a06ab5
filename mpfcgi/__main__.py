"""The `mpfcgi` command, also as `python -m mpfcgi`.

`mpfcgi cgi` starts anew for each request, and goes its own way, past the imports of the others.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that the arguments name."""
    _open_standard_descriptors()
    if os.environ.get("HOME") == "":
        # As some web servers start programs. Without it, the system is asked where it is.
        del os.environ["HOME"]
    if sys.argv[1:2] == ["cgi"]:
        from mpfcgi.gateway import cgi

        options = cgi.options(sys.argv[2:])
        if options is not None:
            sys.exit(cgi.run(*options, _address_in))
    from mpfcgi.cli import main as command

    command(prog_name="mpfcgi")


def _address_in(config: str) -> str:
    from mpfcgi.cli.common import address_in

    return address_in(config)


def _open_standard_descriptors() -> None:
    """See that 0 to 2 are open: a FastCGI program may be started without 1 and 2 (FastCGI 2.2); files would take their
    place."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    main()
