"""A page as a template (manual 4.9): the handler finds the values, template.html says how they look."""

from mod_python import apache, psp


def handler(req):
    req.content_type = "text/html; charset=utf-8"
    template = psp.PSP(req, filename="template.html")
    template.run({"what": "world"})
    return apache.OK
