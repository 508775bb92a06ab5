"""A WSGI application, as of Flask, Django or any other framework, in a folder of a site."""

from html import escape


def application(environ, start_response):
    page = f"""<!doctype html>
<title>WSGI</title>
<link rel="stylesheet" href="/style.css">
<h1>A WSGI application</h1>
<p class="lead">It stands at <code>{escape(environ["SCRIPT_NAME"])}</code> and was asked for
<code>{escape(environ["PATH_INFO"])}</code>.</p>
<p><a href="/">Back to the index</a></p>
"""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [page.encode()]
