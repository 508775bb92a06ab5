"""`mod_python.version`: the version of mod_python whose interface this is."""

version = "3.5.0"
HASH = "mpfcgi"
