"""The requests that every front-end has to answer alike, and the site that they are for."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.http import Answer, chunked, request

# What a handler sees, as JSON. Of the request's headers only those that the test sent.
SEEN = """\
import hashlib, json
from mod_python import apache

HIDDEN = ("host", "connection", "accept-encoding", "user-agent", "content-length", "transfer-encoding", "keep-alive",
          "via", "max-forwards")

def handler(req):
    body = b""
    digest, length = hashlib.sha1(), 0
    while True:
        piece = req.read(65536)
        if not piece:
            break
        digest.update(piece)
        length += len(piece)
    req.add_common_vars()
    env = req.subprocess_env
    seen = {
        "method": req.method, "uri": req.uri, "unparsed_uri": req.unparsed_uri, "args": req.args,
        "path_info": req.path_info, "file": req.filename.rpartition("/htdocs")[2], "protocol": req.protocol,
        "header_only": req.header_only, "the_request": req.the_request, "hostname": req.hostname,
        "length": length, "sha1": digest.hexdigest(), "https": req.is_https(), "user": req.user,
        "ap_auth_type": req.ap_auth_type,
        "password": req.get_basic_auth_pw(), "ip": req.useragent_ip,
        "headers": sorted((k.lower(), v) for k, v in req.headers_in.items()
                          if k.lower() not in HIDDEN and not k.lower().startswith("x-forwarded")),
        "env": {k: env.get(k) for k in ("REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING",
                "SERVER_NAME", "SERVER_PROTOCOL", "REQUEST_SCHEME", "HTTPS", "REMOTE_ADDR", "CONTENT_TYPE",
                "HTTP_PROXY", "DOCUMENT_ROOT", "REMOTE_USER", "AUTH_TYPE")},
    }
    seen["env"]["DOCUMENT_ROOT"] = (seen["env"]["DOCUMENT_ROOT"] or "").rpartition("/")[2]
    req.content_type = "application/json"
    req.write(json.dumps(seen, sort_keys=True, indent=1))
    return apache.OK
"""
# Does what the query says.
ACT = """\
import os, signal, time
from mod_python import apache, util

def handler(req):
    query = dict(pair.partition("=")[::2] for pair in (req.args or "").split("&"))
    act = query.get("do")
    req.content_type = "text/plain"
    if act == "tls":
        names = query["names"].split(",")
        req.write(repr([req.is_https(), req.construct_url("/")] + [req.ssl_var_lookup(name) for name in names]))
    elif act == "status":
        req.status = int(query["is"])
        if req.status not in (204, 304):
            req.write("status %d" % req.status)
    elif act == "return":
        return int(query["is"])
    elif act == "raise":
        raise apache.SERVER_RETURN(int(query["is"]))
    elif act == "fail":
        raise ValueError("on purpose")
    elif act == "redirect":
        util.redirect(req, query["to"], permanent="permanent" in query)
    elif act == "location":
        req.headers_out["Location"] = query["to"]
        return apache.HTTP_MOVED_TEMPORARILY
    elif act == "cookies":
        for name in "abc":
            req.headers_out.add("Set-Cookie", "%s=1; path=/" % name)
        req.headers_out.add("X-Twice", "one")
        req.headers_out.add("X-Twice", "two")
        req.write(req.headers_in.get("Cookie", "none"))
    elif act == "reason":
        req.status_line = "299 Very Good"
        req.status = 299
        req.write("reason")
    elif act == "validators":
        req.headers_out["ETag"] = '"v1"'
        answer = req.meets_conditions()
        if answer != apache.OK:
            return answer
        req.write("valid")
    elif act == "length":
        req.set_content_length(5)
        req.write("12345")
    elif act == "nothing":
        pass
    elif act == "flush":
        for piece in range(5):
            req.write("piece %d\\n" % piece)
            req.flush()
    elif act == "hold":
        # nginx is told not to keep it back.
        req.headers_out["X-Accel-Buffering"] = "no"
        req.write("first\\n")
        req.flush()
        while not os.path.exists(query["until"]):
            time.sleep(0.01)
        req.write("last\\n")
    elif act == "die":
        if "length" in query:
            req.set_content_length(1000)
        req.write("first\\n")
        req.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif act == "large":
        piece = b"0123456789abcdef" * 65536
        for _ in range(int(query["mb"])):
            req.write(piece, 0)
    elif act == "unread":
        req.write("did not read")
    elif act == "header":
        req.headers_out["X-Long"] = "x" * int(query["bytes"])
        req.write("long")
    elif act == "type":
        req.content_type = "text/html; charset=koi8-r"
        req.write(b"\\xf0\\xd2\\xc9\\xd7\\xc5\\xd4")
    elif act == "forever":
        req.log_error("forever begins %s" % query["mark"])
        try:
            for _ in range(20000):
                req.write("y" * 65536)
                req.flush()
        except IOError:
            req.log_error("forever ended %s" % query["mark"])
            raise
    return apache.OK
