"""Handlers in stacks: the query string says what one of them returns, `one=403`."""

from mod_python import apache

RESULTS = {"OK": apache.OK, "DECLINED": apache.DECLINED, "DONE": apache.DONE}


def make(name, writes):
    def handler(req):
        req.err_headers_out["X-Trail"] = (req.err_headers_out.get("X-Trail", "") + " " + name).strip()
        if writes:
            req.content_type = "text/plain"
            req.write(name + " ", 0)
        wanted, _, result = (req.args or "").partition("=")
        if wanted != name:
            return apache.OK
        return RESULTS[result] if result in RESULTS else int(result)

    return handler


one, two, three = make("one", True), make("two", True), make("three", True)
four, five, six, seven = make("four", False), make("five", False), make("six", False), make("seven", False)
