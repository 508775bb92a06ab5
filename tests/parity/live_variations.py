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

REQUESTS = {
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
