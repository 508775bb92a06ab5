from types import *
import types, sets  #! module
import StringIO, ConfigParser as config, anydbm  #! module module module
from xmlrpclib import ServerProxy  #! module
from urllib import urlencode, unquote  #! urllib urllib
import cgi  #! cgi
import md5, sha, imp, httplib  #! module module module module
import sys, os, subprocess, time


class Storage(file):  #! builtin
    __metaclass__ = type  #! metaclass

    def __init__(self, name, (low, high)):  #! tuple-parameter
        self.name = name

    def __nonzero__(self):  #! special
        return 1

    def __iter__(self):
        return self

    def next(self):  #! special
        return 1


def by_name(a, b):
    return cmp(a.name, b.name)  #! builtin


def kinds(value, things):
    if isinstance(value, (int, long)) or isinstance(value, basestring):  #! builtin builtin
        print >>sys.stderr, "a number"  #! print
    if type(value) == types.StringType:  #! types
        exec "value = 1"  #! exec
    things.sort(by_name)  #! sort
    sorted(things, cmp=by_name)  #! sort
    names = things.keys().sort()  #! sort
    for number in xrange(10L):  #! builtin long
        print  #! print
    print ("%s") % names  #! print
    apply(by_name, (1, 2))  #! builtin
    execfile("settings.py")  #! builtin
    value.im_func.func_code  #! attribute attribute
    text = ur"caf\u00e9"  #! ur
    data = text.encode("base64").decode('hex')  #! codec codec
    out, err = os.popen2("ls")  #! member
    listing = subprocess.Popen("ls", stdout=subprocess.PIPE).communicate()[0]
    if str(listing) == "x": print "y"  #! str-bytes print
    print cgi.escape(text), time.clock()  #! print member member
    return sys.maxint, dict(a=1).itervalues()  #! member itervalues


def mixed(a):
    if a:
        b = 1
	return b  #! tabs
