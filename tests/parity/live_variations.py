"""More requests of test_live.py: the same site asked by other methods, with conditions, and for parts of files."""

from __future__ import annotations

from tests.parity.live_requests import Request, calling

# What comes to one stretch at most: of several, each server separates the parts by a boundary of its own.
RANGES = (
    "bytes=-0", "bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-9999", "bytes=5-2", "bytes=0-999999", "bytes= 1-2",
    "bytes=1 - 2", "bytes=1-2,", ",bytes=1-2", "bytes=,1-2", "BYTES=1-2", "lines=1-2", "bytes=a-b", "bytes=1-2,x", "bytes=",
    "bytes", "bytes=900-901,1-2", "bytes=1-2,900-", "bytes=0-1,2-3", "bytes=0-3,2-5", "bytes=0-1,1-2", "bytes=2-3,0-1",
    "bytes=2-5,0-3", "bytes=0-5,1-2", "bytes=1-2,0-5", "bytes=0-1,2-3,4-5", "bytes=-4,0-", "bytes=-0,1-2",
    "bytes=99999999999999999999-", "bytes=0-99999999999999999999", "bytes=1--2", "bytes=--1", "bytes=1-2-3",
)  # fmt: skip
ACTS = {
    "ok": ("return", "0"), "declined": ("return", "-1"), "none": ("return", "None"), "403": ("return", "403"),
    "raise": ("raise", "ValueError(2)"), "written": ("written", "0,404"), "sent": ("written", "1,500"),
    "204": ("status", "204"), "304": ("status", "304"), "headers": ("headers", ""), "text": ("return", "'x'"),
    "server return": ("raise", "apache.SERVER_RETURN(403)"), "length": ("length", ""), "location": ("location", "/y"),
    "redirect to a file": ("internal", "/files/a.txt"), "redirect": ("internal", "/y?target"), "sendfile": ("sendfile", ""),
}  # fmt: skip
CONDITIONS = (
    ("If-None-Match", "*"), ("If-None-Match", '"x"'), ("If-Match", "*"), ("If-Match", '"x"'), ("If-Modified-Since", "garbage"),
    ("If-Unmodified-Since", "Sat, 08 Sep 2001 01:46:40 GMT"), ("If-Unmodified-Since", "garbage"), ("If-Range", '"x"'),
    ("Range", "bytes=1-2"), ("Accept-Encoding", "gzip"),
)  # fmt: skip
PLACES = (
    "/files/../files/a.txt", "/files/./a.txt", "/files//a.txt", "/files/%61.txt", "/files/a.txt/", "/files/%2e%2e/x",
    "/files/a.txt%20", "/files/.", "/files/..", "/.", "/x;a=b", "/files/A.TXT", "/sub", "/sub/", "/sub?x", "/sub/deeper",
    "/index", "/index?a=b", "/files?x=y", "/perdir", "/auth", "/accounts/plain", "/" + "a" * 300, "/" + "b/" * 200,
)  # fmt: skip

BEFORE, AT, AFTER = (f"{day} Sep 2001 01:46:40 GMT" for day in ("Sat, 08", "Sun, 09", "Mon, 10"))
COMBINED = [
    {"If-Unmodified-Since": unless, "If-None-Match": none_match, "If-Modified-Since": modified, "If-Match": match}
    for unless in (None, BEFORE, AFTER, "x")
    for none_match in (None, '"abc"', 'W/"abc"', '"x"', "*")
    for modified in (None, BEFORE, AT, "x")
    for match in (None, '"x", "abc"')
]
VALIDATED = (
    "req.headers_out['ETag']='{etag}';;req.update_mtime(1000000000);;req.set_last_modified();;r=req.meets_conditions()"
    ";;req.err_headers_out['R']=str(r);;req.write('fresh', 0) if r == 0 else None;;return r"
)
CODE = {
    "nothing written": "req.write('');;req.headers_out['Late']='1';;req.write('%d' % req.sent_bodyct, 0);;return 0",
    "nothing written behind something": "req.write('a',0);;req.write(b'');;req.write('%d' % req.bytes_sent,0);;return 0",
    "a status line of another status": "req.status_line='404 Not There';;req.write('x',0);;return 0",
    "a status line that is none": "req.status_line='nonsense';;req.write('x',0);;return 0",
    "a status line without words": "req.status=204;;req.status_line='204';;return 0",
    "a status line of the status": "req.status=404;;req.status_line='404 Mine';;req.write('x',0);;return 0",
    "a status line of the error": "req.status_line='404 Mine';;req.write('x',0);;return 404",
    "a status line of another error": "req.status_line='200 Mine';;return 404",
    "an etag by finfo": "req.finfo=apache.stat(root+'/files/a.txt',apache.APR_FINFO_NORM);;req.set_etag();;"
    "req.write(repr(req.headers_out.keys()),0);;return 0",
    "a file from an offset that is none": "req.sendfile(root+'/files/a.txt', 2.5);;return 0",
    "the type of a file's offset": "req.sendfile(root+'/files/a.txt', '1');;return 0",
}
STATES = {
    "read_body after a read": "a=req.read();;req.write(repr((a,req.read_body)),0);;return 0",
    "a table of bytes": "t=apache.table({b'a':b'x'});;t.update({b'c':b'y',1:None});;req.write(repr(t),0);;return 0",
    "204 with headers": "req.headers_out['X-Out']='1';;req.headers_out['Location']='/x';;req.write('x',0);;return 204",
}
HEADERS = {"line break": "a\\nB: c", "control": "\\x01", "tab": "a\\tb", "Latin-1": "\\xe9", "DEL": "\\x7f"}

