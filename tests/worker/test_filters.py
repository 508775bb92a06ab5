"""Filters in the request cycle: where they stand, what they see, what becomes of their failures."""

import pytest

from tests.support.cycle import Site

CONFIG = """
PythonOutputFilter fl::upper UPPER
PythonOutputFilter fl::a A
PythonOutputFilter fl::b B
PythonOutputFilter fl::fail FAIL
PythonOutputFilter fl::fail_late FAIL_LATE
PythonOutputFilter fl::forbid FORBID
PythonOutputFilter fl::double DOUBLE
PythonOutputFilter fl::early EARLY
PythonOutputFilter fl::flushing FLUSHING
PythonOutputFilter fl::silent SILENT
PythonOutputFilter fl::at_the_end AT_THE_END
PythonOutputFilter fl
PythonInputFilter fl::upper UPPER
PythonInputFilter fl::a A
PythonInputFilter fl::fail FAIL
PythonInputFilter fl::forbid FORBID
PythonInputFilter fl::silent SILENT
PythonInputFilter fl
ErrorDocument 410 /gone.html
<Directory ROOT>
    SetHandler mod_python
    PythonHandler page
    %s
</Directory>
<Files *.html>
    SetHandler None
</Files>
<Files *.txt>
    SetHandler None
</Files>
"""
FILTERS = """
from mod_python import apache

def each(filter, change):
    piece = filter.read()
    while piece:
        filter.write(change(piece))
        piece = filter.read()
    if piece is None:
        filter.close()

def upper(filter):
    each(filter, bytes.upper)

def double(filter):
    each(filter, lambda piece: piece * 2)

def around(mark):
    def run(filter):
        if "begun " + mark not in filter.req.notes:
            filter.req.notes["begun " + mark] = "1"
            filter.write("<%s>" % mark)
        piece = filter.read()
        while piece:
            filter.write(piece)
            piece = filter.read()
        if piece is None:
            filter.write("</%s>" % mark)
            filter.close()
    return run

a, b = around("a"), around("b")

def fail(filter):
    raise KeyError("told you")

def fail_late(filter):
    piece = filter.read()
    while piece:
        filter.write(piece)
        piece = filter.read()
    if piece is None:
        raise KeyError("told you")

def forbid(filter):
    raise apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)

def early(filter):
    filter.write("early")
    filter.close()

def flushing(filter):
    filter.write((filter.read() or b"").upper())
    filter.flush()

def silent(filter):
    pass

def at_the_end(filter):
    piece = filter.read()
    filter.write(piece or b"-end")
    filter.flush()
    if piece is None:
        filter.close()

def outputfilter(filter):
    filter.write("default ")
    upper(filter)

inputfilter = outputfilter
"""
PAGE = """
from mod_python import apache

def handler(req):
    req.content_type = "text/plain"
    return HOW[req.args or "plain"](req) or apache.OK

def flushed(req):
    req.write("one ")
    req.write("two")

def length(req):
    req.set_content_length(3)
    req.write("one")

def report(req):
    req.write("%r" % req.read(), 0)

def lines(req):
    req.write("%r" % req.readlines(), 0)

def caught(req):
    req.write("one ")
    req._exchange.aborted = True
    try:
        req.write("two ")
    except OSError:
        req.notes["lost"] = "1"
        req.log_error("the client is gone")

def added(req):
    req.register_output_filter("MINE", lambda filter: filter.pass_on())
    req.add_output_filter("MINE")
    req.write("one", 0)

HOW = {
    "plain": lambda req: req.write("one two", 0),
    "flushed": flushed,
    "length": length,
    "report": report,
    "lines": lines,
    "caught": caught,
    "added": added,
    "gone": lambda req: 410,
    "missing": lambda req: req.write("lost", 0) or 404,
    "flushed_missing": lambda req: req.write("one ") or 404,
    "redirect": lambda req: req.internal_redirect("/other?plain"),
    "unknown": lambda req: req.add_output_filter("NO_SUCH") or req.add_input_filter("NO_SUCH"),
    "html": lambda req: setattr(req, "content_type", "text/html; charset=utf-8") or req.write("one", 0),
    "unread": lambda req: req.write("done", 0),
}
"""


