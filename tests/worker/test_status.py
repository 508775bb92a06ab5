"""The status page of the daemon, made of a report and of what workers note by themselves."""

import json
import os

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as metrics_of

from mpfcgi.config import load_text
from mpfcgi.ipc.scoreboard import Scoreboard
from mpfcgi.worker import status_metrics, status_page
from tests.support.cycle import Site

CONFIG = "<Location /status>\nSetHandler mpfcgi-status\n</Location>\n"
HOSTILE = "GET localhost/<script>alert(1)</script>\x1b[2J"
WORKER = {
    "pid": 4711, "age": 12.0, "state": "busy", "generation": 0, "requests": 7, "connections": 2, "cpu": 1.5,
    "pss": 5 << 20, "rss": 9 << 20, "request": HOSTILE, "request_age": 61.0,
}  # fmt: skip
REPORT = {
    "version": "1", "pid": 1, "config": "/etc/mpfcgi.conf", "state": "serving", "generation": 2, "upgrades": 0,
    "started": 1000.0, "now": 1060.0, "others": [],
    "pools": [{
        "name": 'a"\n<b>', "python": "3.9 -O", "manager": "static", "most": 4, "wanted": 4, "workers": [WORKER], "busy": 1, "idle": 0,
        "queue": 3, "queue_length": 128, "backing_off": 0, "requests": 99, "rate": 1.5, "ended": {"was killed by SIGKILL": 2},
    }],
    "endings": [{"at": 1000.0, "pool": "<i>", "pid": 12, "why": "<u>", "requests": 3}],
}  # fmt: skip


def site(tmp_path, more=""):
    site = Site(tmp_path, CONFIG + "ControlSocket Off\n" + more, a="x = 1")
    board = Scoreboard(3)
    slot = site.services.slot = board.take()
    slot.occupy(os.getpid(), 0, "localhost")
    slot.begin()
    slot.describe(b"GET localhost/slow")
    return site


def test_without_a_control_socket_the_page_shows_what_the_workers_have_noted(tmp_path):
    answer = site(tmp_path).get("/status")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "The supervisor could not be asked: ControlSocket is Off." in answer.body
    assert "GET localhost/slow" in answer.body


def test_json_is_a_report(tmp_path):
    answer = site(tmp_path).get("/status?json")
    assert answer.headers["content-type"] == "application/json"
    (pool,) = json.loads(answer.body)["pools"]
    assert (pool["name"], pool["busy"]) == ("localhost", 1)
    assert pool["workers"][0]["pss"] > 0


def test_metrics_can_be_read_by_prometheus(tmp_path):
    body = site(tmp_path).get("/status?metrics").body
    values = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in metrics_of(body)
        for sample in family.samples
    }
    assert values["mpfcgi_workers", "busy"] == 1
    assert values["mpfcgi_worker_pss_bytes", None] > 0


def test_metrics_are_openmetrics_where_that_is_asked_for():
    body, content_type = status_metrics.render(REPORT, "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    samples = {sample.name: sample for family in openmetrics(body.decode()) for sample in family.samples}
    assert samples["mpfcgi_requests_total"].value == 99
    assert samples["mpfcgi_requests_total"].labels == {"pool": 'a"\n<b>'}
    assert samples["mpfcgi_worker_endings_total"].labels["why"] == "was killed by SIGKILL"
    assert samples["mpfcgi_queue"].value == 3
    assert samples["mpfcgi_worker_request_seconds"].value == 61


def test_what_clients_and_names_say_is_text_in_the_page():
    page = status_page.page(REPORT, "nonce")
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not any(tag in page for tag in ("<b>", "<i>", "<u>"))


def test_a_request_that_takes_long_stands_out_and_the_others_are_below():
    quick = {**WORKER, "pid": 4712, "request_age": 0.5, "request": "GET localhost/quick"}
    report = {**REPORT, "pools": [{**REPORT["pools"][0], "workers": [quick, WORKER]}]}
    page = status_page.rows(report)
    assert page.index("4711") < page.index("4712")
    assert page.count('class="w long"') == 1


def test_the_rows_alone_are_what_the_script_asks_for(tmp_path):
    answer = site(tmp_path).get("/status?rows")
    assert "<html" not in answer.body
    assert "GET localhost/slow" in answer.body


def test_it_is_never_kept_and_its_policy_lets_only_its_own_script_through(tmp_path):
    headers = site(tmp_path).get("/status").headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_it_is_there_only_where_it_is_configured_and_the_access_rules_hold(tmp_path):
    refused = site(tmp_path, "<Location /status>\nRequire ip 192.0.2.1\n</Location>\n")
    assert refused.get("/status").status == 403
    assert refused.get("/other").status == 404
    assert refused.get("/status", REMOTE_ADDR="192.0.2.1").status == 200


def test_a_handler_can_not_make_itself_the_status_page(tmp_path):
    fixup = "def fixuphandler(req):\n    req.handler = 'mpfcgi-status'\n    return 0\n"
    site = Site(
        tmp_path, "<Directory ROOT>\nPythonFixupHandler fix\n</Directory>\n", fix=fixup, **{"page.txt": "plain"}
    )
    assert site.get("/page.txt").body == "plain"


def test_only_reading_is_allowed(tmp_path):
    answer = site(tmp_path).get("/status", method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")
    assert load_text(CONFIG).control_socket.endswith(".ctl")
