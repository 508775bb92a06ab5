"""The proofs' handler: answers at once, or after so many seconds (`?0.5`)."""

import time

from mod_python import apache


def handler(req):
    if req.args:
        time.sleep(float(req.args))
    req.content_type = "text/plain"
    req.write("Hello World!")
    return apache.OK