@pytest.fixture
def site(tmp_path):
    def make(directives="", **files):
        return Site(tmp_path, CONFIG % directives, fl=FILTERS, page=PAGE, **files)

    return make


# -- where filters stand


@pytest.mark.parametrize(
    ("directives", "body"),
    [
        ("SetOutputFilter A;B", "<b><a>one two</a></b>"),
        ("SetOutputFilter a;Upper", "<A>ONE TWO</A>"),
        ("AddOutputFilter A .x\nSetOutputFilter B", "<b><a>one two</a></b>"),
        ("AddOutputFilter A;UPPER .x\nAddOutputFilter B y", "<b><A>ONE TWO</A></b>"),
        ("AddOutputFilter A .x\nRemoveOutputFilter .x", "one two"),
        ("AddOutputFilterByType A;B text/plain text/html", "<b><a>one two</a></b>"),
        ("AddOutputFilterByType A text/*\nAddOutputFilterByType B text/plain", "<b><a>one two</a></b>"),
        ("AddOutputFilterByType A text/html", "one two"),
        ("SetOutputFilter fl", "default ONE TWO"),
        ("SetOutputFilter None", "one two"),
        ("SetOutputFilter A;CONTENT_LENGTH", "<a>one two</a>"),
        ("SetOutputFilter DEFLATE;A", "<a>one two</a>"),
    ],
)
def test_the_configuration_says_which_filters_there_are_and_in_which_order(site, directives, body):
    answer = site(directives).get("/file.x.y")
    assert (answer.status, answer.raw) == (200, body.encode())
    assert answer.headers["content-length"] == str(len(body))


def test_filters_by_type_go_by_what_the_handler_sets(site):
    assert site("AddOutputFilterByType A text/html").get("/x?html").raw == b"<a>one</a>"


def test_inner_sections_add_filters_by_type_and_replace_those_for_all_files(tmp_path):
    text = CONFIG % "AddOutputFilterByType A text/plain\nSetOutputFilter UPPER"
    inner = "<Location /in>\nAddOutputFilterByType B text/plain\nSetOutputFilter None\n</Location>\n"
    inside = Site(tmp_path, text + inner, fl=FILTERS, page=PAGE)
    assert inside.get("/in").raw == b"<b><a>one two</a></b>"
    assert inside.get("/out").raw == b"<a>ONE TWO</a>"


def test_files_go_through_filters_whole_and_ranges_are_not_cut_out_before(site):
    made = site("SetOutputFilter UPPER;A", **{"small.txt": "abc"}, **{"big.txt": "0123456789abcdef\n" * 3000})
    assert made.get("/small.txt").raw == b"<a>ABC</a>"
    answer = made.get("/big.txt", HTTP_RANGE="bytes=0-3")
    assert answer.status == 200
    assert answer.raw == b"<a>" + b"0123456789ABCDEF\n" * 3000 + b"</a>"
    assert answer.headers["content-length"] == str(len(answer.raw))


def test_a_file_that_no_filter_by_type_is_for_is_sent_as_without_any(site):
    made = site("AddOutputFilterByType UPPER text/html", **{"small.txt": "abcdef", "page.html": "abcdef"})
    answer = made.get("/small.txt", HTTP_RANGE="bytes=1-2")
    assert (answer.status, answer.raw) == (206, b"bc")
    assert made.get("/page.html", HTTP_RANGE="bytes=1-2").raw == b"ABCDEF"


def test_a_file_too_large_to_be_one_piece_comes_in_several_without_a_length(site):
    made = site("SetOutputFilter DOUBLE", **{"huge.txt": "x" * (4 * 1024 * 1024 + 1)})
    answer = made.get("/huge.txt")
    assert answer.raw == b"x" * (8 * 1024 * 1024 + 2)
    assert "content-length" not in answer.headers


