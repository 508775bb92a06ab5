"""A folder behind a password that a handler knows: the authentication example of the manual (3.4)."""

import requests

GATE = """\
from mod_python import apache

def authenhandler(req):
    pw = req.get_basic_auth_pw()
    user = req.user
    if user == "spam" and pw == "eggs":
        req.subprocess_env["SHOP"] = "cheese"
        return apache.OK
    else:
        return apache.HTTP_UNAUTHORIZED
"""


def check_guarded(port):
    """Ask without, with a wrong and with the right password; the last response."""
    session = requests.Session()
    session.trust_env = False
    url = f"http://127.0.0.1:{port}/secret/page.txt"
    denied = session.get(url, timeout=20)
    assert (denied.status_code, denied.headers["WWW-Authenticate"]) == (401, 'Basic realm="Restricted Area"')
    assert "the file" not in denied.text
    assert session.get(url, auth=("spam", "wrong"), timeout=20).status_code == 401
    answer = session.get(url, auth=("spam", "eggs"), timeout=20)
    assert (answer.status_code, answer.text) == (200, "the file\n")
    assert answer.headers["Content-Type"].startswith("text/plain")
    return session, answer
