"""Nothing to find: a file that is ported, and names that only look like Python 2's."""

from functools import partial, reduce

from mod_python import Cookie, Session, apache, util


def file(name):
    return open(name)


class Table(dict):
    def has_key(self, name):
        return name in self

    def next(self):
        return None


def handler(req, print=print, **more):
    if "Host" in req.headers_in and req.method == "GET":
        req.content_type = "text/plain"
    try:
        table = Table()
        table.has_key("x"), table.next(), file("x"), reduce(lambda a, b: a + b, [1, 2])
    except (KeyError, OSError) as error:
        raise apache.SERVER_RETURN(apache.HTTP_NOT_FOUND) from error
    string = "a string".join(["print x", "except X, e", "it`s", "<>"])
    more["unicode"] = partial(str, 0o755, 0, 00, 0x1F, 1e5, 1_000)
    total = {"long": 1, "file": 2}["long"]
    string.split(","), sorted([1], key=abs), [3].sort(key=lambda x: -x), [3].sort()
    if (total,
            print): return apache.OK
    req.write(f"{string!r} {more['unicode']}" + """
print "not code"
""")
    return apache.DECLINED
