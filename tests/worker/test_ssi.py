"""Pages with includes in the request cycle: who asks for them, what they include, run and show."""

import os

import pytest

from tests.support.cycle import Site
from tests.worker.ssi_world import ERROR

CONFIG = """
<Directory ROOT>
    Options +Includes
    AddType text/html .shtml
    AddOutputFilter INCLUDES .shtml
    PythonDebug On
</Directory>
<Directory ROOT/py>
    SetHandler mod_python
    PythonHandler page
</Directory>
<Directory ROOT/noexec>
    Options IncludesNOEXEC
</Directory>
<Directory ROOT/quiet>
    PythonDebug Off
</Directory>
"""
PAGE = """
from mod_python import apache

def handler(req):
    if "status" in req.uri:
        req.write("begun ", 0)
        return 404
    if "break" in req.uri:
        1 / 0
    if "redirect" in req.uri:
        req.internal_redirect("/part.txt")
        return apache.OK
    if "generate" in req.uri:
        req.content_type = "text/html"
        req.add_output_filter("INCLUDES")
        req.ssi_globals = {"who": "the handler"}
        req.write("<!--#pyt", 1)
        req.write('hon eval="who" -->', 0)
        return apache.OK
    req.headers_out["X-Part"] = "lost"
    req.register_cleanup(apache.log_error, "cleaned up")
    req.write("%s %s %s %s %s" % (req.method, req.uri, req.args, req.main.uri, req.read()), 0)
    return apache.OK
"""


def shown(folder, source, uri="/page.shtml", config=CONFIG, params=None, **files):
    """The answer for a page that stands at `uri`."""
    files = {"part.txt": "[part]", "py__page.py": PAGE, "noexec__x.txt": "", "quiet__x.txt": "", **files}
    site = Site(folder, config, **{uri.partition("?")[0].strip("/").replace("/", "__"): source, **files})
    answer = site.get(uri, **(params or {}))
    answer.log = site.log()
    return answer


def body(folder, source, *more, **files):
    return shown(folder, source, *more, **files).body.replace(ERROR, "E")


def test_a_page_with_elements_has_no_length_date_or_tag(tmp_path):
    answer = shown(tmp_path, 'a<!--#echo var="DOCUMENT_NAME" -->b')
    assert answer.body == "apage.shtmlb"
    assert not {"content-length", "last-modified", "etag"} & answer.headers.keys()


def test_a_page_without_elements_has_its_length(tmp_path):
    assert shown(tmp_path, "plain").headers["content-length"] == "5"


def test_a_page_is_never_answered_with_not_modified(tmp_path):
    later = {"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"}
    assert shown(tmp_path, "a", params=later).status == 200


def test_a_page_keeps_its_date_when_it_is_told_so(tmp_path):
    answer = shown(
        tmp_path,
        "a<!--#set var='x' value='' -->",
        config=CONFIG + "<Files *>\nSSILastModified On\nSSIETag On\n</Files>",
    )
    assert "last-modified" in answer.headers


@pytest.mark.parametrize("options", ["None", "Indexes", "-Includes"])
def test_without_options_includes_the_page_is_sent_as_it_is(tmp_path, options):
    answer = shown(tmp_path, "<!--#nosuch -->", config=CONFIG + f"<Files *>\nOptions {options}\n</Files>")
    assert answer.body == "<!--#nosuch -->"
    assert "INCLUDES filter removed" in answer.log


def test_variables_of_the_request(tmp_path):
    source = '<!--#echo var="DOCUMENT_URI" -->|<!--#echo var="REQUEST_URI" -->|<!--#echo var="HTTP_X_THING" -->|'
    source += '<!--#echo encoding="none" var="QUERY_STRING_UNESCAPED" -->'
    answer = shown(tmp_path, source, "/page.shtml?a%3Bb=%C3%A9", params={"HTTP_X_THING": "<Ã©>"})
    assert answer.body == "/page.shtml|/page.shtml?a%3Bb=%C3%A9|&lt;é&gt;|a\\;b=é"


def test_characters_beyond_latin1_are_the_same_for_page_and_python(tmp_path):
    source = (
        "<!--#set var='x' value='é€' --><!--#echo var='x' -->|<!--#python eval=\"filter.req.subprocess_env['x']\" -->"
    )
    assert body(tmp_path, source) == "é€|é€"


# -- who asks for includes


def test_a_handler_may_ask_for_includes_and_fill_the_globals(tmp_path):
    assert body(tmp_path, "", "/py/generate.txt", py__page=PAGE) == "the handler"


