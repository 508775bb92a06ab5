"""Who may come in: the authentication handler of the manual, section 3.4."""

from mod_python import apache


def authenhandler(req):
    pw = req.get_basic_auth_pw()  # first the password: only then is the name known
    user = req.user
    if user == "spam" and pw == "eggs":
        return apache.OK
    return apache.HTTP_UNAUTHORIZED
