"""Request ids, and error lines as objects."""

import json
import re

from tests.support.cycle import Site

CONFIG = "<Directory ROOT>\nSetHandler mod_python\nPythonHandler site_handler\nPythonDebug Off\n</Directory>\n"
HANDLER = """\
from mod_python import apache

def handler(req):
    what = req.args
    if what == "env":
        req.write(req.subprocess_env["UNIQUE_ID"] + " " + req.subprocess_env.get("UNIQUE_ID"))
    elif what == "none":
        req.write(repr(req.subprocess_env.items()))
    elif what == "to":
        req.log_error("before")
        req.internal_redirect("/y.py?env")
    else:
        req.log_error("said")
        req.write(req.subprocess_env["UNIQUE_ID"])
    return apache.OK
"""


def site(tmp_path, more=""):
    return Site(tmp_path, CONFIG + more, site_handler=HANDLER)


def test_a_request_has_an_id_of_its_own_and_the_same_all_along(tmp_path):
    one, two = (site(tmp_path).get("/x.py?env").body.split() for _ in range(2))
    assert one[0] == one[1]
    assert one[0] != two[0]
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", one[0])


def test_the_front_ends_id_is_taken(tmp_path):
    here = site(tmp_path)
    assert here.get("/x.py?env", UNIQUE_ID="Zx@1").body == "Zx@1 Zx@1"
    assert here.get("/x.py?env", HTTP_X_REQUEST_ID="abc-1").body == "abc-1 abc-1"
    assert here.get("/x.py?env", HTTP_X_REQUEST_ID="abc-1", UNIQUE_ID="Zx").body == "Zx Zx"


def test_an_id_that_would_garble_the_log_is_not_taken(tmp_path):
    for wrong in ("a b", 'a"', "a\n", "x" * 129):
        assert wrong not in site(tmp_path).get("/x.py?env", HTTP_X_REQUEST_ID=wrong).body


def test_the_environment_shows_it_only_when_it_was_sent_or_looked_up(tmp_path):
    here = site(tmp_path)
    assert here.get("/x.py?none").body == "[]"
    assert here.get("/x.py?none", UNIQUE_ID="Zx").body == "[('UNIQUE_ID', 'Zx')]"


def test_it_is_the_same_after_an_internal_redirect_and_in_the_log(tmp_path):
    here = site(tmp_path, 'ErrorLogFormat "%L %M"\n')
    body = here.get("/x.py?to").body.split()[0]
    assert here.log() == f"{body} before\n"


def test_lines_are_objects_by_option(tmp_path):
    here = site(tmp_path, "ErrorLogFormat json\n")
    identity = here.get("/x.py", REQUEST_METHOD="POST", REMOTE_ADDR="192.0.2.7").body
    (line,) = here.log().splitlines()
    said = json.loads(line)
    assert {name: said[name] for name in ("level", "pool", "client", "request_id", "method", "uri", "message")} == {
        "level": "error", "pool": "localhost", "client": "192.0.2.7", "request_id": identity, "method": "POST",
        "uri": "/x.py", "message": "said",
    }  # fmt: skip
    assert said["time"].endswith("+00:00")


def test_what_is_no_text_and_what_ends_a_line_stay_inside_their_object(tmp_path):
    here = site(tmp_path, "ErrorLogFormat json\n")
    here.services.log(3, 'a "quoted"\nline \udcff é', here.services.main_server)
    (line,) = here.log_file.read_bytes().splitlines()
    assert json.loads(line)["message"] == 'a "quoted"\nline \udcff é'
