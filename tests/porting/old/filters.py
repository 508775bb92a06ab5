import re, crypt  #! module-going
from types import StringType, ListType  #! types types
from string import join, atoi  #! string string
from os import popen2  #! member
from mod_python import apache
from mod_python import Cookie, cache, httpdconf
import mod_python.python22  #! inside
from mod_python.importer import import_module as cache  #! inside


class Users:
    def has_key(self, name):
        return name == "joe"

    def known(self):
        return self.has_key("joe") or self.users.has_key("ann")  #! has_key


def outputfilter(filter):
    s = filter.read()
    while s:
        filter.write(s.upper().replace("A", "b"))  #! input-bytes
        filter.write(s.decode("utf-8").replace("A", "b"))
        s = filter.read()
    text = filter.read().strip("\n")  #! input-bytes
    if s is None:
        filter.close()


def handler(req):
    data = req.read()
    if data == "" or "x" in data or data.startswith(b"y"):  #! input-bytes input-bytes
        data = re.sub("a", "b", data)  #! input-bytes
    data = data.decode()
    if data == "":
        return apache.DECLINED
    for line in req.readlines():
        if line.startswith("POST "):  #! input-bytes
            users = Users()
    names = users.keys()
    names.sort()  #! view
    first = dict(a=1).values()[0]  #! view
    second = map(str, names)[0]  #! view
    third = req.headers_out.keys()[0] + sorted(names)[0]
    names = sorted(names)
    names.sort()
    for line in open("/etc/passwd").xreadlines():  #! xreadlines
        print >> log, users.has_key(line)  #! print
    rows = filter(lambda (name, count): count, rows)  #! tuple-parameter
    key = lambda row, at=(1, 2): (row, at)
    print(key, file=log)
    return apache.OK
