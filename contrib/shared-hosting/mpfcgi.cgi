#!/bin/sh
# ~/public_html/mpfcgi.cgi, mode 755: where there is nothing but CGI.
exec "/home/alice/.mpfcgi/venv/bin/mpfcgi" cgi --start