@pytest.mark.parametrize(
    "line",
    [
        "AddHandler server-parsed .html",
        "SetHandler server-parsed",
        "AddType text/x-server-parsed-html .html",
        "SetOutputFilter INCLUDES",
    ],
)
def test_ways_to_ask_for_includes(tmp_path, line):
    answer = shown(
        tmp_path, "<!--#echo var='DOCUMENT_NAME' -->", "/a.html", f"Options +Includes\n<Files *>\n{line}\n</Files>"
    )
    assert answer.body == "a.html"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("bits", "on", "full"), [(0o644, "raw", "raw"), (0o744, "page", "page"), (0o754, "page", "dated")]
)
def test_xbithack_asks_by_the_files_permissions(tmp_path, bits, on, full):
    for value, expected in (("On", on), ("Full", full), ("Off", "raw")):
        site = Site(tmp_path, f"Options +Includes\nXBitHack {value}\n", **{"a.html": "<!--#set var='x' value='' -->"})
        os.chmod(site.root / "a.html", bits)
        answer = site.get("/a.html")
        assert (answer.body == "") == (expected != "raw")
        assert ("last-modified" in answer.headers) == (expected != "page")


def test_messages_tags_and_times_come_from_the_configuration(tmp_path):
    lines = 'SSIErrorMsg oops\nSSIUndefinedEcho "?"\nSSITimeFormat %Y\nSSIStartTag [[\nSSIEndTag ]]\n'
    source = "[[nosuch]][[echo var='x' ]][[flastmod virtual='/part.txt' ]]<!--#echo -->"
    result = body(tmp_path, source, "/page.shtml", lines + CONFIG)
    assert result.startswith("oops?20")
    assert result.endswith("<!--#echo -->")


def test_the_legacy_conditions_can_be_chosen(tmp_path):
    source = "<!--#set var='x' value='1' --><!--#if expr='$x = 1' -->yes<!--#endif -->"
    config = CONFIG + "<Files *>\nSSILegacyExprParser On\n</Files>"
    assert body(tmp_path, source, "/page.shtml", config) == "yes"


# -- including


@pytest.mark.parametrize(
    ("element", "result"),
    [
        ("include virtual='/part.txt'", "[part]"),
        ("include virtual='part.txt'", "[part]"),
        ("include virtual='/sub/../part.txt?x#y'", "[part]"),
        ("include file='part.txt'", "[part]"),
        ("include file='sub/deep.shtml'", "deep page.shtml / /page.shtml"),
        ("include virtual='/sub/deep.shtml'", "deep page.shtml /sub/deep.shtml /page.shtml"),
        ("include virtual='/sub/'", "index"),
        ("include virtual='/nowhere'", "E"),
        ("include virtual='/secret/x.txt'", "E"),
        ("include virtual='/../../etc/passwd'", "E"),
        ("include file='../page.shtml'", "E"),
        ("include file='secret/x.txt'", "E"),
        ("include virtual='part.txt' --><!--#include virtual='part.txt'", "[part][part]"),
        ("include file='/etc/passwd'", "E"),
        ("include virtual='http://example.test/'", "E"),
        ("include virtual='/sub'", "E"),
        ("include virtual='/py/echo?a=b'", "GET /py/echo a=b /page.shtml b''"),
        ("include virtual='/py/status'", "begun E"),
        ("include virtual='/py/redirect'", "[part]"),
        ("fsize virtual='/part.txt'", "  6 "),
        ("fsize file='part.txt'", "  6 "),
        ("fsize virtual='/nowhere'", "E"),
        ("fsize file='../page.shtml'", "E"),
    ],
)
def test_what_a_page_includes(tmp_path, element, result):
    deep = '<!--#set var="x" value="/" -->deep <!--#echo var="DOCUMENT_NAME" --> '
    deep += '<!--#python eval="filter.req.uri or \'/\'" --> <!--#python eval="filter.req.main.uri" -->'
    config = CONFIG + "<Directory ROOT/secret>\nRequire all denied\n</Directory>"
    files = {"sub__deep.shtml": deep, "sub__index.html": "index", "secret__x.txt": "secret"}
    answer = shown(tmp_path, f"<!--#{element} -->", "/page.shtml", config, {"HTTP_RANGE": "bytes=0-1"}, **files)
    assert answer.body.replace(ERROR, "E") == result
    assert "x-part" not in answer.headers
    assert answer.status == 200


def test_an_error_in_an_included_handler_shows_there(tmp_path):
    result = body(tmp_path, "a<!--#include virtual='/py/break' -->b")
    assert result.startswith("a\n<pre>\nMod_python error")
    assert result.endswith("</pre>\nb")


def test_cleanups_of_an_included_handler_run(tmp_path):
    assert "cleaned up" in shown(tmp_path, "<!--#include virtual='/py/echo' -->").log