FILTERED = {
    "unflushed": "req.write('one\\ntwo',0);;return 0", "flushed": "req.write('one\\ntwo');;return 0",
    "in pieces": "req.write('on');;req.write('e\\nt');;req.write('wo\\n',0);;req.flush();;return 0", "empty": "return 0",
    "404": "req.write('x',0);;return 404", "a file": "req.sendfile(root+'/files/a.txt');;return 0",
    "with a length": "req.set_content_length(5);;req.write('abcde');;return 0",
}  # fmt: skip
REGISTERED = (
    "'DYN','filtered::upper'", "'DYN','filtered::upper',root", "'dyn','filtered::result'", "'DYN',5", "5,'filtered'",
    "'','filtered::upper'", "'DYN'",
)  # fmt: skip

REQUESTS = {
    **{
        f"the address {path}": Request(path)
        for path in ("/x#part", "/#part", "/files/a.txt#part", "/x?a#part", "/x%23part")
    },
    **{
        f"{method} with {expect!r} expected": Request(
            "/x?a", method=method, headers=(("Expect", expect),), body=b"x" if method == "POST" else None
        )
        for method in ("GET", "POST")
        for expect in ("nonsense", "x=1", "100-continue, x", "")
    },
    **{
        f"{name}, filtered by {place}, {method}": calling(
            "run", f"req.content_type='text/plain';;{code}", path=f"/{place}/x", method=method
        )
        for name, code in FILTERED.items()
        for place in ("upper", "head", "result")
        for method in ("GET", "HEAD")
    },
    **{
        f"a filter registered as {arguments}, added as {added}": calling(
            "run",
            f"req.content_type='text/plain';;req.register_output_filter({arguments});;req.add_output_filter({added})"
            ";;req.write('abc',0);;return 0",
        )
        for arguments in REGISTERED
        for added in ("'DYN'", "'dyn'", "'NONE'", "5")
    },
    **{
        f"a filtered body, {code}": calling(
            "run", f"v={code};;req.write(repr(v),0);;return 0", path="/upper/x", method="POST", body=b"one\ntwo\nthree"
        )
        for code in ("req.read()", "req.readlines()", "(req.readline(),req.read())")
    },
    "a body filtered later": calling(
        "run",
        "a=req.read(2);;req.add_input_filter('UPPER');;req.write(a+req.read(),0);;return 0",
        method="POST",
        body=b"abcdef",
    ),
    **{name: calling("run", f"req.content_type='text/plain';;{code}") for name, code in {**CODE, **STATES}.items()},
    "an exception that can't be shown": calling(
        "run", "exec('raise type(\"E\", (Exception,), {})', {})", path="/debugoff/x"
    ),
    **{
        f"{where} with {name} in {part}, {how}": calling(
            "run", f"req.{where}{key}={value};;req.err_headers_out['X']='1';;{code}return {result}", path="/debugoff/x"
        )
        for name, char in HEADERS.items()
        for where, part, key, value, result in (
            ("headers_out", "a name", f"['X-{char}']", "'1'", 0),
            ("headers_out", "a value", "['Y']", f"'{char}'", 0),
            ("err_headers_out", "a value", "['Y']", f"'{char}'", 404),
            ("content_type", "a value", "", f"'text/{char}'", 0),
        )
        for how, code in (("nothing written", ""), ("written", "req.write('x',0);;"))
    },
    **{
        f"conditions {number} of {method} for {etag}": calling(
            "run",
            VALIDATED.format(etag=etag),
            method=method,
            headers=tuple((name, value) for name, value in conditions.items() if value),
            path="/debugoff/x",
        )
        for number, conditions in enumerate(COMBINED)
        for method in ("GET", "POST")
        for etag in ('"abc"', 'W/"abc"')
    },
    **{
        f"conditions {number} without validators": calling(
            "run",
            "req.write(str(req.meets_conditions()),0);;return 0",
            headers=tuple((name, value) for name, value in conditions.items() if value),
        )
        for number, conditions in enumerate(COMBINED[:80])
    },
    **{f"the parts {text}": Request("/files/a.txt", headers=(("Range", text),)) for text in RANGES},
    **{
        f"{act} by {method} in {folder}": calling(
            *ACTS[act], path=f"/{folder}/x", method=method, body=b"x" if method == "POST" else None
        )
        for act in ACTS
        for folder in ("debugoff", "sub")
        for method in ("HEAD", "POST", "OPTIONS", "DELETE")
    },
    **{
        f"a file by {method} with {name} {value}": Request("/files/a.txt", method=method, headers=((name, value),))
        for method in ("GET", "HEAD", "POST")
        for name, value in CONDITIONS
        # With 412 Apache tells the length of the file that it does not send.
        if method != "HEAD" or (name, value) not in (CONDITIONS[3], CONDITIONS[5])
    },
    **{
        f"a part of a file if it is still {value}": Request(
            "/files/a.txt", headers=(("Range", "bytes=1-2"), ("If-Range", value))
        )
        for value in ('"none"', "Sat, 08 Sep 2001 01:46:40 GMT")
    },
    **{
        f"all phases redirected to {path}": Request("/phases/plain/x.unknown", headers=(("X-Redirect", path),))
        for path in (
            "/phases/plain/x.unknown",
            "/phases/plain/y.unknown",
            "/phases/z",
            "/phases/keep.txt",
            "/phases/none.txt",
        )
    },
    **{f"at {path[:30]}": Request(path) for path in PLACES},
}
