"""Filters of the live test: such that the real module, which keeps no copy of what they write, sends it as it is."""


def _each(filter, change):
    piece = filter.read()
    while piece:
        filter.write(change(piece))
        piece = filter.read()
    if piece is None:
        filter.close()


def upper(filter):
    _each(filter, bytes.upper)


def head(filter):
    filter.req.headers_out["X-Filter"] = filter.name
    filter.req.content_type = "text/x-filtered"
    filter.pass_on()


def result(filter):
    filter.pass_on()
    return 404
