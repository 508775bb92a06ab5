"""The requests of test_live.py, by name; `live/` has the handlers that answer them."""

from __future__ import annotations

from base64 import b64encode
from typing import NamedTuple
from urllib.parse import quote

from tests.parity.live_expressions import (
    CONFIG,
    CONNECTION,
    FINFO,
    MEMBERS,
    ODD,
    RESTORED,
    SERVER,
    SETTABLE,
    TABLE,
    VALUES,
    WRONG,
)


class Request(NamedTuple):
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


def evaluated(*expressions: str, path: str = "/x", **more) -> Request:
    return Request(f"{path}?expr&{quote('|'.join(expressions))}", **more)


def calling(name: str, argument: str = "", path: str = "/x", **more) -> Request:
    return Request(f"{path}?{name}&{quote(argument)}", **more)


def phase(what: str, path: str = "/phases/plain/x.unknown") -> Request:
    return Request(path, headers=(("X-Do", what),))


def with_password(user: str, password: str, path: str = "/auth/x?expr&req.user|req.ap_auth_type") -> Request:
    token = b64encode(f"{user}:{password}".encode()).decode()
    return Request(path, headers=(("Authorization", f"Basic {token}"),))


def posting(expressions: str, body: bytes, content_type: str = "text/plain") -> Request:
    return calling("read", expressions, method="POST", body=body, headers=(("Content-Type", content_type),))


PHASES = ("post", "trans", "header", "access", "type", "fixup", "content", "log")
OUTCOMES = ("OK", "DECLINED", "DONE", "200", "302", "401", "500", "99", "write:OK", "write:DECLINED", "write:DONE",
            "write:404", "write:raise:x")  # fmt: skip
STATUSES = (
    200, 201, 202, 204, 205, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 402, 406, 407, 408, 410, 412, 413, 414, 415,
    416, 417, 421, 422, 423, 424, 426, 428, 429, 431, 451, 500, 501, 502, 504, 505, 506, 507, 508, 510, 511, 520, 600, -5,
)  # fmt: skip