def test_a_length_that_was_set_before_a_filter_is_not_sent_when_it_can_be_wrong(site):
    made = site("SetOutputFilter DOUBLE")
    answer = made.get("/x?length")
    assert (answer.raw, "content-length" in answer.headers) == (b"oneone", False)


def test_a_length_is_not_sent_either_where_what_was_flushed_first_has_that_length(site):
    answer = site("SetOutputFilter AT_THE_END").get("/page.py?length")
    assert (answer.body, answer.headers.get("content-length")) == ("one-end", None)


def test_error_documents_of_ours_are_not_filtered_and_those_of_the_site_by_their_own_settings(site):
    made = site("SetOutputFilter UPPER", **{"gone.html": "<p>gone for good"})
    answer = made.get("/x?missing")
    assert (answer.status, b"<h1>Not Found</h1>" in answer.raw) == (404, True)
    answer = made.get("/x?gone")
    assert (answer.status, answer.raw) == (410, b"<P>GONE FOR GOOD")
    assert made.get("/x?flushed_missing").raw.startswith(b"ONE <!DOCTYPE HTML")


def test_an_internal_redirect_has_filters_of_its_own(site):
    made = site("AddOutputFilter A .only\nSetOutputFilter UPPER")
    assert made.get("/x.only?redirect").raw == b"ONE TWO"


def test_the_index_file_of_a_folder_is_filtered_once(site):
    made = site("SetOutputFilter A\nAddOutputFilter B .html", **{"index.html": "index"})
    assert made.get("/").raw == b"<a><b>index</b></a>"


def test_filters_run_for_head_requests_and_their_output_is_not_sent(site):
    answer = site("SetOutputFilter A").get("/x", method="HEAD")
    assert (answer.raw, answer.headers["content-length"]) == (b"", "14")


def test_callables_can_be_registered_and_unknown_names_are_only_logged(site):
    made = site()
    assert made.get("/x?added").raw == b"one"
    assert made.get("/x?unknown").status == 200
    assert made.log().count("an unknown filter was not added: NO_SUCH") == 2


def test_a_registered_name_is_looked_for_beside_the_handler_that_registers_it(tmp_path):
    made = Site(
        tmp_path,
        "<Directory ROOT>\nSetHandler mod_python\nPythonFixupHandler first\n</Directory>\n"
        "<Directory ROOT/in>\nPythonHandler second\n</Directory>\n",
        first="def fixuphandler(req):\n    req.register_output_filter('MINE', 'beside')\n    return 0",
        beside="def outputfilter(filter):\n    filter.write('beside %s' % filter.dir)\n    filter.close()",
        in__second="def handler(req):\n    req.add_output_filter('MINE')\n    return 0",
    )
    assert made.get("/in/x").body == "beside None"


# -- what filters do


def test_a_response_that_a_filter_ends_early_is_ended(site):
    assert site("SetOutputFilter EARLY").get("/x?flushed").raw == b"early"


def test_a_filter_that_never_closes_does_not_leave_the_response_open(site):
    answer = site("SetOutputFilter SILENT").get("/x?flushed")
    assert (answer.status, answer.raw, answer.cut) == (200, b"", False)


@pytest.mark.parametrize(
    ("directives", "uri", "seen"),
    [
        ("SetInputFilter UPPER", "/x?report", b"LINE ONE\nLINE TWO"),
        ("SetInputFilter UPPER;A", "/x?report", b"<A>LINE ONE\nLINE TWO</A>"),
        ("SetInputFilter A;UPPER", "/x?report", b"<a>LINE ONE\nLINE TWO</a>"),
        ("SetInputFilter fl", "/x?report", b"default LINE ONE\nLINE TWO"),
        ("AddInputFilter UPPER .x", "/f.x?report", b"LINE ONE\nLINE TWO"),
        ("SetInputFilter SILENT", "/x?report", b""),
        ("SetInputFilter UPPER", "/x?lines", [b"LINE ONE\n", b"LINE TWO"]),
    ],
)
def test_the_handler_reads_what_input_filters_make_of_the_body(site, directives, uri, seen):
    assert site(directives).get(uri, "POST", b"line one\nline two").raw == repr(seen).encode()


