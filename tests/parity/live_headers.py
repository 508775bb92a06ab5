"""Requests of test_live.py for what becomes of headers by the way a handler ends, for files of many names, for documents
of errors that have values in them."""

from __future__ import annotations

from urllib.parse import quote

from tests.parity.live_requests import Request, calling

TABLES = (
    "req.headers_out['X-O']='o';;req.err_headers_out['X-E']='e';;req.headers_out.add('Set-Cookie','a=1');;"
    "req.headers_out.add('Set-Cookie','b=2');;req.err_headers_out.add('Set-Cookie','c=3');;"
    "req.err_headers_out.add('X-O','both');;req.content_type='text/x-t';;req.headers_out['Cache-Control']='no-cache';;"
)
ENDS = (
    "return apache.OK", "return apache.DONE", "return apache.DECLINED", "raise apache.SERVER_RETURN(apache.OK)",
    "raise apache.SERVER_RETURN(apache.DONE)", "raise apache.SERVER_RETURN(apache.DECLINED)",
    "raise apache.SERVER_RETURN(404)", "raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)", "return 404", "return 409",
    "return 410", "return 500", "return 304", "return 204", "return 412", "return 401", "return 302", "return 200",
    "1/0", "req.internal_redirect('/files/a.txt');;return 0", "req.internal_redirect('/y');;return 0",
    "req.internal_redirect('/files/none');;return 0", "req.status=404;;return 0", "req.status=404;;return apache.DONE",
    "req.status=302;;req.headers_out['Location']='/z';;return 0", "req.headers_out['Location']='/z';;return 302",
    "req.err_headers_out['Location']='/z';;return 302", "req.headers_out['Location']='/z';;return 0",
    "req.headers_out['Location']='z';;return 302", "req.status=304;;return 0",
    "raise apache.SERVER_RETURN(apache.OK, 404)",
)  # fmt: skip
WRITTEN = {
    "nothing written": "",
    "written": "req.write('body',0);;",
    "sent": "req.write('body');;",
    "a length": "req.set_content_length(4);;req.write('body',0);;",
    "a length alone": "req.set_content_length(99);;",
}
NAMES = (
    "a.txt.de", "a.de.txt", "a.html.fr.de", "a.tar.gz", "a.txt.gz", "a.gz.txt", "a.u8.html", "a.Z", "noext", ".hidden",
    "a.unknown", "a.txt.unknown", "UP.TXT", "a.de", "a.css", "a.js", "a.json", "a.svg", "a.tgz", "neg.html.de",
)  # fmt: skip
TIME = "Sun, 09 Sep 2001 01:46:40 GMT"
IF_RANGE = (
    '"no"', "*", TIME, "Mon, 10 Sep 2001 01:46:40 GMT", "Sat, 08 Sep 2001 01:46:40 GMT", "Sunday, 09-Sep-01 01:46:40 GMT",
    "Sun Sep  9 01:46:40 2001", "x", 'W/"x"',
)  # fmt: skip
CONFIG = """\
<Directory ROOT/named_files>
    SetHandler None
    AddLanguage de .de
    AddLanguage fr .fr
    AddEncoding x-gzip .gz .tgz
    AddEncoding x-compress .Z
    AddCharset utf-8 .u8
</Directory>
"""

REQUESTS = {
    **{
        f"headers with {how}, {end}, {method} {place}": calling(
            "run", TABLES + code + end, path=f"/{place}", method=method
        )
        for end in ENDS
        for how, code in WRITTEN.items()
        for method, place in (("GET", "x"), ("HEAD", "x"), ("GET", "debugoff/x"))
        # The front-end cuts what is longer than it was told to be.
        if (how, end) != ("a length alone", "1/0")
    },
    **{
        f"{method} of a file called {name}": Request(f"/named_files/{name}", method=method)
        for name in (*NAMES, "neg.html", "a")
        for method in ("GET", "HEAD")
    },
    **{
        f"a part if it is of {validator}": Request(
            "/named_files/a.css", headers=(("Range", "bytes=0-2"), ("If-Range", validator))
        )
        for validator in IF_RANGE
    },
    **{
        f"an expanded document of {status}": calling(
            "run",
            f"req.notes['n']='N';;req.err_headers_out['X-E']='E';;return {status}",
            path="/expanded/" + quote("b c<d"),
            headers=(("X-In", "<i>&"), ("X-Env", "v<w")),
        )
        for status in (401, 402, 403, 404, 406, 407, 408, 409, 410, 411, 412, 414, 415, 416)
    },
}
