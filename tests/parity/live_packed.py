"""Requests of test_live.py for what DEFLATE packs, or does not: files, pages of a handler, by place and by type."""

from __future__ import annotations

from tests.parity.live_requests import Request, calling

GZIP = ("Accept-Encoding", "gzip")
ACCEPTED = (
    "gzip", "x-gzip", "deflate", "*", "gzip;q=0", "gzip;q=0.0", "gzip;q=0.5", "gzip; q=0", "deflate, gzip",
    "identity, gzip;q=0.1", "br, *;q=1", "GZIP", "gzip;q=1.5", "gzip;foo=0", "gzip ;q=0", "gzipx", "", "identity",
    "gzip;q=0, gzip",
)  # fmt: skip
FILES = ("large.txt", "large.html", "small.txt", "empty.txt", "done.txt.gz", "none")
LONG = "req.content_type='text/plain';;req.write('x'*1000,0);;return 0"
CODE = {
    "a page": LONG,
    "a flushed page": "req.content_type='text/plain';;req.write('x'*1000);;return 0",
    "a short page": "req.content_type='text/plain';;req.write('abc',0);;return 0",
    "a page in pieces": "req.content_type='text/html';;req.write('a'*500);;req.flush();;req.write('b'*500);;return 0",
    "an empty page": "return 0",
    "an error": "req.write('x'*1000,0);;return 404",
    "an error's own page": "req.status=404;;" + LONG,
    "204": "req.status=204;;return 0",
    "304": "return 304",
    "an exception": "1/0",
    "a redirect": "req.headers_out['Location']='/y';;return 302",
    "an internal redirect": "req.internal_redirect('/bytype/large.txt');;return 0",
    "a file": "req.content_type='text/plain';;req.sendfile(root+'/bytype/large.txt');;return 0",
    "a length": "req.set_content_length(1000);;" + LONG,
    "a type with parameters": "req.content_type='text/html; charset=utf-8';;req.write('x'*1000,0);;return 0",
    "a type that only begins like one": "req.content_type='text/htmlx';;req.write('x'*1000,0);;return 0",
    "another type": "req.content_type='image/png';;req.write('x'*1000,0);;return 0",
    "packed already": "req.headers_out['Content-Encoding']='br';;" + LONG,
    "identity": "req.headers_out['Content-Encoding']='identity';;" + LONG,
    "packed already, by the other table": "req.err_headers_out['Content-Encoding']='br';;" + LONG,
    "a digest": "req.headers_out['Content-MD5']='x';;req.headers_out['Accept-Ranges']='bytes';;" + LONG,
    "a part": "req.status=206;;req.headers_out['Content-Range']='bytes 0-999/2000';;" + LONG,
    "Vary": "req.headers_out['Vary']='Cookie';;" + LONG,
    "Vary twice": "req.headers_out.add('Vary','A');;req.headers_out.add('Vary','B');;" + LONG,
    "Vary in the other table": "req.err_headers_out['Vary']='Cookie';;" + LONG,
    "Vary of old": "req.headers_out['Vary']='accept-encoding';;" + LONG,
    "no-gzip": "req.subprocess_env['no-gzip']='1';;" + LONG,
    "force-gzip": "req.subprocess_env['force-gzip']='1';;" + LONG,
}

REQUESTS = {
    **{
        f"{method} {path}, {'packed' if headers else 'plain'}": Request(path, method=method, headers=headers)
        for path in (f"/{place}/{name}" for place in ("packed", "bytype") for name in FILES)
        for method in ("GET", "HEAD")
        for headers in ((GZIP,), ())
    },
    **{
        f"a file to pack, Accept-Encoding {accepted!r}": Request("/packed/large.txt", headers=(("Accept-Encoding", accepted),))
        for accepted in ACCEPTED
    },
    **{
        f"{name} to pack, {method}, {'packed' if headers else 'plain'}": calling(
            "run", code, path="/pages/x", method=method, headers=headers
        )
        for name, code in CODE.items()
        for method in ("GET", "HEAD")
        for headers in ((GZIP,), ())
    },
    **{
        f"{name} to pack by type": calling("run", code, path="/typed/x", headers=(GZIP,))
        for name, code in CODE.items()
        if name != "Vary twice"
    },
    "a part of a file that is not packed": Request("/packed/large.txt", headers=(("Range", "bytes=1-2"),)),
    "a part of a small file": Request("/packed/small.txt", headers=(GZIP, ("Range", "bytes=1-2"))),
    "a browser that can't": Request("/packed/large.txt", headers=(GZIP, ("User-Agent", "Nogz/1"))),
    "a browser that can HTML": Request("/packed/large.txt", headers=(GZIP, ("User-Agent", "Mozilla/4.0"))),
    "HTML for a browser that can HTML": Request("/packed/large.html", headers=(GZIP, ("User-Agent", "Mozilla/4.0"))),
    "a browser that must": Request("/packed/large.txt", headers=(("User-Agent", "Force/1"),)),
}  # fmt: skip
# Written by the test, so that nobody has to keep them: by their path.
CONTENTS = {
    "large.txt": b"hello there " * 100,
    "large.html": b"<p>hello</p>\n" * 50,
    "small.txt": b"x" * 60,
    "empty.txt": b"",
    "done.txt.gz": b"not packed, but said to be" * 10,
}
