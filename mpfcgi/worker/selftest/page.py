"""The self-test as a page, readable on a phone, and as text for a terminal.

Everything of it is text of ours or escaped. Without a script the page shows the commands for what is still to be asked.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from mpfcgi.worker.selftest.arrivals import CONTENT_TYPE, ODD_NAME, UPLOAD
from mpfcgi.worker.selftest.findings import LOOK, RIGHT, WRONG

OPEN = "not asked"
STYLE = """\
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 50rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; margin: 0; } #sum { font-weight: 600; } p { margin: .2rem 0; } .facts, .where { color: #777; }
ul { list-style: none; padding: 0; } li { border-left: .4rem solid #8888; margin: .5rem 0; padding: .1rem 0 .1rem .7rem; }
pre { margin: .2rem 0; padding: .4rem; background: #8882; white-space: pre-wrap; overflow-wrap: anywhere; }
.verdict { float: right; color: #777; } .wrong .verdict, .look .verdict { font-weight: 600; }
.right { border-color: #282; } .look { border-color: #c80; } .wrong { border-color: #c22; }
.wrong .verdict { color: #c22; } .look .verdict { color: #b60; }
"""
# Needs the cookie's value, the size of an upload, its type, and an odd name.
SCRIPT = """\
const [cookie, size, type, odd] = %s;
function count() {
  const rows = kind => document.querySelectorAll("li." + kind).length;
  document.getElementById("sum").textContent =
    `${rows("wrong")} wrong, ${rows("look")} to be looked at, ${rows("right")} right, ${rows("open")} not asked`;
}
function show(name, finding) {
  const row = document.getElementById(name), find = part => row.querySelector("." + part);
  row.className = finding.verdict.split(" ")[0];
  find("verdict").textContent = finding.verdict;
  find("seen").textContent = finding.seen;
  if (find("curl")) find("curl").hidden = true;
  if (finding.remedy) {
    find("where").textContent = finding.remedy.where;
    find("lines").textContent = finding.remedy.lines;
  }
  find("remedy").hidden = finding.verdict === "right" || !find("lines").textContent;
  count();
}
async function ask(name, query, init, path) {
  try {
    const answer = await fetch((path || "") + "?check=" + name + query, {cache: "no-store", ...init});
    if (!answer.ok) throw new Error("the answer has the status " + answer.status);
    await (name === "stream" ? parts(answer) : answer.json().then(finding => show(name, finding)));
  } catch (error) {
    show(name, {verdict: "wrong", seen: error.message});
  }
}
async function parts(answer) {
  const reader = answer.body.getReader(), first = new TextDecoder().decode((await reader.read()).value);
  while (!(await reader.read()).done);
  show("stream", first.includes("second") ? {verdict: "look at", seen: "they are held back until they are whole"}
    : {verdict: "right", seen: "what a handler flushes comes at once"});
}
const has = name => document.querySelector("li.open#" + name);
(async () => {
  await ask("host", "&host=" + encodeURIComponent(location.host));
  await ask("https", "&scheme=" + location.protocol.slice(0, -1));
  await ask("path", "", {}, location.pathname.replace(/\\/$/, "") + "/" + odd);
  if (has("authorization"))
    await ask("authorization", "", {headers: {Authorization: "Basic " + btoa("mpfcgi:selftest")}});
  await ask("cookies", "&value=" + cookie);
  await ask("body", "&bytes=" + size, {method: "POST", headers: {"Content-Type": type}, body: new Uint8Array(size)});
  await ask("stream", "");
  await ask("clock", "&now=" + Date.now() / 1000);
  document.body.dataset.done = "yes";
})();
"""


def page(report: dict[str, Any], nonce: str, cookie: str) -> str:
    """The whole page; `nonce` is what its Content-Security-Policy lets through, `cookie` the value that was set."""
    pool = f"pool {report['pool']}, {report['manager']}, at most {report['most']}"
    script = SCRIPT % json.dumps([cookie, UPLOAD, CONTENT_TYPE, ODD_NAME])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>mpfcgi self-test</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">\n'
        f'<style nonce="{nonce}">{STYLE}</style></head>\n<body><h1>mpfcgi self-test</h1>\n<p class="facts">'
        f"Version {escape(report['version'])}, Python {escape(report['python'])}, {escape(pool)}, configuration "
        f"{escape(report['config'])}</p>\n"
        f'<p id="sum">{_sum(report)}</p>\n<ul>\n{"".join(map(_row, _sorted(report)))}</ul>\n'
        f'<p><a href="?text">Text</a> · <a href="?json">JSON</a></p>\n<script nonce="{nonce}">{script}</script></body></html>\n'
    )


def text(report: dict[str, Any]) -> str:
    """The same for a terminal."""
    lines = [f"mpfcgi {report['version']}, Python {report['python']}, pool {report['pool']}, {report['config']}", ""]
    for check in _sorted(report):
        verdict = check.get("verdict") or OPEN
        lines.append(f"{verdict:10} {check['title']}: {check.get('seen') or check['curl']}")
        if check.get("verdict") and check["remedy"]:
            lines.append(f"{'':10} write in {check['remedy']['where']}:")
            lines += [f"{'':14} {line}" for line in check["remedy"]["lines"].splitlines()]
    return "\n".join(lines) + "\n"


def _sum(report: dict[str, Any]) -> str:
    verdicts = [check["verdict"] for check in report["checks"]]
    wrong, look, right = (verdicts.count(verdict) for verdict in (WRONG, LOOK, RIGHT))
    return f"{wrong} wrong, {look} to be looked at, {right} right, {len(report['further'])} not asked"


def _sorted(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The worst first, then what is still to be asked."""
    ranks = [WRONG, LOOK, None, RIGHT]
    return sorted([*report["checks"], *report["further"]], key=lambda check: ranks.index(check.get("verdict")))


def _row(check: dict[str, Any]) -> str:
    verdict = check.get("verdict")
    css = verdict.split()[0] if verdict else "open"
    remedy = check["remedy"] or {"where": "", "lines": ""}
    curl = "" if verdict else f'<pre class="curl">{escape(check["curl"])}</pre>'
    hidden = "" if verdict and remedy["lines"] else " hidden"
    return (
        f'<li class="{css}" id="{check["name"]}"><p><span class="verdict">{verdict or OPEN}</span>{escape(check["title"])}</p>'
        f'<p class="seen">{escape(check.get("seen", "takes a request of its own:"))}</p>{curl}'
        f'<div class="remedy"{hidden}><p class="where">{escape(remedy["where"])}</p>'
        f'<pre class="lines">{escape(remedy["lines"])}</pre></div></li>\n'
    )
