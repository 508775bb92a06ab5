"""What processes cost: processor time and memory, looked up by whoever wants to show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def add_figures(report: Mapping[str, Any]) -> None:
    """Add `cpu` (seconds since its start), `pss` and `rss` (bytes) to each worker of a daemon's report.

    PSS is memory with each shared page divided among those who share it, so that it adds up. None for what this user
    may not see, and for processes that have ended.
    """
    import psutil  # only those who ask pay for it

    for worker in (worker for pool in report["pools"] for worker in pool["workers"]):
        worker["cpu"] = worker["pss"] = worker["rss"] = None
        try:
            process = psutil.Process(worker["pid"])
            times = process.cpu_times()
            worker["cpu"] = round(times.user + times.system, 2)
            worker["rss"] = process.memory_info().rss
            worker["pss"] = process.memory_full_info().pss
        except psutil.Error:
            continue
