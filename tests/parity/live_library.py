"""Requests of test_live.py for what stands on top of the request: forms, cookies, sessions, PSP, publisher, CGI, SSI, WSGI.

What the real module does otherwise by a defect (docs/differences.md) is left out, or compared as text.
"""

from __future__ import annotations

from urllib.parse import quote

from tests.parity.live_requests import Request

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=BOUND"


def at(path: str, **more) -> Request:
    return Request(f"/library/{path}", **more)


def evaluated(*expressions: str, query: str = "", kind: str = "", headers: tuple = (), **more) -> Request:
    sent = (("X-Expressions", quote("|".join(expressions))), *headers, *((("Content-Type", kind),) if kind else ()))
    return at(f"x{query}", headers=sent, **more)


def form(*expressions: str, **more) -> Request:
    return evaluated("!f = util.FieldStorage(req, keep_blank_values=1)", *expressions, **more)


def multipart(*parts: tuple[str, str]) -> bytes:
    return "".join(f"--BOUND\r\n{head}\r\n\r\n{body}\r\n" for head, body in parts).encode() + b"--BOUND--\r\n"


def posted(path: str, body: bytes, kind: str = URLENCODED) -> Request:
    return at(path, method="POST", body=body, headers=(("Content-Type", kind),))


def session(kind: str, *expressions: str, **more) -> Request:
    return evaluated(f"!s = Session.{kind}(req, lock=0)", *expressions, **more)


