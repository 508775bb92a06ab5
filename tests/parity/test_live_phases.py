"""What a handler may do in each phase, under the real mod_python in Apache and in our daemon behind nginx."""

from __future__ import annotations

import pytest

from tests.parity.live_answers import fetch
from tests.parity.live_requests import Request
from tests.parity.live_servers import both

pytestmark = [pytest.mark.frontend, pytest.mark.slow]

CONFIG = """\
ServerName live.test
DocumentRoot ROOT
DirectoryIndex none
FileETag None
LogLevel crit
PythonPath "['ROOT'] + sys.path"
PythonPostReadRequestHandler every
PythonTransHandler every
PythonOutputFilter every::capitals CAPITALS
<Directory />
    Require all granted
</Directory>
<Directory ROOT/every>
    SetHandler mod_python
    PythonDebug Off
    PythonHeaderParserHandler every
    PythonAccessHandler every
    PythonTypeHandler every
    PythonFixupHandler every
    PythonHandler every
    PythonLogHandler every
    PythonCleanupHandler every
</Directory>
"""
PHASES = ("post", "trans", "header", "access", "type", "fixup", "content", "log", "cleanup")
PATHS = ("/every/x", "/every/f.txt", "/every/f.odd/info?q=1", "/every/dir/")
MEMBERS = (
    "uri", "filename", "canonical_filename", "args", "content_type", "user", "status", "status_line", "phase",
    "interpreter", "finfo.fname", "finfo.filetype", "hlist.handler", "hlist.directory", "sent_bodyct", "bytes_sent",
    "eos_sent", "used_path_info", "no_cache", "_content_type_set", "handler",
)  # fmt: skip
DONE = "; result = apache.DONE"
CODES = {
    "write": "req.write('w', 0)", "write and be done": "req.write('w')" + DONE,
    "redirect": "req.internal_redirect('/every/f.txt')", "redirect and be done": "req.internal_redirect('/every/f.txt')" + DONE,
    "redirect to a page": "req.internal_redirect('/every/other'); result = apache.OK",
    "send a file": "note(req.sendfile(ROOT + '/every/f.txt'))",
    "send a file and be done": "note(req.sendfile(ROOT + '/every/f.txt'))" + DONE,
    "read": "note(req.read(3))", "read a line": "note(req.readline())", "read all": "note(req.read(), req.read())",
    "discard": "note(req.discard_request_body(), req.read())",
    "register a cleanup": "req.register_cleanup(lambda data: note(data, req.phase), 'data')",
    "set the type": "req.content_type = 'text/x'", "set the URI": "req.uri = '/every/f.odd'",
    "set the file": "req.filename = ROOT + '/every/f.odd'", "set the handler": "req.handler = 'default-handler'",
    "set no handler": "req.handler = None", "set the query": "req.args = 'changed=1'",
    "set the status line": "req.status_line = '299 Odd'", "set headers": "req.headers_out['X-H'] = req.err_headers_out['X-E'] = '1'",
    "set a user": "req.user = 'me'; req.ap_auth_type = 'T'", "forbid path info": "req.used_path_info = apache.AP_REQ_REJECT_PATH_INFO",
    "set variables": "req.subprocess_env['X'] = req.notes['N'] = '1'", "set a length": "req.set_content_length(3)",
    "answer 410": "raise apache.SERVER_RETURN(apache.HTTP_GONE)", "answer OK": "raise apache.SERVER_RETURN(apache.OK)",
    "set what can't be": "req.header_only = 1", "add a filter": "req.add_output_filter('CAPITALS')",
    "wait for no cache": "req.no_cache = 1",
    "give a filter's name to another": "req.register_output_filter('CAPITALS', 'every::shown'); req.add_output_filter('CAPITALS')",
    "name a filter's folder": "req.register_output_filter('f', 'every::shown', '/nonesuch'); req.add_output_filter('f')",
}  # fmt: skip
# Where a handler writes the response, a Range header that it makes up is for it to see to; so only for files.
RANGE = "req.headers_in['Range'] = 'bytes=0-1'"


# Of no effect here: manual 5.1.13. And the length of a page that each server words itself.
DEPARTURES = {
    "register a cleanup in cleanup, /every/x",
    "register a cleanup in cleanup, /every/f.txt",
    "bytes_sent in all phases, /every/f.odd/info?q=1",
}


def asking(code: str, path: str) -> Request:
    body = b"hello\nworld" if "read" in code or "discard" in code else None
    return Request(path, "POST" if body else "GET", (("X-Do", code),), body)


REQUESTS = {
    **{f"{what} in {phase}, {path}": asking(f"{phase}={code}", path)
       for what, code in CODES.items() for phase in PHASES for path in ("/every/x", "/every/f.txt")},
    **{f"ask for a range in {phase}": asking(f"{phase}={RANGE}", "/every/f.txt") for phase in PHASES[:-2]},
    **{f"{member} in all phases, {path}": asking(f"all=note(req.{member})", path) for member in MEMBERS for path in PATHS},
}  # fmt: skip


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    with both(tmp_path_factory.mktemp("every"), CONFIG) as ports:
        yield ports


@pytest.mark.parametrize("name", sorted(REQUESTS.keys() - DEPARTURES))
def test_both_answer_the_same(ports, name):
    real, ours = ((fetch(port, REQUESTS[name]), fetch(port, Request("/every/x?seen"))) for port in ports)
    if None in (real[0].length, ours[0].length):
        real, ours = ((answer._replace(length=None), seen) for answer, seen in (real, ours))
    assert ours == real