def test_pages_that_include_each_other_come_to_an_end(tmp_path):
    answer = shown(tmp_path, "a<!--#include virtual='page.shtml' -->b")
    assert answer.body.replace(ERROR, "E") == "a" * 11 + "E" + "b" * 11
    assert "in a circle" in answer.log


def test_an_included_page_shares_variables_and_not_globals(tmp_path):
    source = '<!--#set var="v" value="outer" --><!--#python exec="n = 1" --><!--#include virtual="in.shtml?q" -->'
    source += '<!--#echo var="v" --> <!--#python eval="n" --> <!--#echo var="QUERY_STRING" -->'
    inner = '<!--#echo var="v" --><!--#set var="v" value="inner" --><!--#python exec="n = 2" --> '
    assert body(tmp_path, source, **{"in.shtml": inner}) == "outer inner 1 q"


def test_an_included_page_has_settings_of_its_own(tmp_path):
    source = (
        '<!--#config errmsg="X" --><!--#include virtual="/noexec/in.shtml" --><!--#python eval="1" --><!--#nosuch -->'
    )
    assert body(tmp_path, source, **{"noexec__in.shtml": '<!--#python eval="1" -->'}) == "E1X"


# -- running


def test_commands_run_in_the_pages_folder_with_its_variables(tmp_path):
    source = "<!--#set var='x' value='a b' --><!--#exec cmd='basename \"$PWD\"; echo \"$x\" \\$DOCUMENT_NAME; echo oops >&2' -->"
    answer = shown(tmp_path, source)
    assert answer.body == "www\na b page.shtml\n"
    assert "oops" in answer.log


def test_what_a_client_sends_is_no_command(tmp_path):
    source = "<!--#exec cmd='echo $QUERY_STRING' -->"
    assert body(tmp_path, source, "/page.shtml?;echo+hacked") == ";echo+hacked\n"


def test_cgi_runs_what_has_a_handler_and_never_shows_a_source(tmp_path):
    source = "<!--#exec cgi='/py/echo?x' -->|<!--#exec cgi='/part.txt' -->"
    assert body(tmp_path, source) == "GET /py/echo x /page.shtml b''|E"


def test_without_exec_nothing_runs_and_only_text_is_included(tmp_path):
    source = "<!--#exec cmd='id' -->|<!--#exec cgi='/py/echo' -->|<!--#python eval='1' -->|<!--#include virtual='/x.zip' -->|"
    source += "<!--#include virtual='/part.txt' -->|<!--#echo var='DOCUMENT_NAME' -->"
    assert body(tmp_path, source, "/noexec/page.shtml", **{"x.zip": "zip"}) == "E|E|E|E|[part]|page.shtml"


# -- Python


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("eval=\"1 + 1\"", "2"), ("eval=\"None\"", ""), ("eval=\"'é' * 2\"", "éé"), ("eval=\" 1 \"", "1"),
        ("exec=\"filter.write('a'); filter.write(b'b')\"", "ab"), ("exec=\"print(1, 'x', file=filter)\"", "1 x\n"),
        ("exec=\"\r\nfor i in 1, 2:\r\n    filter.write(str(i))\r\n\"", "12"),
        ("exec=\"filter.write('a'); filter.flush(); filter.write('b')\"", "ab"),
        ("exec=\"filter.close()\"", ""), ("eval=\"filter.read()\"", "b''"),
        ("eval=\"filter.name, filter.is_input, filter.handler\"", "('includes', 0, None)"),
        ("eval=\"sorted(globals())\"", "['__builtins__', '__file__', 'filter']"),
        ("eval=\"filter.req.uri, __file__ == filter.req.filename\"", "('/page.shtml', True)"),
    ],
)  # fmt: skip
def test_python_in_a_page(tmp_path, code, result):
    assert shown(tmp_path, f"<!--#python {code} -->".encode().decode()).body == result


def test_globals_last_for_the_page(tmp_path):
    source = '<!--#python exec="import math\ndef f(x): return x + n" --><!--#python exec="n = 1" --><!--#python eval="f(math.floor(1.5))" -->'
    assert body(tmp_path, source) == "2"


def test_globals_do_not_outlive_the_request(tmp_path):
    site = Site(tmp_path, CONFIG, **{"a.shtml": '<!--#python eval="sorted(globals())" --><!--#python exec="n = 1" -->'})
    assert site.get("/a.shtml").body == site.get("/a.shtml").body


def test_a_fixup_handler_fills_the_globals(tmp_path):
    fixup = "from mod_python import apache\ndef fixuphandler(req):\n    req.ssi_globals = {'title': 'T'}\n    return apache.OK\n"
    config = CONFIG + "<Directory ROOT/pre>\nPythonFixupHandler fix\n</Directory>"
    assert body(tmp_path, '<!--#python eval="title" -->', "/pre/page.shtml", config, pre__fix=fixup) == "T"


