#!/bin/sh
# ~/public_html/mpfcgi.fcgi, mode 755: what mod_fcgid starts. Without --start it answers itself where no daemon runs.
exec "/home/alice/.mpfcgi/venv/bin/mpfcgi" fcgi --start
