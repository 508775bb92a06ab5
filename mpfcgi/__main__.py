"""`python -m mpfcgi`."""

from mpfcgi.cli import main

main(prog_name="mpfcgi")
