"""More requests of test_live.py: what members and methods take and refuse, and requests that make others.

`again/` asks its handlers who is let in.
"""

from __future__ import annotations

from tests.parity.live_requests import Request, calling, evaluated, posting, with_password

CONFIG = """
<Directory ROOT/again>
    AuthType Basic
    AuthName again
    AuthBasicAuthoritative Off
    AuthUserFile /dev/null
    Require valid-user
    ErrorDocument 401 /again/f.txt
    PythonHeaderParserHandler again
    PythonAccessHandler again
    PythonAuthenHandler again
    PythonFixupHandler again
    PythonHandler again
</Directory>
<Directory ROOT/again/inner>
    PythonOption level inner
</Directory>
"""
AGAIN = (
    "/again/f.txt",
    "/again/none",
    "/again/",
    "/again/inner/f.txt",
    "/again/f.txt/info",
    "/again/f.txt?/again/f.txt",
    "/live.py",
)
SHOWN = "req.user|req.ap_auth_type|req.no_local_copy|req.prev.no_local_copy|req.prev.eos_sent"
LINE = "req.write('%r' % req.status_line, 0)"


def running(code: str, **more) -> Request:
    return calling("run", code, **more)


REQUESTS = {
    "flush that is no integer": evaluated(
        *(f"req.write('a', {value})" for value in ("None", "'y'", "1.5", "0.0", "[]", "True", "False", "-1", "2"))
    ),
    **{
        f"readlines of {hint}": posting(f"req.readlines({hint})|req.readlines()", b"one\ntwo\nthree")
        for hint in ("-3", "-1", "0", "1", "4", "True", "None", "1.5")
    },
    "methods that are allowed": evaluated(
        "req.allow_methods(['PUT'], None)", "req.allow_methods(['PUT'], 'x')", "req.allow_methods(['PUT'], 1.5)",
        "req.allowed_methods", "req.allow_methods([b'BYTES', 'TEXT'])", "req.allowed_methods",
        "req.allow_methods(['X'], True)", "req.allowed_methods", "req.allow_methods(['Y'], reset=1)",
    ),
    **{
        f"{status} with methods": running(f"req.allow_methods(['GET', 'POST']);;return {status}")
        for status in (405, 501, 404)
    },
    "an IPv6 address as host": evaluated(
        "req.hostname", "req.construct_url('/y')", "req.parsed_uri", "req.add_common_vars()",
        "req.subprocess_env['SERVER_NAME']", headers=(("Host", "[::1]:8080"),),
    ),
    "the package": evaluated(
        "!import mod_python", "mod_python.version.version[:3]", "mod_python.mp_version[:3]", "type(mod_python.__file__)",
    ),
    "figures that are none": evaluated(*(f"apache.mpm_query({code})" for code in (-1, 0, 99))),
    "the environment of a script": evaluated(
        "type(apache.build_cgi_env(req))", "apache.build_cgi_env(req).has_key('gateway_interface')",
        "apache.build_cgi_env(req) is req.subprocess_env",
    ),
    "the file's name when another is set": evaluated(
        "!req.filename = '/other'", "req.finfo.fname == root + '/x'", "req.canonical_filename == root + '/x'", "req.filename"
    ),
    "a content type beyond Latin-1": evaluated("req.__setattr__('content_type', 'text/\\u20ac')"),
    "members that are deleted": evaluated(
        "delattr(req.hlist, 'handler')", "req.hlist.handler", "delattr(req.server, 'port')", "delattr(req, 'method')"
    ),
    "a URI that begins with two slashes": evaluated("req.parsed_uri", "req.uri", path="//live.py"),
    "the port of the Host header": evaluated(
        "req.parsed_uri", "req.construct_url('/y')", headers=(("Host", "live.test:8080"),)
    ),
    "the status line": running(f"{LINE};;req.flush();;{LINE};;req.status = 404;;return 0"),
    "methods that a handler has replaced": running(
        "req.write = req.log_error = 5;;raise ValueError(1)", path="/debugoff/x"
    ),
    "methods that a handler has replaced before a file": running(
        "req.write = None;;return apache.DECLINED", path="/live.py"
    ),
    **{
        f"a user and {what}": running(f"req.user = 'joe'; req.ap_auth_type = 'Odd';;{code}")
        for what, code in {
            "a redirect in the folder": f"req.internal_redirect('/live.py?expr&{SHOWN}');;return 0",
            "a redirect to another folder": f"req.internal_redirect('/sub/deeper/keep.txt?expr&{SHOWN}');;return 0",
            "a redirect to nothing": f"req.internal_redirect('/x?expr&{SHOWN}');;return 0",
        }.items()
    },
    "an error document's members": Request("/documents/x?return&404"),
    "sent before a redirect": running(
        "req.content_type = 'text/plain'; req.write('before ');;"
        "req.internal_redirect('/live.py?expr&req.sent_bodyct|req.bytes_sent|req.prev.sent_bodyct|req.prev.bytes_sent');;return 0"
    ),
    **{
        f"{user} redirected to {target}": with_password(user, password, f"/again/x?{target}")
        for target in AGAIN
        for user, password in (("joe", "eggs"), ("joe", "bad"))
    },
    "who is not let in, with a file of the folder to say so": Request("/again/x"),
}  # fmt: skip
