"""The package `mod_python` as code imports it."""

from mpfcgi.api import alias


def test_a_star_import_brings_the_modules_that_mod_pythons_brings():
    alias.install()
    names = {}
    exec("from mod_python import *", names)
    assert {name for name in names if not name.startswith("_")} == {
        "apache", "cgihandler", "psp", "publisher", "util", "version",
    }  # fmt: skip
