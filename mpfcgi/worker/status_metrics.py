"""The status for Prometheus: a report as metrics, in the text format or, where it is asked for, as OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

STATES = ("starting", "idle", "busy", "leaving")


def render(report: dict[str, Any], accept: str) -> tuple[bytes, str]:
    """The body and its content type; `accept` is the header of the request."""
    registry = CollectorRegistry()
    registry.register(_Report(report))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Report(Collector):
    def __init__(self, report: dict[str, Any]) -> None:
        self._report = report

    def collect(self) -> Iterator[Metric]:
        report = self._report
        yield GaugeMetricFamily("mpfcgi_start_time_seconds", "When the daemon was started.", value=report["started"])
        yield GaugeMetricFamily("mpfcgi_generation", "How often it was reloaded.", value=report["generation"])
        yield from self._pools(report["pools"])
        yield from self._workers(report["pools"])

    def _pools(self, pools: list[dict[str, Any]]) -> Iterator[Metric]:
        requests = CounterMetricFamily("mpfcgi_requests", "Requests that were answered.", labels=["pool"])
        endings = CounterMetricFamily("mpfcgi_worker_endings", "Workers that have ended.", labels=["pool", "why"])
        workers = GaugeMetricFamily("mpfcgi_workers", "Workers by their state.", labels=["pool", "state"])
        most = GaugeMetricFamily("mpfcgi_workers_max", "How many workers there may be.", labels=["pool"])
        queue = GaugeMetricFamily("mpfcgi_queue", "Connections that wait for a worker.", labels=["pool"])
        queue_max = GaugeMetricFamily("mpfcgi_queue_max", "How many may wait.", labels=["pool"])
        for pool in pools:
            name = [_label(pool)]
            requests.add_metric(name, pool["requests"])
            for why, count in pool["ended"].items():
                endings.add_metric([*name, why], count)
            states = [worker["state"] for worker in pool["workers"]]
            for state in STATES:
                workers.add_metric([*name, state], states.count(state))
            for gauge, field in ((most, "most"), (queue, "queue"), (queue_max, "queue_length")):
                if pool[field] is not None:
                    gauge.add_metric(name, pool[field])
        yield from (requests, endings, workers, most, queue, queue_max)

    def _workers(self, pools: list[dict[str, Any]]) -> Iterator[Metric]:
        labels = ["pool", "pid"]
        cpu = CounterMetricFamily("mpfcgi_worker_cpu_seconds", "Processor time of a worker.", labels=labels)
        pss = GaugeMetricFamily(
            "mpfcgi_worker_pss_bytes", "Memory of a worker, its share of shared pages.", labels=labels
        )
        rss = GaugeMetricFamily("mpfcgi_worker_rss_bytes", "Memory of a worker with all shared pages.", labels=labels)
        age = GaugeMetricFamily("mpfcgi_worker_request_seconds", "Age of the request in progress.", labels=labels)
        for name, worker in ((_label(pool), worker) for pool in pools for worker in pool["workers"]):
            for metric, field in ((cpu, "cpu"), (pss, "pss"), (rss, "rss"), (age, "request_age")):
                if worker[field] is not None:
                    metric.add_metric([name, str(worker["pid"])], worker[field])
        yield from (cpu, pss, rss, age)


def _label(pool: dict[str, Any]) -> str:
    """A pool's name. It may be a folder's, which need not be UTF-8."""
    return str(pool["name"]).encode("utf-8", "backslashreplace").decode()
