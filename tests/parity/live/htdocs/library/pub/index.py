"""The publisher's folder."""

import os

from mod_python import apache


def index(req):
    return "index of %s" % req.uri


def hello(req, name="World"):
    return "Hello %s!" % (name if isinstance(name, str) else name.decode())


def both(first, second="two"):
    return "%s %s" % (first, second)


def everything(req, **fields):
    return sorted(fields)


def page():
    return "<html><body>page</body></html>\n"


def nothing():
    return None


def written(req):
    req.content_type = "text/css"
    req.write("written ")
    return "and returned"


def status(req):
    req.status = 404
    return "own page"


def numbers():
    return [1, 2.5, {"a": None}]


def _private():
    return "private"


class Thing:
    value = "class value"
    number = 7

    def __init__(self):
        self.own = "instance value"
        self.inner = Inner()

    def method(self, req, long_name="none"):
        return "method %s" % long_name

    def __call__(self, req):
        return "called"


class Inner:
    text = "inner text"

    def __str__(self):
        return "inner as text"

    def deep(self):
        return "deep"


class Maker:
    def __init__(self, req):
        self.uri = req.uri

    def __str__(self):
        return "made for %s" % self.uri


thing = Thing()
plain = Inner()
string = "a string"
number = 42
floating = 1.5
mapping = {"key": "value"}
sequence = [1, 2]
nobody = None
unwritable = lambda: 1 / 0
octets = b"bytes"
several = (1, 2)
some = {1}
frozen = frozenset([1])
dots = ...
truth = True
imaginary = 1j
span = range(3)
view = memoryview(b"x")
array = bytearray(b"x")
unimplemented = NotImplemented
builtin = len
slot = Inner.__str__


def decorated():
    return "decorated"


decorated.attribute = "attribute of a function"
bound = thing.method
static = staticmethod(decorated)


def refuses(req):
    raise apache.SERVER_RETURN(apache.HTTP_METHOD_NOT_ALLOWED)