REQUESTS = {
    "members": evaluated(*MEMBERS),
    "members of a post": evaluated(*MEMBERS, method="POST", body=b"abc"),
    "members of a head": evaluated(*MEMBERS, method="HEAD"),
    "members with path info": evaluated(*MEMBERS, path="/live.py/more/info"),
    "members of a folder": evaluated(*MEMBERS, path="/sub/deeper/"),
    "a uri in utf-8": evaluated("req.uri", "req.filename[-5:]", "req.unparsed_uri", path="/caf%C3%A9"),
    "a uri with escapes": evaluated("req.uri", "req.unparsed_uri", "req.parsed_uri", path="/a%20b%3Bc//d/./e"),
    "no query": Request("/x"),
    "an empty query": Request("/x?"),
    "an unknown method": Request("/x", method="FROB"),
    "table": evaluated(*TABLE),
    "server": evaluated(*SERVER),
    "connection": evaluated(*CONNECTION),
    "finfo": evaluated(*FINFO, path="/live.py"),
    "finfo of a missing file": evaluated(*FINFO),
    "finfo of a folder": evaluated(*FINFO, path="/sub/deeper/"),
    "wrong arguments": evaluated(*WRONG),
    "headers in": evaluated(
        "req.headers_in['x-one']", "req.headers_in.get('X-None')", "req.headers_in['X-None']", "'X-ONE' in req.headers_in",
        "req.headers_in['Cookie']", "req.headers_in['X-Empty']", headers=(("X-One", "1"), ("Cookie", "a=b; c=d"), ("X-Empty", "")),
    ),
    "the modules' functions": evaluated(
        "util.parse_qs('aaaa=1111&bbbb=2222&aaaa=3333')", "util.parse_qsl('aaaa=1111&bbbb=2222', 1)", "apache.OK",
        "apache.DECLINED", "apache.DONE", "apache.HTTP_NOT_FOUND", "apache.M_POST", "apache.REMOTE_NOLOOKUP",
        "apache.APLOG_NOTICE", "apache.AP_REQ_ACCEPT_PATH_INFO", "apache.build_cgi_env(req)['GATEWAY_INTERFACE']",
    ),
    "cgi variables": calling("env", path="/live.py/info"),
    "cgi variables of a post": calling(
        "env", "a b", method="POST", body=b"x=1", headers=(("Content-Type", "application/x-www-form-urlencoded"),)
    ),
    # results
    "ok": calling("return", "apache.OK"),
    "declined": calling("return", "apache.DECLINED"),
    "declined with a file": calling("return", "apache.DECLINED", path="/files/../sub/deeper/keep.txt"),
    "done": calling("return", "apache.DONE"),
    "not found": calling("return", "404"),
    "forbidden": calling("return", "apache.HTTP_FORBIDDEN"),
    "unauthorized": calling("return", "401"),
    "method not allowed": calling("return", "405"),
    "service unavailable": calling("return", "503"),
    "no content": calling("return", "204"),
    "not modified": calling("return", "304"),
    "http ok": calling("return", "200"),
    "a number that is no status": calling("return", "42"),
    "a status without meaning": calling("return", "599"),
    "teapot": calling("return", "418"),
    "none": calling("return", "None"),
    "none without debug": calling("return", "None", path="/debugoff/x"),
    "a string": calling("return", "'OK'"),
    "true": calling("return", "True"),
    "the class itself": calling("return", "apache.SERVER_RETURN"),
    "error document by uri": calling("return", "410"),
    "error document by text": calling("return", "409"),
    "server return": calling("raise", "apache.SERVER_RETURN(apache.HTTP_GONE)", path="/debugoff/x"),
    "server return ok": calling("raise", "apache.SERVER_RETURN(apache.OK)"),
    "server return with a status": calling("raise", "apache.SERVER_RETURN(apache.OK, 202)"),
        "server return of a string": calling("raise", "apache.SERVER_RETURN('x')"),
    "an exception": calling("raise", "ValueError('on <purpose>')"),
    "an exception without debug": calling("raise", "ValueError('on <purpose>')", path="/debugoff/x"),
    "an exception in an exception": calling("nested"),
    "exit": calling("raise", "SystemExit(3)"),
    "a syntax error in the query": calling("return", "1 +"),
    "an unknown function": calling("nonesuch"),
    "written before an error": calling("written", "0,404"),
    "sent before an error": calling("written", "1,404"),
    "written before ok": calling("written", "0,0"),
    "written before done": calling("written", "0,-2"),
    "written before declined": calling("written", "0,-1"),
    "written before an exception": calling("written_raise", "0"),
    "sent before an exception": calling("written_raise", "1"),
    # responses
    "status 404 and a body": calling("status", "404"),
    "status 201": calling("status", "201"),
    "status 299": calling("status", "299"),
    "status 299 with words": calling("status", "299,299 My Own"),
    "status 204 and a body": calling("status", "204"),
    "status 500": calling("status", "500"),
    "headers": calling("headers"),
    "headers of head": calling("headers", method="HEAD"),
    "sendfile": calling("sendfile"),
    "sendfile from an offset, some bytes": calling("sendfile", "7,4"),
    "content length": calling("length"),
    "large": calling("large", "3000"),
    "large by head": calling("large", "3000", method="HEAD"),
    "fresh": calling("conditions"),
    "not modified since": calling(
        "conditions", headers=(("If-Modified-Since", "Sun, 09 Sep 2001 01:46:40 GMT"),)
    ),
    "modified since": calling("conditions", headers=(("If-Modified-Since", "Sat, 08 Sep 2001 01:46:40 GMT"),)),
    "unmodified since": calling("conditions", headers=(("If-Unmodified-Since", "Sat, 08 Sep 2001 01:46:40 GMT"),)),
    # reading
    "read all": posting("req.read()|req.read()|req.read_length|req.remaining", b"a\nb\n\xff\x00c"),
    "read pieces": posting("req.read(3)|req.read(0)|req.read(2)|req.read(100)|req.read(5)", b"0123456789"),
    "readline": posting("req.readline()|req.readline(2)|req.readline()|req.readline()|req.readline()", b"one\ntwo\nthree"),
    "readlines": posting("req.readlines()|req.readlines()", b"one\n\ntwo\r\nthree"),
    "readlines with a hint": posting("req.readlines(5)|req.read()", b"one\ntwo\nthree\nfour\n"),
    "read and readline": posting("req.read(2)|req.readline()|req.read()", b"one\ntwo\nthree"),
    "discard": posting("req.discard_request_body()|req.read()", b"one\ntwo"),
    "discard and then": posting("req.discard_request_body()|req.read()|req.remaining", b"one\ntwo"),
    "read odd sizes": posting("req.read(None)|req.readline(None)|req.readlines(None)|req.read(2.5)|req.read(True)", b"one"),
    "read beyond": posting("req.read(5)|req.read(5)|req.remaining|req.read_length|req.readlines(-1)", b"one\ntwo\nthree"),
    "no body": posting("req.read()|req.readline()|req.readlines()", b""),
    "a body that is not read": calling("return", "0", method="POST", body=b"x" * 100000),
    "a form's names": calling("form", "name=value&other="),
    # redirects
    "internal redirect": calling("internal", "/y?target"),
    "internal redirect of a post": calling("internal", "/y?target&a", method="POST", body=b"abc"),
    "internal redirect to a file": calling("internal", "/files/a.txt"),
    "internal redirect to nothing": calling("internal", "/files/none"),
    "internal redirect to an error": calling("internal", "/y?return&403"),
    "internal redirect without a slash": calling("internal", "y?target"),
    "internal redirect to a folder": calling("internal", "/index/"),
    "location": calling("location", "http://other.test/y"),
    "location by err_headers_out": calling("err_location", "/y"),
    "internal redirect with a status": calling("internal_status", "/y?target"),
    "internal redirect with a status to a file": calling("internal_status", "/files/a.txt"),
    "internal redirect of a redirect": calling("internal", "/x?internal&/y?target"),
    "internal redirect with escapes": calling("internal", "/a%20b?target&c%20d"),
    "internal redirect with a fragment": calling("internal", "/y?target#part"),
    "internal redirect to a full address": calling("internal", "http://live.test/y?target"),
    "internal redirect to nowhere": calling("internal", ""),
    "internal redirect to an index": calling("internal", "/index/?q"),
    "internal redirect to a document": calling("internal", "/documents/x?return&404"),
    "internal redirect to another server": calling("internal", "/old/x"),
    **{path: Request(path) for path in ("/alias/a.txt", "/alias/none", "/old", "/old/x?y", "/oldx", "/match/x?q", "/gone/x")},
    **{
        f"{status} {how} of documents": calling(name, f"{prefix}{status}", path="/documents/x", **more)
        for status in (400, 401, 402, 403, 404, 405, 409, 410, 418, 500, 503)
        for how, name, prefix, more in (
            ("returned", "return", "", {}),
            ("returned by head", "return", "", {"method": "HEAD"}),
            ("returned by post", "return", "", {"method": "POST", "body": b"abc"}),
            ("after writing", "written", "0,", {}),
            ("after sending", "written", "1,", {}),
        )
    },
    "index with a query": Request("/index/?q=1&x"),
    "index by head": Request("/index/", method="HEAD"),
    "index by post": Request("/index/", method="POST", body=b"x"),
    **{
        f"{name} of a stack says {result}": Request(f"/stack/x?{name}={result}")
        for name in ("one", "two", "three", "four", "five", "six", "seven")
        for result in ("OK", "DECLINED", "DONE", "403", "200", "302")
        # A content handler that declines ends the real module's stack (manual 5.1.11 says otherwise).
        if result != "DECLINED" or name not in ("one", "two", "three")
    },
    # phases
    "all phases": Request("/phases/plain/x.unknown"),
    "all phases of a known type": Request("/phases/plain/keep.txt"),
    "all phases of a head": Request("/phases/x", method="HEAD"),
    "trans says done": phase("trans=DONE"),
    "post says 403": phase("post=403"),
    "header says done": phase("header=write:DONE"),
    "header says 404": phase("header=404"),
    "access says declined": phase("access=DECLINED"),
    "access says 403": phase("access=403"),
    "access writes": phase("access=write:OK"),
    "access writes and is done": phase("access=write:DONE"),
    "access raises": phase("access=raise:in access"),
    "type says ok": phase("type=OK"),
    "type says 415": phase("type=415"),
    "fixup says declined": phase("fixup=DECLINED"),
    "fixup says 302": phase("fixup=302"),
    "fixup raises": phase("fixup=raise:in fixup"),
    "content says declined": phase("content=DECLINED"),
    "content raises": phase("content=raise:in content"),
    "log raises": phase("log=raise:in log"),
    "an added content handler": calling("add", "PythonHandler"),
    "an added log handler": calling("add", "PythonLogHandler"),
    "an added handler of a past phase": calling("add", "PythonFixupHandler"),
    "an added handler of no phase": calling("add", "PythonNothing"),
    "cleanups": calling("cleanup"),
    "cleanups ran": calling("seen"),
    # auth
    "no password": Request("/auth/x"),
    "a good password": with_password("spam", "eggs"),
    "a bad password": with_password("spam", "bad"),
    "a user renamed": with_password("spam", "other"),
    "nobody decides": with_password("spam", "declined"),
    "authz forbids": with_password("joe", "eggs"),
    "a password with colons": with_password("spam", "eg:gs"),
    "another scheme": Request("/auth/x", headers=(("Authorization", "Digest username=x"),)),
    **{
        f"{credentials!r} as credentials of {path}": Request(path, headers=(("Authorization", credentials),))
        for credentials in ("Basic", "Basic ", "basic", "Bearer", "")
        for path in ("/auth/x", "/accounts/plain/a.txt", "/accounts/kept/a.txt")
    },
    "a realm with quotes": with_password("spam", "eggs", "/quoted/x?expr&req.auth_name()"),
    "nobody in a realm with quotes": Request("/quoted/x"),
    "garbage as password": Request("/auth/x", headers=(("Authorization", "Basic !!!"),)),
    "auth_name and auth_type": with_password("spam", "eggs", "/auth/x?expr&req.auth_name()|req.auth_type()"),
    **{
        f"{user or 'nobody'} with {password} in accounts/{folder}": (
            with_password(user, password, f"/accounts/{folder}/a.txt")
            if user
            else Request(f"/accounts/{folder}/a.txt")
        )
        for folder in ("plain", "group", "user", "lax", "denied", "ip", "either", "all", "none", "kept", "methods")
        for user, password in (
            ("", "none"), ("spam", "eggs"), ("joe", "eggs"), ("ann", "eggs"), ("spam", "bad"), ("who", "eggs"), ("ann", ""),
        )
    },
    "a post by ann": with_password("ann", "eggs", "/accounts/methods/a.txt")._replace(method="POST", body=b"x"),
    "a post by joe": with_password("joe", "eggs", "/accounts/methods/a.txt")._replace(method="POST", body=b"x"),
    # options, interpreters, places
    "options of the root": evaluated(*CONFIG),
    "options of a folder": evaluated(*CONFIG, path="/sub/x"),
    "options of a file": evaluated(*CONFIG, path="/sub/special.x"),
    "options of a location": evaluated(*CONFIG, path="/sub/loc/x"),
    "options without debug": evaluated(*CONFIG, path="/debugoff/x"),
    "interpreter per directory": evaluated(*CONFIG, path="/perdir/x"),
    "changes of an early phase": evaluated("req.early", "req.notes['early']", path="/perdir/x"),
    "changes of an early phase before a body is read": evaluated(
        "req.early", "req.read()", path="/named/x", method="POST", body=b"body"
    ),
    "interpreter per inner directory": evaluated(*CONFIG, path="/perdir/inner/x"),
    "interpreter per directive": evaluated(*CONFIG, path="/perdirective/x"),
    "interpreter by name": evaluated(*CONFIG, path="/named/x"),
    "a location": Request("/loc/more"),
    "a location itself": Request("/loc"),
    "a location by expression": Request("/m12/more"),
    "an extension": Request("/ext/x.txt"),
    "an extension in capitals": Request("/ext/x.TXT"),
    "another extension": Request("/ext/x.up"),
    "an extension without handler": Request("/ext/x.none"),
    "the handler list": evaluated("req.hlist.handler", "req.hlist.directory == root + '/'", "req.hlist.silent", "req.hlist.is_location"),
    # files
    "a file": Request("/files/a.txt"),
    "a file by head": Request("/files/a.txt", method="HEAD"),
    "a part of a file": Request("/files/a.txt", headers=(("Range", "bytes=2-5"),)),
    "a part beyond a file": Request("/files/a.txt", headers=(("Range", "bytes=900-"),)),
    "a file with path info": Request("/files/a.txt/more"),
    "a file by post": Request("/files/a.txt", method="POST", body=b"x"),
    "a file by delete": Request("/files/a.txt", method="DELETE"),
    "a file's options": Request("/files/a.txt", method="OPTIONS"),
    "a missing file": Request("/files/none"),
    "an index file": Request("/files/"),
    "a folder without slash": Request("/files"),
    "a file that changed before a day to come": Request(
        "/files/a.txt", headers=(("If-Modified-Since", "Fri, 31 Dec 2099 00:00:00 GMT"),)
    ),
    "the end of a file": Request("/files/a.txt", headers=(("Range", "bytes=-3"),)),
    "a range that is none": Request("/files/a.txt", headers=(("Range", "bytes=x"),)),
    "a slash that is escaped": Request("/a%2fb"),
    "slashes that are double": evaluated("req.uri", "req.unparsed_uri", "req.filename[-3:]", path="//x//y"),
    "a put": Request("/x", method="PUT", body=b"abc"),
    "a file by put": Request("/files/a.txt", method="PUT", body=b"abc"),
    "a file by propfind": Request("/files/a.txt", method="PROPFIND"),
    "a handler's options": Request("/x", method="OPTIONS"),
    "no password by head": Request("/auth/x", method="HEAD"),
    **{f"odd {name}": evaluated(*expressions) for name, expressions in ODD.items()},
    **{f"{status} returned": calling("return", str(status)) for status in STATUSES},
    **{f"{status} set": calling("status", str(status)) for status in STATUSES},
    **{
        f"{name} set to anything": evaluated(
            *(text for value in VALUES for text in (f"req.__setattr__('{name}', {value})", f"req.{name}")), *RESTORED
        )
        for name in SETTABLE
    },
    **{
        f"{name} says {outcome}, for a {kind}": phase(f"{name}={outcome}", path)
        for name in PHASES
        for outcome in OUTCOMES
        for kind, path in (("handler", "/phases/plain/x.unknown"), ("file", "/phases/keep.txt"))
    },
}  # fmt: skip