DICTIONARY = (
    "text(f.keys())", "text(f.list)", "len(f)", "f.has_key('first')", "'first' in f", "'none' in f", "text(f.getfirst('first'))",
    "text(f.getlist('first'))", "f.getfirst('none')", "f.getfirst('none', 'd')", "f.getlist('none')", "f['none']",
    "text(f.get('first', None))", "f.get('none', 5)", "text(f['first'])", "text(sorted(f.items()))", "text(list(f))",
    "text([field.name for field in f.list])", "[field.filename for field in f.list]", "f.nothing",
)  # fmt: skip
# The real module's names are bytes in a urlencoded body, so that they are found by no str.
TEXTS = tuple(expression for expression in DICTIONARY if "'" not in expression or "none" in expression)
PARTS = (
    "text(f.list)", "[(field.type, field.disposition, field.filename) for field in f.list]",
    "[text(field.type_options) for field in f.list]", "[text(field.disposition_options) for field in f.list]",
    "[type(field).__name__ for field in f.list]", "[hasattr(field, 'file') for field in f.list]",
    "text([field.value for field in f.list])", "[sorted(field.headers) for field in f.list]",
)  # fmt: skip
QUERIES = (
    "", "name", "name=", "=value", "name=1&name=2", "name=a+b%20c%2Bd", "name=1;other=2", "name=a=b", "name=%zz", "name=%4",
    "&&name=1&", "name=%C3%A9", "name=1&other=&third",
)  # fmt: skip
# Without locks, and no FileSession, which always takes one: the real module has none where there is one process, and dies.
SESSION = (
    "s.is_new()", "len(s.id())", "s.timeout()", "s.created() > 1e9", "s.last_accessed() > 1e9", "type(s).__name__", "len(s)",
    "s.load()", "!s['a'] = [1, 'x', None]", "s.save()", "s.get('a')", "!t = type(s)(req, sid=s.id(), lock=0)", "t.is_new()",
    "t['a']", "t.id() == s.id()", "t.created() == s.created()", "t.timeout()", "t.set_timeout(5)", "t.timeout()", "t.save()",
    "type(s)(req, sid=s.id(), lock=0, timeout=60).timeout()", "type(s)(req, sid=s.id(), lock=0, timeout=60).is_new()",
    "t.invalidate()", "t.save()", "len(t)", "type(s)(req, sid=s.id(), lock=0).is_new()", "s.delete()", "len(s)", "s.save()",
    "type(s)(req, sid=s.id(), lock=0).is_new()", "s.unlock()", "s.cleanup()", "s['nothing']", "s.nothing",
    "type(s)(req, sid='x', lock=0)", "type(s)(req, sid='A' * 32, lock=0)", "type(s)(req, sid='0' * 33, lock=0)",
    "type(s)(req, sid='../../etc/passwd', lock=0)",
    "type(s)(req, 1, 2, 3, 4, 5, 6, 7, 8)",
)  # fmt: skip
COOKIE = (
    "str(Cookie.Cookie('a', 'b'))", "str(Cookie.Cookie('a', 'b', path='/', domain='x.test', secure=1, version=1))",
    "str(Cookie.Cookie('a', 'b', max_age=60, comment='c'))", "str(Cookie.Cookie('a', 'b', httponly=1))",
    "str(Cookie.Cookie('a', 'b', expires=0))", "str(Cookie.Cookie('a', 'b', expires=1e9))",
    "str(Cookie.Cookie('a', 'b', expires='Sun, 09-Sep-2001 01:46:40 GMT'))", "Cookie.Cookie('a', 'b', expires='x')",
    "Cookie.Cookie('a', 'b', nothing=1)", "Cookie.Cookie('a')", "str(Cookie.Cookie('a', 5))", "str(Cookie.Cookie('a', ''))",
    "Cookie.Cookie('a', 'b').name", "Cookie.Cookie('a', 'b').value", "Cookie.Cookie('a', 'b').path",
    "repr(Cookie.Cookie('a', 'b'))", "str(Cookie.Cookie('a b', 'b;c'))", "Cookie.Cookie.DEBUG", "Cookie.Cookie.nothing",
    "str(Cookie.parse('a=1; b=2')['b'])", "sorted(Cookie.parse('a=1; b=2').keys())", "sorted(Cookie.parse('a=1, b=2').keys())",
    "sorted(Cookie.parse('$Version=1; a=1; $Path=/; b=\"2 3\"').items())", "Cookie.parse('')", "Cookie.parse('garbage')",
    "Cookie.parse('a=1; a=2')['a'].value", "Cookie.parse('a = 1 ;b=2')['b'].value", "Cookie.parse('a=%41')['a'].value",
    "Cookie.parse('a=\"x; y\"')['a'].value", "Cookie.parse('=x')", "Cookie.parse(';;a=1;;').keys()", "Cookie.parse(5)",
    "Cookie.parse('a=1', secret='x')", "Cookie.Cookie.parse('a=1')['a'].value",
    *(f"[(name, cookie.value) for name, cookie in Cookie.Cookie.parse({header!r}).items()]" for header in (
        ", =x", ",", ",,a=1", ", ,a=1;,", ",=x; b=2", "a,b=1, c=2", " ; , ", "a b=c", 'a="b;c" d=e', 'a="x"y', "a=b; ; =c;d", "a;b;=",
        '"a"=b', "a==b", "$Version=1; a=b; $Path=/", 'a="b', 'a=b"c;d"', "a=\tb\t; c",
    )),
    "str(Cookie.Cookie(name='a', value='b', __data__={}))", "Cookie.Cookie('a', value='b').value",
)  # fmt: skip
PUBLISHED = (
    "", "index", "hello", "hello?name=Ada", "hello?name=a&name=b", "hello?other=1", "hello/", "hello/x", "both", "both?first=1",
    "both?first=1&second=2", "everything?first=1&second=2&first=3", "page", "nothing", "written", "status", "numbers", "thing/value",
    "thing/number", "thing/own", "thing/inner", "thing/inner/text", "thing/inner/deep", "thing/method",
    "thing/method?long_name=1", "thing", "thing/nothing", "refuses", "plain", "plain/text", "string", "string/upper", "number", "floating", "mapping",
    "mapping/key", "mapping/keys", "sequence", "nobody", "unwritable", "none", "other", "other/", "other/there",
    "other.py", "other.py/there", "index.py", "index.py/hello?name=x", "index/hello", "other/hello", "sub/", "sub/inside", "sub/index",
    "sub/none", "sub", "hello.txt", "thing.inner.deep", "Thing/value", "hello//", "index.html", "floating/real", "number/real",
    "none/hello",
    *(f"{name}{rest}" for name in (
        "octets", "several", "some", "frozen", "dots", "truth", "imaginary", "span", "array", "unimplemented", "builtin",
        "mapping", "sequence", "nobody", "string", "number", "decorated", "bound", "static", "page",
    ) for rest in ("", "/nothing", "/value", "/attribute", "/count")),
)  # fmt: skip

