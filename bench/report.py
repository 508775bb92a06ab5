"""What a run says in the end: rows from samples, a table for people, JSON for programs, an SVG plot."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

from measure import Sample

FLOOR = "floor"


@dataclass(frozen=True)
class Row:
    """One line of the table: medians over the rounds. `ratio` is to the floor of the same round."""

    key: str
    title: str
    note: str
    processes: int
    requests_per_second: float
    cpu_us_per_request: float
    ratio: float | None
    p50_ms: float
    p99_ms: float
    failures: int


def make_row(key: str, title: str, note: str, processes: int, rounds: Sequence[Mapping[str, Sample]]) -> Row:
    """The medians of one row. `rounds` has, for each round, the samples by key."""
    own = [r[key] for r in rounds]
    ratios = [
        r[key].requests_per_second / r[FLOOR].requests_per_second
        for r in rounds
        if FLOOR in r and r[FLOOR].requests_per_second
    ]
    return Row(
        key=key,
        title=title,
        note=note,
        processes=processes,
        requests_per_second=median(s.requests_per_second for s in own),
        cpu_us_per_request=median(s.cpu_us_per_request for s in own),
        ratio=median(ratios) if ratios else None,
        p50_ms=median(s.p50_ms for s in own),
        p99_ms=median(s.p99_ms for s in own),
        failures=sum(s.failures for s in own),
    )


def machine() -> str:
    """One line about where the figures were taken."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, Python {platform.python_version()}"


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, fastest row first, readable as plain text too."""
    head = ("", "requests/s", "of the floor", "CPU us/request", "p50 ms", "p99 ms", "processes", "failed", "")
    lines = [head]
    for row in sorted(rows, key=lambda r: -r.requests_per_second):
        lines.append(
            (
                row.title,
                f"{row.requests_per_second:,.0f}",
                "" if row.ratio is None else f"{row.ratio:.2f}",
                f"{row.cpu_us_per_request:.1f}",
                f"{row.p50_ms:.2f}",
                f"{row.p99_ms:.2f}",
                str(row.processes),
                str(row.failures),
                row.note,
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]

    def text(line: Sequence[str]) -> str:
        numbers = range(1, len(head) - 1)
        cells = (c.rjust(w) if i in numbers else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if 0 < i < len(head) - 1 else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([text(lines[0]), rule, *map(text, lines[1:])])


def as_json(rows: Sequence[Row], settings: Mapping[str, object], rounds: Sequence[Mapping[str, Sample]]) -> str:
    """Everything: the machine, the settings, the rows, and each sample of each round."""
    samples = [{key: asdict(sample) for key, sample in r.items()} for r in rounds]
    document = {"machine": machine(), **settings, "rows": [asdict(r) for r in rows], "rounds": samples}
    return json.dumps(document, indent=2) + "\n"


def plot(rows: Sequence[Row]) -> str:
    """An SVG of two bar charts side by side: requests per second, and processor time per request."""
    rows = sorted(rows, key=lambda r: -r.requests_per_second)
    line, top, left, bar, gap = 26, 64, 190, 250, 90
    width, height = left + 2 * (bar + gap) + 10, top + line * len(rows) + 44
    charts = (
        ("requests per second, more is better", [r.requests_per_second for r in rows], "{:,.0f}"),
        ("CPU microseconds per request, less is better", [r.cpu_us_per_request for r in rows], "{:.1f}"),
    )
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<text x="16" y="26" font-size="16" font-weight="600">Hello World behind the same nginx</text>',
    ]
    for i, row in enumerate(rows):
        weight = ' font-weight="700"' if row.key == "ours" else ""
        y = top + i * line + 16
        out.append(f'<text x="{left - 10}" y="{y}" text-anchor="end"{weight}>{escape(row.title)}</text>')
    for column, (title, values, form) in enumerate(charts):
        x = left + column * (bar + gap)
        largest = max([*values, 1e-9])
        out.append(f'<text x="{x}" y="{top - 12}" fill="#555">{title}</text>')
        for i, (row, value) in enumerate(zip(rows, values, strict=True)):
            colour = {"ours": "#2f6f4f", FLOOR: "#b9b9b9"}.get(row.key, "#8fa8c8")
            y, long = top + i * line, max(1.0, bar * value / largest)
            out.append(f'<rect x="{x}" y="{y + 3}" width="{long:.1f}" height="{line - 8}" rx="2" fill="{colour}"/>')
            out.append(f'<text x="{x + long + 6:.1f}" y="{y + 16}" fill="#333">{form.format(value)}</text>')
    out.append(f'<text x="16" y="{height - 14}" font-size="11" fill="#777">{escape(machine())}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