# -- failures


def test_an_output_filter_that_fails_is_answered_with_500_and_logged(site):
    made = site("SetOutputFilter FAIL")
    for how in ("plain", "flushed"):
        answer = made.get(f"/x?{how}")
        assert (answer.status, b"<h1>Internal Server Error</h1>" in answer.raw, answer.cut) == (500, True, False)
        assert b"one" not in answer.raw
    assert made.log().count("fail fl::fail: KeyError: 'told you'") == 2


def test_debug_shows_the_traceback_in_the_page_and_goes_on_without_the_filter(site):
    made = site("SetOutputFilter FAIL\nPythonDebug On")
    answer = made.get("/x?flushed")
    assert (answer.status, answer.headers["content-type"]) == (500, "text/html")
    assert b"Mod_python error: &quot;" not in answer.raw
    assert b'Mod_python error: "fail fl::fail"' in answer.raw
    assert answer.raw.endswith(b"</pre>\ntwo")


def test_a_filter_that_fails_behind_the_head_cuts_the_response_off(site):
    answer = site("SetOutputFilter FAIL_LATE").get("/x?flushed")
    assert (answer.status, answer.raw, answer.cut) == (200, b"one two", True)


def test_server_return_in_a_filter_is_the_answer(site):
    assert site("SetOutputFilter FORBID").get("/x?flushed").status == 403


def test_the_site_has_a_document_for_the_error_of_a_filter(tmp_path):
    text = "ErrorDocument 500 /sorry.html\n" + CONFIG % ""
    made = Site(
        tmp_path, text + "<Files x>\nSetOutputFilter FAIL\n</Files>\n", fl=FILTERS, page=PAGE,
        **{"sorry.html": "sorry"},
    )  # fmt: skip
    answer = made.get("/x")
    assert (answer.status, answer.raw, answer.cut) == (500, b"sorry", False)


def test_an_input_filter_that_fails_makes_reading_fail(site):
    made = site("SetInputFilter FAIL")
    assert made.get("/x?report", "POST", b"body").status == 500
    assert "the input filter fail (fl::fail) has failed" in made.log()
    assert made.get("/x?unread", "POST", b"body").raw == b"done"


def test_debug_gives_the_traceback_of_an_input_filter_to_the_handler(site):
    answer = site("SetInputFilter FAIL\nPythonDebug On").get("/x?report", "POST", b"body")
    assert (answer.status, b'Mod_python error: "fail fl::fail"' in answer.raw) == (500, True)


def test_server_return_in_an_input_filter_is_the_handlers_result(site):
    assert site("SetInputFilter FORBID").get("/x?report", "POST", b"body").status == 403


@pytest.mark.parametrize("name", ["UPPER", "FLUSHING"])
def test_a_client_that_is_gone_is_the_handlers_to_see_and_no_failure_of_the_filter(site, name):
    made = site(f"SetOutputFilter {name}")
    assert made.get("/x?caught").raw == b"ONE "
    assert "the client is gone" in made.log()
    assert f"fl::{name.lower()}" not in made.log()


# -- directives


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("PythonOutputFilter", "takes a handler and a name"), ("PythonInputFilter a b c", "takes a handler and a name"),
        ("AddOutputFilterByType A", "takes a filter and one or more content types"), ("AddOutputFilter A", "extensions"),
    ],
)  # fmt: skip
def test_directives_say_what_they_take(tmp_path, text, says):
    with pytest.raises(Exception, match=says):
        Site(tmp_path, text)
