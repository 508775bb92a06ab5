"""A handler's own 404 page, beside the server's: the manual, section 3.5."""

from mod_python import apache


def handler(req):
    if req.filename[-17:] == "apache-error.html":
        # let the server make the error page
        return apache.HTTP_NOT_FOUND
    if req.filename[-18:] == "handler-error.html":
        # our own error page
        req.status = apache.HTTP_NOT_FOUND
        page = "Page not here. Page left, not know where gone."
    else:
        with open(req.filename) as file:
            page = file.read()
    req.content_type = "text/html"
    req.write(page)
    return apache.OK
