"""`mod_python.version`: the version of mod_python whose interface this is, and of the web server that it was part of."""

import sys

version = "3.5.0"

# For configurations that ask (`mod_python.httpdconf`): the directives are those of Apache 2.4, and it is not here.
HTTPD = ""
HTTPD_VERSION = "2.4"
APR_VERSION = ""
LIBEXECDIR = ""
SYSCONFDIR = ""
PYTHON_BIN = sys.executable