"""
GATE = """\
from mod_python import apache

def authenhandler(req):
    password = req.get_basic_auth_pw()
    return apache.OK if (req.user, password) == ("spam", "eggs") else apache.HTTP_UNAUTHORIZED
"""
SITE = """\
<VirtualHost {address}>
    ServerName site.test
    DocumentRoot {folder}/htdocs
    Alias /shared/ {folder}/shared/
    Alias /typed/ {folder}/typed/
    Redirect /old /new
    ErrorDocument 404 /missing.html
    {more}
    <Directory />
        AllowOverride None
        Require all granted
    </Directory>
    <Files ".ht*">
        Require all denied
    </Files>
    <Directory {folder}/htdocs>
        AddHandler mod_python .py
        PythonHandler seen
        DirectoryIndex index.html index.py
    </Directory>
    <Directory {folder}/typed>
        ForceType text/x-own
    </Directory>
    <Directory {folder}/htdocs/act>
        PythonHandler act
    </Directory>
    <Directory {folder}/htdocs/guarded>
        AuthType Basic
        AuthName "Guarded"
        PythonAuthenHandler gate
        Require valid-user
    </Directory>
    <Directory {folder}/htdocs/static>
        RemoveHandler .py
    </Directory>
</VirtualHost>
"""
FILES = {
    "htdocs/seen.py": SEEN,
    "htdocs/seen.pyx/x.txt": "x\n",
    "htdocs/act/act.py": ACT,
    "htdocs/act/x.py": "",
    "htdocs/guarded/gate.py": GATE,
    "htdocs/guarded/page.txt": "guarded\n",
    "htdocs/missing.html": "<p>There is no such page.\n",
    "htdocs/plain.txt": "0123456789\n",
    "htdocs/.htsecret": "secret\n",
    "htdocs/with space.txt": "space\n",
    "htdocs/plus+and&.txt": "signs\n",
    "htdocs/gr\u00fc\u00dfe.txt": "Gr\u00fc\u00dfe\n",
    "htdocs/folder/index.html": "<p>index\n",
    "htdocs/python/index.py": "",
    "htdocs/empty/.keep": "",
    "htdocs/static/a.txt": "static file\n",
    "htdocs/static/.hidden": "hidden\n",
    "htdocs/static/deep/b b.txt": "deep\n",
    "htdocs/static/index.html": "<p>static index\n",
    "htdocs/static/code.py": "shown = True\n",
    "shared/c.txt": "shared file\n",
    "typed/c.txt": "typed file\n",
}


@dataclass(frozen=True)
class Case:
    """A request, and what its answer is: the status, and words that the body has."""

    name: str
    data: bytes
    status: int
    words: tuple[bytes, ...] = ()
    method: str = "GET"
    check: Callable[[Answer], bool] = field(default=lambda answer: True, compare=False)


def case(name, target, status=200, *words, method="GET", headers=(), body=b"", version="1.1", check=None) -> Case:
    data = request(method, target, headers, body, version)
    words = tuple(word.encode() if isinstance(word, str) else word for word in words)
    return Case(name, data, status, words, method, check or (lambda answer: True))


def header(name: str, *values: str) -> Callable[[Answer], bool]:
    return lambda answer: tuple(answer.get(name)) == values


def basic(pair: str) -> str:
    return "Authorization: Basic " + base64.b64encode(pair.encode()).decode()


def no_body(answer: Answer) -> bool:
    return answer.body == b""


FORM = "Content-Type: application/x-www-form-urlencoded"
LONG_QUERY = "x=" + "0123456789" * 600
CASES = [
    # Paths.
    case("handler", "/seen.py", 200, '"uri": "/seen.py"', '"path_info": ""'),
    case("path info", "/seen.py/a/b", 200, '"path_info": "/a/b"', '"uri": "/seen.py/a/b"'),
    case("path info with escapes", "/seen.py/a%20b%3Fc", 200, '"path_info": "/a b?c"', "/seen.py/a%20b%3Fc"),
    case("path info with UTF-8", "/seen.py/gr%C3%BC%C3%9Fe", 200, "gr%C3%BC%C3%9Fe", '"path_info": "/gr\\u00fc\\u00dfe"'),
    case("path info with doubled slashes", "/seen.py//a///b", 200, '"unparsed_uri": "/seen.py//a///b"'),
    case("path info with a slash at its end", "/seen.py/a/", 200, '"path_info": "/a/"'),
    case("path info with a plus", "/seen.py/a+b", 200, '"path_info": "/a+b"'),
    case("path info with a semicolon", "/seen.py/a;b=c", 200, '"path_info": "/a;b=c"'),
    case("path info with a colon and an at sign", "/seen.py/a:b@c", 200, '"path_info": "/a:b@c"'),
    case("path info with an escaped percent", "/seen.py/100%25", 200, '"path_info": "/100%"'),
    case("path info with quotes and signs", "/seen.py/~!$&'()*,", 200, "~!$&'()*,"),
    case("encoded slash", "/seen.py/a%2Fb", 404),
    case("doubled slash before the file", "//seen.py", 200, '"unparsed_uri": "//seen.py"', '"uri": "/seen.py"'),
    case("dots", "/folder/../seen.py", 200, '"uri": "/seen.py"'),
    case("dot", "/./seen.py", 200, '"uri": "/seen.py"'),
    case("escaped letter", "/see%6E.py", 200, '"uri": "/seen.py"', '"unparsed_uri": "/see%6E.py"'),
    case("space in a file name", "/with%20space.txt", 200, "space"),
    case("signs in a file name", "/plus+and&.txt", 200, "signs"),
    case("UTF-8 in a file name", "/gr%C3%BC%C3%9Fe.txt", 200, "Gr\u00fc\u00dfe"),
    case("missing file", "/nothing.txt", 404, "There is no such page."),
    case("missing folder", "/no/such/folder/", 404, "There is no such page."),
    case("file as a folder", "/plain.txt/more", 404),
    case("file denied by name", "/.htsecret", 403),
    case("alias", "/typed/c.txt", 200, "typed file", check=header("content-type", "text/x-own")),
    case("redirect of the configuration", "/old/x?y=1", 302, check=lambda a: a.get("location")[0].endswith("/new/x?y=1")),
    # Folders.
    case("index file", "/folder/", 200, "<p>index"),
    case("index handler", "/python/", 200, '"file": "/python/index.py"'),
    case("index handler with a query", "/python/?a=1", 200, '"args": "a=1"'),
    case("folder without its slash", "/folder", 301, check=header("location", "http://site.test/folder/")),
    case("folder without its slash, with a query", "/folder?a=b", 301, check=header("location", "http://site.test/folder/?a=b")),
    case("folder without an index", "/empty/", 403),
    # Queries.
    case("query", "/seen.py?a=1&b=%20c&a=2", 200, '"args": "a=1&b=%20c&a=2"'),
    case("empty query", "/seen.py?", 200, '"unparsed_uri": "/seen.py?"'),
    case("query with a question mark", "/seen.py?a?b", 200, '"args": "a?b"'),
    case("query with a slash and a plus", "/seen.py?p=/a//b&q=1+2", 200, '"args": "p=/a//b&q=1+2"'),
    case("query with UTF-8 escapes", "/seen.py?q=%E2%82%AC%2F%2f", 200, '"args": "q=%E2%82%AC%2F%2f"'),
    case("query with quotes and brackets", "/seen.py?q[]='a'", 200, "q[]='a'"),
    case("long query", "/seen.py?" + LONG_QUERY, 200, LONG_QUERY),
    # Methods.
    case("HEAD of a handler", "/seen.py", 200, method="HEAD", check=no_body),
    case("HEAD of a file", "/plain.txt", 200, method="HEAD", check=header("content-length", "11")),
    case("OPTIONS of a handler", "/seen.py", 200, '"method": "OPTIONS"', method="OPTIONS"),
    case("OPTIONS of a file", "/plain.txt", 200, method="OPTIONS", check=header("allow", "GET,POST,OPTIONS,HEAD")),
    case("PUT", "/seen.py", 200, '"method": "PUT"', '"length": 3', method="PUT", body=b"abc"),
    case("DELETE", "/seen.py", 200, '"method": "DELETE"', method="DELETE"),
    case("PATCH", "/seen.py", 200, '"method": "PATCH"', '"length": 3', method="PATCH", body=b"abc"),
    case("DELETE of a file", "/plain.txt", 405, method="DELETE"),
    case("HTTP/1.0", "/seen.py", 200, '"method": "GET"', version="1.0"),
    # Bodies.
    case("POST", "/seen.py", 200, '"length": 7', method="POST", headers=[FORM], body=b"a=1&b=2"),
    case("POST without a body", "/seen.py", 200, '"length": 0', method="POST", headers=["Content-Length: 0"]),
    case("POST with a query", "/seen.py?q=1", 200, '"args": "q=1"', '"length": 3', method="POST", headers=[FORM], body=b"a=1"),
    case("POST of binary data", "/seen.py", 200, '"length": 256', method="POST", body=bytes(range(256))),
    case("POST of a megabyte", "/seen.py", 200, '"length": 1048576', method="POST", body=b"0123456789abcdef" * 65536),
    case(
        "chunked POST", "/seen.py", 200, '"length": 11', method="POST", headers=[FORM, "Transfer-Encoding: chunked"],
        body=chunked([b"a=1", b"&b=2", b"&c=3"]),
    ),
    case(
        "empty chunked POST", "/seen.py", 200, '"length": 0', method="POST", headers=["Transfer-Encoding: chunked"],
        body=chunked([]),
    ),
    case(
        "chunked POST of a megabyte", "/seen.py", 200, '"length": 1048576', method="POST",
        headers=["Transfer-Encoding: chunked"], body=chunked([b"0123456789abcdef" * 4096] * 16),
    ),
    case("body that the handler does not read", "/act/x.py?do=unread", 200, "did not read", method="POST", body=b"x" * 300000),
    case("POST to a file", "/plain.txt", 200, "0123456789", method="POST", body=b"a=1"),
    # Headers.
    case("cookie of the client", "/seen.py", 200, '"a=1; b=2"', headers=["Cookie: a=1; b=2"]),
    case("header of the client", "/seen.py", 200, '"x-own"', '"some value"', headers=["X-Own: some value"]),
    case("empty header of the client", "/seen.py", 200, headers=["X-Empty:"]),
    case("UTF-8 in a header of the client", "/seen.py", 200, headers=["X-Name: Gr\u00fc\u00dfe"]),
    case("long header of the client", "/seen.py", 200, "y" * 4000, headers=["X-Long: " + "y" * 4000]),
    case("many headers of the client", "/seen.py", 200, '"x-40"', headers=[f"X-{n}: {n}" for n in range(60)]),
    case("type of a body", "/seen.py", 200, '"text/x-own"', method="POST", headers=["Content-Type: text/x-own"], body=b"a"),
    case("Proxy header never becomes HTTP_PROXY", "/seen.py", 200, '"HTTP_PROXY": null', headers=["Proxy: http://evil"]),
    case(
        "repeated headers", "/act/x.py?do=cookies", 200, "none",
        check=lambda a: a.get("set-cookie") == [f"{c}=1; path=/" for c in "abc"] and ", ".join(a.get("x-twice")) == "one, two",
    ),
    case("long header of the answer", "/act/x.py?do=header&bytes=3000", 200, "long", check=header("x-long", "x" * 3000)),
    case("type and charset of the answer", "/act/x.py?do=type", 200, b"\xf0\xd2", check=header("content-type", "text/html; charset=koi8-r")),
    # Who it is.
    case("user and password", "/seen.py", 200, basic("spam:eggs").partition(" ")[2], headers=[basic("spam:eggs")]),
    case("other authorization", "/seen.py", 200, '"Bearer abc.def"', headers=["Authorization: Bearer abc.def"]),
    case("password asked for", "/guarded/page.txt", 401, check=header("www-authenticate", 'Basic realm="Guarded"')),
    case("wrong password", "/guarded/page.txt", 401, headers=[basic("spam:spam")]),
    case("right password", "/guarded/page.txt", 200, "guarded", headers=[basic("spam:eggs")]),
    # Answers.
    case("204", "/act/x.py?do=status&is=204", 204, check=no_body),
    case("304", "/act/x.py?do=status&is=304", 304, check=no_body),
    case("201", "/act/x.py?do=status&is=201", 201, "status 201"),
    case("402", "/act/x.py?do=status&is=402", 402, "status 402"),
    case("503", "/act/x.py?do=status&is=503", 503, "status 503"),
    case("status of an interim answer", "/act/x.py?do=status&is=100", 500, "status 100"),
    case("404 returned", "/act/x.py?do=return&is=404", 404, "There is no such page."),
    case("403 raised", "/act/x.py?do=raise&is=403", 403, "Forbidden"),
    case("exception", "/act/x.py?do=fail", 500, "Internal Server Error"),
    case("redirect", "/act/x.py?do=redirect&to=/seen.py", 302, check=lambda a: a.get("location")[0].endswith("/seen.py")),
    case("redirect for good", "/act/x.py?do=redirect&permanent=1&to=http://other.test/", 301, check=header("location", "http://other.test/")),
    case("Location that is a path", "/act/x.py?do=location&to=/seen.py", 302, check=lambda a: a.get("location")[0].endswith("/seen.py")),
    case("no content", "/act/x.py?do=nothing", 200, check=no_body),
    case("pieces", "/act/x.py?do=flush", 200, "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n"),
    case("length", "/act/x.py?do=length", 200, "12345", check=header("content-length", "5")),
    case("HEAD with a length", "/act/x.py?do=length", 200, method="HEAD", check=no_body),
    case("three megabytes", "/act/x.py?do=large&mb=3", 200, check=lambda a: len(a.body) == 3 << 20),
    # Conditions and ranges.
    case("validator", "/act/x.py?do=validators", 200, "valid", check=header("etag", '"v1"')),
    case("validator that holds", "/act/x.py?do=validators", 304, headers=['If-None-Match: "v1"'], check=no_body),
    case("validator that doesn't", "/act/x.py?do=validators", 200, "valid", headers=['If-None-Match: "v0"']),
    case("file not changed since", "/plain.txt", 304, headers=["If-Modified-Since: Wed, 01 Jan 2025 00:00:00 GMT"], check=no_body),
    case("file changed since", "/plain.txt", 200, headers=["If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT"]),
    case("range", "/plain.txt", 206, "234", headers=["Range: bytes=2-4"], check=header("content-range", "bytes 2-4/11")),
    case("range to the end", "/plain.txt", 206, "89", headers=["Range: bytes=8-"], check=header("content-range", "bytes 8-10/11")),
    case("range that is not there", "/plain.txt", 416, headers=["Range: bytes=99-"]),
    case("two ranges", "/plain.txt", 206, "Content-range: bytes 0-0/11", "bytes 4-5/11", headers=["Range: bytes=0-0,4-5"]),
]  # fmt: skip