REQUESTS = {
    **{
        f"the fields of ?{query}": form(*DICTIONARY, query=f"?{query}".replace("name", "first"))
        for query in QUERIES
    },
    **{
        f"the fields of a body {query}": form(
            *TEXTS, method="POST", body=query.replace("name", "first").encode(), kind=URLENCODED
        )
        for query in QUERIES
        if query
    },
    **{
        f"fields without blanks of ?{query}": evaluated(
            "!f = util.FieldStorage(req)", "text(f.list)", "text(f.keys())", query=f"?{query}".replace("name", "first")
        )
        for query in QUERIES
    },
    **{
        f"parse_qs of {query}, blanks {blanks}, {name}": evaluated(f"util.{name}({query.replace('name', 'first')!r}, {blanks})")
        for query in QUERIES
        for blanks in (0, 1)
        for name in ("parse_qs",)
    },
    "a form's text parts": form(
        *PARTS, method="POST", kind=MULTIPART,
        body=multipart(
            ('Content-Disposition: form-data; name="first"', "one\r\ntwo"),
            ('Content-Disposition: form-data; name="second"\r\nContent-Type: text/plain; charset=utf-8', "caf\u00e9"),
            ('Content-Disposition: form-data; name="first"', ""),
        ),
    ),
    "a form's files": form(
        "text(f.list)", "[(field.type, field.disposition, field.filename) for field in f.list]",
        "[field.file.read(3) for field in f.list]", "f.list[0].value", "f.list[0].file.closed",
        method="POST", kind=MULTIPART,
        body=multipart(
            ('Content-Disposition: form-data; name="first"; filename="a.txt"\r\nContent-Type: text/plain', "one\r\ntwo"),
            ('Content-Disposition: form-data; name="first"; filename="b.bin"', "\0\1\2"),
            ('Content-Disposition: form-data; name="big"; filename="c"\r\nContent-Type: x/y; a=b', "0123456789" * 20000),
        ),
    ),
    "a file that is empty": form(
        *PARTS[:3], method="POST", kind=MULTIPART,
        body=multipart(('Content-Disposition: form-data; name="first"; filename="a.txt"\r\nContent-Type: text/plain', "")),
    ),
    "a form of a put": form(*DICTIONARY, query="?first=1", method="PUT", body=b"first=2", kind=URLENCODED),
    "a form of another type": form("text(f.list)", method="POST", body=b"{}", kind="application/json"),
    "a form without boundary": form("text(f.list)", method="POST", body=b"{}", kind="multipart/form-data"),
    "callbacks of a form": evaluated(
        "!import io", "!names = []", "!made = lambda name: (names.append(name), io.BytesIO())[1]",
        "!f = util.FieldStorage(req, file_callback=made, field_callback=io.BytesIO)", "names", "text(f.list)",
        method="POST", kind=MULTIPART,
        body=multipart(
            ('Content-Disposition: form-data; name="first"; filename="a.txt"\r\nContent-Type: text/plain', "one"),
            ('Content-Disposition: form-data; name="second"', "two"),
        ),
    ),
    "apply_fs_data": form(
        "text(util.apply_fs_data(take, f))", "util.apply_fs_data(takes_all, f)", "util.apply_fs_data(takes_all, f, more='x')",
        "util.apply_fs_data(5, f)", "util.apply_fs_data(take, f, only=3)",
        query="?name=one&many=1&many=2&surplus=3",
    ),
    **{
        f"redirect with {arguments}": evaluated(f"util.redirect(req, {arguments})")
        for arguments in ("'/y'", "'http://other.test/'", "'/y', permanent=1", "'/y', text='moved'", "'/y', 0, 'moved'", "5", "''")
    },
    "redirect after output": evaluated("req.write('out', 0)", "util.redirect(req, '/y')"),
    "redirect after sent output": evaluated("req.write('out')", "util.redirect(req, '/y')"),
    "cookies": evaluated(*COOKIE),
    **{
        f"added cookies {number}": evaluated(*expressions, headers=(("Cookie", "one=1; two=2"),))
        for number, expressions in enumerate((
            ("Cookie.add_cookie(req, 'a', 'b')",),
            ("Cookie.add_cookie(req, Cookie.Cookie('a', 'b', path='/p'))", "Cookie.add_cookie(req, 'c', 'd', expires=1e9)"),
            ("!req.headers_out['Cache-Control'] = 'private'", "Cookie.add_cookie(req, 'a', 'b')"),
            ("!req.headers_out['Set-Cookie'] = 'x=y'", "Cookie.add_cookie(req, 'a', 'b')"),
            ("Cookie.add_cookie(req, 5)", "Cookie.add_cookie(req)", "Cookie.add_cookie(req, 'a')"),
            ("sorted(Cookie.get_cookies(req))", "Cookie.get_cookies(req)['two'].value", "Cookie.get_cookie(req, 'one').value",
             "Cookie.get_cookie(req, 'none')", "Cookie.get_cookies(req, Cookie.SignedCookie)",
             "type(Cookie.get_cookies(req)['one']).__name__"),
        ))
    },
    "no cookies": evaluated("Cookie.get_cookies(req)", "Cookie.get_cookie(req, 'a')"),
    **{f"a session: {kind}": session(kind, *SESSION) for kind in ("DbmSession", "MemorySession")},
    "a session by choice": evaluated("!s = Session.Session(req, lock=0)", "type(s).__name__", "s.is_new()", "s.timeout()"),
    "a session with a timeout": evaluated("Session.Session(req, lock=0, timeout=90).timeout()"),
    "a session's cookie": session("MemorySession", "str(s.make_cookie())[:6]", "s.make_cookie().path", "s.save()"),
    **{
        f"a session for the cookie {cookie[:12]}": session(
            "MemorySession", "s.is_new()", "len(s.id())", headers=(("Cookie", f"pysid={cookie}"),)
        )
        for cookie in ("0" * 32, "0" * 31, "F" * 32, "../../x", "")
    },
    **{
        f"the page {name}": at(f"psp/{name}")
        for name in (
            "blocks.psp", "blocks.psp?name=1", "crlf.psp", "include.psp", "names.psp", "names.psp?b=1&a=2", "status.psp",
            "plain.psp", "empty.psp", "utf8.psp", "blocks.psp_", "include.psp_", "none.psp", "plain.psp/info", "fails.psp",
            "latin.psp", "apply.psp", "apply.psp?name=somebody", "folder/",
        )
    },
    "a page by head": at("psp/plain.psp", method="HEAD"),
    "a page by post": posted("psp/names.psp", b"first=1"),
    "templates": evaluated(
        "!t = psp.PSP(req, filename='psp/plain.psp')", "t.run()", "str(psp.PSP(req, filename='psp/plain.psp'))",
        "psp.PSP(req, filename='psp/none.psp')",
    ),
    "templates that are wrong": evaluated(
        "psp.PSP(req, filename='x', string=b'y')", "psp.parse(folder + '/psp/include.psp', folder + '/psp/')",
        "psp.parse(folder + '/psp/crlf.psp')", "psp.parse('/none.psp')", "psp.parsestring(b'a<%= 1 %>b')", "psp.parsestring(5)",
    ),
    **{f"published {path or 'nothing'}": at(f"pub/{path}") for path in PUBLISHED},
    **{f"published by {method}": at("pub/hello", method=method) for method in ("HEAD", "PUT", "DELETE", "OPTIONS", "FROB")},
    "published by post of no form": posted("pub/hello", b"x", "text/plain"),
    "published by post": posted("pub/both?first=1", b""),
    "published by multipart": posted(
        "pub/hello", multipart(('Content-Disposition: form-data; name="name"', "part")), MULTIPART
    ),
    "the folder of a publisher": at("pub"),
    "a script": at("cgi/env.py/more?a=b", headers=(("X-One", "1"),)),
    "a script by post": posted("cgi/env.py", b"first=1"),
    "a script by head": at("cgi/env.py", method="HEAD"),
    "a script that is not there": at("cgi/none.py"),
    **{f"a script: {name}": at(f"cgi/{name}.py") for name in ("location", "bad", "raises")},
    **{
        f"includes: {path}": at(f"ssi/{path}")
        for path in ("elements.shtml", "elements.shtml?yes", "elements.shtml?a%20b", "noexec.shtml", "part.txt", "none.shtml", "access.shtml")
    },
    "includes by head": at("ssi/elements.shtml", method="HEAD"),
    "includes by post": posted("ssi/elements.shtml", b"x"),
    **{f"an application at {path or 'its root'}": at(f"wsgi{path}", headers=(("X-One", "1"),)) for path in ("", "/a/b?c=d", "/a%20b")},
    "an application by post": posted("wsgi/x", b"the body", "text/plain"),
    "an application by head": at("wsgi/x", method="HEAD"),
}  # fmt: skip
