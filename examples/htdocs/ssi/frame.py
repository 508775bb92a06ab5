"""What every page of this folder shares: it is put into the globals of the pages' Python code (manual 6.4)."""

import html
import time

from mod_python import apache


def header(filter, title):
    filter.write(f"<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n<title>{html.escape(title)}</title>\n")
    filter.write(f"<link rel='stylesheet' href='/style.css'>\n<h1>{html.escape(title)}</h1>\n")


def footer(filter):
    filter.write(f"<p>Written at {time.strftime('%H:%M:%S')} for {html.escape(filter.req.uri)}.</p>\n</html>\n")


def fixuphandler(req):
    req.ssi_globals = {"escape": html.escape, "header": header, "footer": footer}
    return apache.OK
