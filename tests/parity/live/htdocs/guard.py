from mod_python import apache


def authenhandler(req):
    password = req.get_basic_auth_pw()
    if password == "eggs":
        return apache.OK
    if password == "other":
        req.user = "renamed"
        return apache.OK
    if password == "declined":
        return apache.DECLINED
    return apache.HTTP_UNAUTHORIZED


def authzhandler(req):
    return apache.HTTP_FORBIDDEN if req.user == "joe" else apache.OK
