#!/usr/bin/env python3
"""A CGI script as of old: it reads os.environ and stdin, prints a head and a page, and knows nothing of mod_python."""

import html
import os
import sys
from urllib.parse import parse_qs

form = parse_qs(sys.stdin.read() or os.environ.get("QUERY_STRING", ""))
name = html.escape(form.get("name", ["stranger"])[0])

print("Content-Type: text/html; charset=utf-8")
print()
print("<!doctype html>")
print("<title>A CGI script</title>")
print('<link rel="stylesheet" href="/style.css">')
print(f"<h1>Hello, {name}!</h1>")
print(f"<p>{os.environ['GATEWAY_INTERFACE']}, {os.environ['REQUEST_METHOD']} {os.environ['SCRIPT_NAME']}</p>")
print('<form method="post"><input name="name"> <button>This is my name</button></form>')
print('<p><a href="/">Back to the index</a></p>')
