# A handler as they were written for mod_python 3.2. "#! pattern" names what is to be found on a line.
from mod_python import apache, util, Session
from mod_python import mp_version
import string, os, base64, cPickle  #! module
import urllib, urllib2  #! module
import _apache  #! _apache

hits = 0
USERS = cPickle.load(file("/srv/users.pickle"))  #! builtin


def handler(req):
    global hits  #! global
    hits += 1
    req.add_common_vars()
    req._user = req.__dict__  #! own-attribute
    os.environ.update(req.subprocess_env)  #! environ
    if req.headers_in.has_key("Authorization"):  #! has_key
        try:
            credentials = base64.decodestring(req.headers_in["Authorization"][6:])  #! member
        except (TypeError, ValueError), e:  #! except
            raise apache.SERVER_RETURN, apache.HTTP_BAD_REQUEST  #! raise
        user, password = string.split(credentials, ":", 1)  #! string
        if USERS.has_key(user) and USERS[user] <> password:  #! has_key <>
            return apache.SERVER_RETURN  #! return-SERVER_RETURN
    form = util.FieldStorage(req)
    for name, value in form.iteritems():  #! iteritems
        print name, `value`  #! print backticks
    name = form["name"].decode("utf-8")  #! form-text
    first = unicode(form.getfirst("first", ""), "utf-8")  #! builtin
    text = str(form["text"], "utf-8")  #! str-encoding
    if req.connection.remote_ip == "127.0.0.1":  #! remote_ip
        os.chmod("/tmp/x", 0755)  #! octal
    if req.method == b"POST" or req.headers_in[b"Host"] == "x":  #! bytes-header bytes-header
        raise "no posts"  #! raise
    req.content_type = "text/html"
    req.write("<p>%s</p>" % urllib.quote(name))  #! urllib
    req.headers_out["X-Late"] = "yes"  #! late-header
    if first:
        req.status = apache.HTTP_NOT_FOUND  #! late-header
    return apache.OK


def quiet(req):
    if req.args:
        req.write("early")
        return apache.OK
    req.content_type = "text/plain"
    req.write("queued", 0)
    req.headers_out["X-In-Time"] = "yes"
    return apache.OK