def test_globals_that_are_no_dictionary_end_the_page_with_a_traceback(tmp_path):
    fixup = "from mod_python import apache\ndef fixuphandler(req):\n    req.ssi_globals = 5\n    return apache.OK\n"
    config = CONFIG + "<Directory ROOT/pre>\nPythonFixupHandler fix\n</Directory>"
    answer = shown(tmp_path, 'a<!--#python eval="1" -->b', "/pre/page.shtml", config, pre__fix=fixup)
    assert answer.body.startswith('a\n<pre>\nMod_python error: "includes ')
    assert "TypeError" in answer.body


@pytest.mark.parametrize(
    "code", ["1/0", "raise SystemExit", "x = ", "from mod_python import apache; raise apache.SERVER_RETURN(404)"]
)
def test_an_error_of_python_shows_its_traceback_and_ends_the_page(tmp_path, code):
    answer = shown(tmp_path, f"a<!--#python exec=\"filter.write('b'); {code}\" -->c")
    assert answer.status == 200
    assert answer.body.lstrip("ab").startswith('\n<pre>\nMod_python error: "includes ')
    assert answer.body.endswith("</pre>\n")
    assert "Traceback" in answer.log


@pytest.mark.parametrize("place", ["/in.shtml", "/quiet/in.shtml"])
def test_an_error_of_python_in_an_included_page_ends_all_of_them(tmp_path, place):
    files = {
        place.strip("/").replace("/", "__"): 'c<!--#python eval="1/0" -->d',
        "mid.shtml": f'b<!--#include virtual="{place}" -->e',
    }
    result = shown(tmp_path, 'a<!--#include virtual="mid.shtml" -->f', **files).body
    assert result.startswith("abc")
    assert result.endswith(ERROR if "quiet" in place else "</pre>\n")


def test_what_code_writes_to_the_request_stands_in_its_place_and_is_no_element(tmp_path):
    source = """a<!--#python exec="filter.req.write('<!--#nosuch --' + '>')" -->b"""
    assert body(tmp_path, source) == "a<!--#nosuch -->b"


def test_without_debug_the_page_shows_the_error_message_alone(tmp_path):
    answer = shown(tmp_path, 'a<!--#python eval="1/0" -->c', "/quiet/page.shtml")
    assert answer.body == "a" + ERROR
    assert "ZeroDivisionError" in answer.log


def test_headers_are_gone_when_python_runs(tmp_path):
    source = "<!--#python exec=\"filter.req.headers_out['X-Late'] = 'yes'; filter.req.status = 203\" -->"
    answer = shown(tmp_path, source)
    assert answer.status == 200
    assert "x-late" not in answer.headers


def test_a_head_request_has_no_body(tmp_path):
    site = Site(tmp_path, CONFIG, **{"a.shtml": '<!--#python eval="1" -->'})
    answer = site.get("/a.shtml", "HEAD")
    assert (answer.status, answer.body) == (200, "")


def test_what_a_page_shows_is_not_taken_for_a_page_again(tmp_path):
    source = "<!--#echo encoding='none' var='HTTP_X_THING' -->"
    params = {"HTTP_X_THING": "<!--#exec cmd='id' -->"}
    assert (
        shown(tmp_path, source, config=CONFIG + "SetOutputFilter INCLUDES\n", params=params).body
        == params["HTTP_X_THING"]
    )


def test_an_error_document_may_be_a_page_with_includes(tmp_path):
    source = '<!--#echo var="REDIRECT_STATUS" -->|<!--#echo var="REDIRECT_URL" -->|<!--#echo var="REQUEST_URI" -->'
    site = Site(tmp_path, CONFIG + "ErrorDocument 404 /missing.shtml", **{"missing.shtml": source})
    answer = site.get("/nowhere?a=b")
    assert (answer.status, answer.body) == (404, "404|/nowhere|/nowhere?a=b")


def test_options_of_an_inner_section_decide_whether_programs_run():
    from mpfcgi.config.directives.files import apply_options, options

    def after(*lines):
        value = None
        for line in lines:
            value = apply_options(value, options(tuple(line.split())))
        return value & {"Includes", "IncludesNOEXEC"}

    assert after("Includes", "+IncludesNOEXEC") == {"IncludesNOEXEC"}
    assert after("IncludesNOEXEC", "+Includes") == {"Includes"}
    assert after("IncludesNOEXEC", "-Includes") == set()
    assert after("Includes", "-IncludesNOEXEC") == set()
    assert after("Includes", "+Indexes") == {"Includes"}
