"""Functions that are addresses: /publisher/greet/hello?name=Ada calls hello(name="Ada")."""


def index():
    return "Try /publisher/greet/hello?name=Ada"


def hello(req, name="World"):
    req.content_type = "text/plain; charset=utf-8"
    return f"Hello {name}!"


def add(a, b):
    return f"{a} + {b} = {int(a) + int(b)}"


def _secret():
    return "A name that begins with an underscore is not published."
