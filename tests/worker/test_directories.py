"""Folders and their index files: what their subrequests go through, and what handlers do in them."""

import pytest

from tests.support.cycle import Site

TRAIL = """
from mod_python import apache

def note(name, result):
    def function(req):
        trail = apache.main_server.trail
        trail.append(f"{name} {req.uri} {req.main and req.main.uri} {req.prev and req.prev.uri}")
        return result
    return function

apache.main_server.trail = []
transhandler = note("trans", apache.DECLINED)
headerparserhandler = note("header", apache.OK)
accesshandler = note("access", apache.OK)
fixuphandler = note("fixup", apache.OK)

def handler(req):
    if req.uri == "/redirect":
        req.internal_redirect("/folder/")
    elif req.uri == "/trail":
        req.write("\\n".join(apache.main_server.trail), 0)
    return apache.OK
"""
PHASES = """
DirectoryIndex none.html b.html
PythonTransHandler ROOT/h.py
<Directory ROOT>
    PythonHeaderParserHandler h
    PythonAccessHandler h
    PythonFixupHandler h
</Directory>
<LocationMatch ^/(redirect|trail)$>
    SetHandler mod_python
    PythonHandler ROOT/h.py
</LocationMatch>
"""
FIXUP = """
from mod_python import apache

def fixuphandler(req):
    if req.main is not None and req.uri.endswith("/a.html"):
        return {code}
    return apache.OK
"""
INDEXES = "DirectoryIndex a.html b.html\n<Directory ROOT>\nPythonFixupHandler h\n</Directory>\n"


def subrequests(site, path):
    before = site.get("/trail").body.splitlines()
    site.get(path)
    trail = site.get("/trail").body.splitlines()[len(before) :]
    return [" ".join(line.split()[:2]) for line in trail if "/folder/ None" in line and line.split()[2] == "/folder/"]


def test_an_index_is_looked_for_by_subrequests_with_the_phases_of_apache(tmp_path):
    site = Site(tmp_path, PHASES, h=TRAIL, **{"folder__b.html": "b"})
    assert subrequests(site, "/folder/") == [
        "trans /folder/none.html",
        # Apache asks once more who may have what isn't there.
        "access /folder/none.html",
        "fixup /folder/none.html",
        "trans /folder/b.html",
        "fixup /folder/b.html",
    ]


@pytest.mark.parametrize("section", ["<Files b.html>", "<Location /folder/>"])
def test_who_may_have_a_folder_is_asked_again_where_a_section_holds_for_its_index(tmp_path, section):
    config = PHASES + f"{section}\nPythonOption a b\n</{section[1:].split()[0]}>\n"
    site = Site(tmp_path, config, h=TRAIL, **{"folder__b.html": "b"})
    assert "access /folder/b.html" in subrequests(site, "/folder/")


def test_a_subrequest_has_a_main_request_and_no_one_before(tmp_path):
    site = Site(tmp_path, PHASES, h=TRAIL, **{"folder__b.html": "b"})
    site.get("/redirect")
    trail = site.get("/trail").body.splitlines()
    assert "fixup /folder/ None /redirect" in trail
    assert "fixup /folder/b.html /folder/ None" in trail


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("req.write('early ') or 0", "early the index"),
        ("req.write('lost ', 0) or 0", "the index"),
        ("req.write('early ') or 404", "early the index"),
    ],
)
def test_what_is_written_for_a_missing_index_stands_before_the_page_without_a_head_of_its_own(tmp_path, code, sent):
    site = Site(tmp_path, INDEXES, h=FIXUP.format(code=code), **{"folder__b.html": "the index"})
    answer = site.get("/folder/")
    assert (answer.status, answer.body) == (200, sent)


@pytest.mark.parametrize("flush", [0, 1])
def test_what_is_written_for_the_index_stands_before_it(tmp_path, flush):
    code = FIXUP.format(code=f"req.write('early ', {flush}) or 0")
    site = Site(tmp_path, INDEXES, h=code, **{"folder__a.html": "the index"})
    assert site.get("/folder/").body == "early the index"


@pytest.mark.parametrize(
    ("code", "status", "body"),
    [
        ("403", 200, "the index"),
        ("404", 200, "the index"),
        ("apache.DONE", 200, "the index"),
        ("302", 302, None),
        ("setattr(req, 'status', 203) or 0", 200, "the index"),
    ],
)
def test_an_index_that_fails_leaves_the_place_to_the_next_one_but_a_redirect_holds(tmp_path, code, status, body):
    files = {"folder__b.html": "the index", "folder__a.html": "a"}
    answer = Site(tmp_path, INDEXES, h=FIXUP.format(code=code), **files).get("/folder/")
    assert (answer.status, answer.body if body else None) == (status, body)


def test_a_redirect_takes_its_location_along(tmp_path):
    code = FIXUP.format(code="req.headers_out.add('Location', '/there') or 301")
    assert Site(tmp_path, INDEXES, h=code).get("/").headers["location"] == "/there"


@pytest.mark.parametrize(("code", "status"), [("403", 403), ("503", 503), ("apache.DONE", 200), ("404", 403)])
def test_without_an_index_the_error_of_one_is_that_of_the_folder(tmp_path, code, status):
    assert Site(tmp_path, INDEXES, h=FIXUP.format(code=code)).get("/").status == status
