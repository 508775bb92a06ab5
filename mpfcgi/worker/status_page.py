"""The status as a page: whole without a script; with one, it stays up to date. Readable on a phone.

Everything of it is text of ours or escaped: the requests it shows are what clients have made up.
"""

from __future__ import annotations

import time
from html import escape
from typing import Any

# Seconds between two updates, and of a request that takes long.
EVERY, LONG = 2, 5.0

STYLE = """\
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .2rem; overflow-wrap: anywhere; }
p { margin: .2rem 0; color: #777; overflow-wrap: anywhere; }
.note { color: #b50; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: normal; color: #777; }
th, td { padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.n, th.n { text-align: right; } td.w { overflow-wrap: anywhere; width: 45%; }
.busy { color: #b60; } .idle { color: #282; } .leaving, .starting { color: #777; } .long { color: #c22; font-weight: 600; }
@media (max-width: 40rem) {
  thead { display: none; } tr { display: flex; flex-wrap: wrap; gap: 0 .9rem; border-bottom: 1px solid #8884; padding: .3rem 0; }
  td, td.w { border: 0; padding: 0; width: auto; } td.w:not(:empty) { flex-basis: 100%; }
  td[data-name]:not(:empty)::after { content: " " attr(data-name); color: #777; }
}
"""
SCRIPT = """\
const main = document.querySelector("main");
async function update() {
  if (!document.hidden) {
    try {
      const answer = await fetch("?rows", {cache: "no-store"});
      if (!answer.ok) throw new Error(answer.status);
      main.innerHTML = await answer.text();
    } catch (error) {
      document.querySelector("#state").textContent = "no answer: " + error.message;
    }
  }
  setTimeout(update, %d);
}
setTimeout(update, %d);
"""


def page(report: dict[str, Any], nonce: str) -> str:
    """The whole page; `nonce` is what its Content-Security-Policy lets through."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>mpfcgi status</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">\n'
        f'<style nonce="{nonce}">{STYLE}</style></head>\n<body><h1>mpfcgi</h1>\n<main>\n{rows(report)}</main>\n'
        f'<p><a href="?json">JSON</a> · <a href="?metrics">metrics</a></p>\n'
        f'<script nonce="{nonce}">{SCRIPT % (EVERY * 1000, EVERY * 1000)}</script></body></html>\n'
    )


def rows(report: dict[str, Any]) -> str:
    """What changes of it."""
    parts = [
        f'<p><span id="state">{escape(report["state"])}</span> for {_age(report["now"] - report["started"])}, version '
        f"{escape(report['version'])}, process {report['pid']}, configuration {report['generation']} of "
        f"{escape(report['config'])}</p>\n"
    ]
    if report.get("note"):
        parts.append(f'<p class="note">{escape(report["note"])}</p>\n')
    for pool in report["pools"]:
        parts.append(_pool(pool))
    if report["endings"]:
        parts.append("<h2>Workers that have ended</h2>\n<table><tbody>\n")
        parts += [_ending(ending) for ending in report["endings"][:20]]
        parts.append("</tbody></table>\n")
    return "".join(parts)


def _pool(pool: dict[str, Any]) -> str:
    facts = [f"{pool['busy']} busy, {pool['idle']} idle"]
    if pool["most"] is not None:
        facts.append(f"{escape(pool['manager'])}, at most {pool['most']}")
    if pool["python"] is not None:
        facts.append(f"Python {escape(pool['python'])}")
    if pool["queue"] is not None:
        facts.append(f"{pool['queue']} of {pool['queue_length']} in the queue")
    facts.append(f"{pool['requests']} requests")
    if pool["rate"] is not None:
        facts.append(f"{pool['rate']:g} per second")
    facts += [f"{escape(why)}: {count}" for why, count in pool["ended"].items()]
    if pool["backing_off"]:
        facts.append(f'<span class="long">workers do not start, next attempt within {pool["backing_off"]:g} s</span>')
    workers = sorted(pool["workers"], key=lambda worker: -(worker["request_age"] or 0.0))
    return (
        f"<h2>{escape(pool['name'])}</h2>\n<p>{' · '.join(facts)}</p>\n<table><thead><tr><th>Process<th>State"
        '<th class="n">Age<th class="n">Requests<th class="n">CPU<th class="n">PSS<th>Request in progress</tr></thead>'
        f"<tbody>\n{''.join(map(_worker, workers))}</tbody></table>\n"
    )


def _worker(worker: dict[str, Any]) -> str:
    doing, kind = "", "w"
    if worker["request_age"] is not None:
        doing = f"{_age(worker['request_age'])}: {escape(worker['request'] or '')}"
        kind = "w long" if worker["request_age"] > LONG else "w"
    cpu = "" if worker["cpu"] is None else f"{worker['cpu']:.1f} s"
    pss = "" if worker["pss"] is None else f"{worker['pss'] / 1048576:.1f} MB"
    state = escape(worker["state"])
    return (
        f'<tr><td>{worker["pid"]}<td class="{state}">{state}<td class="n" data-name="old">{_age(worker["age"])}'
        f'<td class="n" data-name="requests">{worker["requests"]}<td class="n" data-name="CPU">{cpu}'
        f'<td class="n">{pss}<td class="{kind}">{doing}</tr>\n'
    )


def _ending(ending: dict[str, Any]) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ending["at"]))
    return (
        f'<tr><td>{when}<td class="w">{escape(ending["pool"])}<td>{ending["pid"]}<td>{escape(ending["why"])}'
        f'<td class="n" data-name="requests">{ending["requests"]}</tr>\n'
    )


def _age(seconds: float) -> str:
    for limit, unit, name, digits in ((10, 1, "s", 1), (120, 1, "s", 0), (7200, 60, "min", 0), (172800, 3600, "h", 0)):
        if seconds < limit:
            return f"{seconds / unit:.{digits}f} {name}"
    return f"{seconds / 86400:.0f} days"
