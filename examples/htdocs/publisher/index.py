"""What /publisher/ shows. The publisher calls `index` when the address names no function."""


def index(req):
    req.content_type = "text/html; charset=utf-8"
    return """<!doctype html>
<title>The publisher</title>
<link rel="stylesheet" href="/style.css">
<h1>What is your name?</h1>
<p class="lead">The form's fields become arguments of <code>hello</code> in <code>greet.py</code>.</p>
<form action="/publisher/greet/hello" method="post">
  <input name="name" placeholder="Ada" autofocus> <button>Say hello</button>
</form>
<p><a href="/">Back to the index</a></p>
"""
