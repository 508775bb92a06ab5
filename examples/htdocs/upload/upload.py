"""An upload: `util.FieldStorage` keeps the file on disk, the handler reads it in pieces (manual 4.6)."""

import hashlib
from html import escape

from mod_python import apache, util

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Upload</title>
<link rel="stylesheet" href="/style.css">
<h1>Send a file</h1>
<p class="lead">Of any size: it goes to disk while it comes in, and is gone when the request is over.</p>
<form method="post" enctype="multipart/form-data">
  <p><input name="file" type="file" multiple></p>
  <p><label>Note <input name="note"></label> <button>Upload</button></p>
</form>
{}
<p><a href="/">Back to the index</a></p>
</html>
"""
ROW = "<tr><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>"


def handler(req):
    req.content_type = "text/html; charset=utf-8"
    req.write(PAGE.format(received(util.FieldStorage(req)) if req.method == "POST" else ""))
    return apache.OK


def received(form):
    # A file input that was left empty is a StringField, and no Field.
    files = [field for field in form.getlist("file") if isinstance(field, util.Field)]
    rows = "".join(ROW.format(escape(field.filename), escape(field.type), *measured(field.file)) for field in files)
    return (
        f"<p>{len(files)} received. Note: {escape(form.getfirst('note', 'none'))}</p>"
        f"<table><tr><th>name</th><th>type</th><th>bytes</th><th>SHA-256</th></tr>{rows}</table>"
    )


def measured(file):
    size, digest = 0, hashlib.sha256()
    file.seek(0)
    while piece := file.read(65536):
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()
