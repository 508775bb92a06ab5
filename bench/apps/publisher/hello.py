"""The publisher's function: /hello.py/hello."""


def hello(req):
    req.content_type = "text/plain"
    return "Hello World!"
