"""`/metrics` for Prometheus: from this computer, or with an operator's token that may read figures."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from master_app.node_pool.figures import Figures, PoolFigures
from master_app.web.identity import authenticate, services
from master_app.web.limits import limiter

bp = APIBlueprint("metrics", __name__, tag="Health")
_KEY: Final = "hivemind.metrics"
_BUCKETS: Final = (0.005, 0.02, 0.05, 0.15, 0.5, 2.0, 10.0, 60.0)
_ANSWERS: Final[Any] = {
    200: {"description": "Text for Prometheus.", "content": {"text/plain": {}}},
    401: {"description": "Not from this computer, and no good token."},
    403: {"description": "Not with this token."},
}


class WebMetrics:
    """What this door counts by itself, with the pool's figures read when somebody asks."""

    def __init__(self, figures: PoolFigures) -> None:
        self._figures = figures
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = Counter(
            "hivemind_http_requests",
            "Requests that were answered.",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "hivemind_http_request_seconds",
            "Time until the answer began.",
            ("endpoint",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield the pool's figures; called by the registry."""
        yield from _families(self._figures.collect())


def count_requests(app: Flask, figures: PoolFigures) -> None:
    """Count every request of the app. Endpoints have names of ours: nobody can add labels by asking for paths."""
    metrics = app.extensions[_KEY] = WebMetrics(figures)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        method = request.method if request.method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD") else "other"
        metrics.requests.labels(endpoint, method, str(response.status_code)).inc()
        if "began" in g:
            metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.began)
        return response


@bp.get("/metrics")
@limiter.exempt
@bp.doc(summary="Figures for Prometheus", responses=_ANSWERS)
def metrics() -> Any:
    """Answered to this computer itself, and elsewhere with the token of an operator (scope nodes:read)."""
    if not _is_local():
        services().figures.check(authenticate())
    found: WebMetrics = current_app.extensions[_KEY]
    return Response(generate_latest(found.registry), content_type=CONTENT_TYPE_LATEST)


def _is_local() -> bool:
    """Tell whether nobody stands between: a proxy on this computer would make everybody local."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via", "Authorization")):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _families(found: Figures) -> Iterator[Metric]:
    hot = found.hot
    nodes = GaugeMetricFamily("hivemind_nodes", "Nodes of the pool.", labels=("admin", "health"))
    for (admin, health), count in hot.nodes.items():
        nodes.add_metric((admin.value, health.value), count)
    yield nodes
    attempts = GaugeMetricFamily("hivemind_attempts", "Attempts that have not ended.", labels=("state",))
    for state, count in hot.attempts.items():
        attempts.add_metric((state.value,), count)
    yield attempts
    tasks = GaugeMetricFamily("hivemind_tasks", "Tasks that have not ended.", labels=("state",))
    for task_state, count in found.tasks.states.items():
        tasks.add_metric((task_state.value,), count)
    yield tasks
    for name, text, value in (
        ("hivemind_subtasks", "Subtasks of tasks that have not ended.", found.tasks.subtasks),
        ("hivemind_subtasks_active", "Of these, those with an attempt.", found.tasks.subtasks_active),
        ("hivemind_subtasks_ended", "Of these, those that ended.", found.tasks.subtasks_ended),
        ("hivemind_slots", "Slots of all nodes.", hot.slots),
        ("hivemind_cpu_cores", "Cores of all nodes.", hot.cpu_millis / 1000),
        ("hivemind_cpu_cores_reserved", "Cores that attempts reserve.", hot.cpu_reserved_millis / 1000),
        ("hivemind_memory_bytes", "Memory of all nodes.", hot.memory_bytes),
        ("hivemind_memory_bytes_reserved", "Memory that attempts reserve.", hot.memory_reserved_bytes),
        ("hivemind_gpus", "GPUs of all nodes.", hot.gpus),
        ("hivemind_gpus_reserved", "GPUs that attempts reserve.", hot.gpus_reserved),
        ("hivemind_commit_number", "Number of the newest commit.", found.commits),
        ("hivemind_commands_waiting", "Commands that wait for the writer.", found.commands_waiting),
        ("hivemind_storage_free_bytes", "Free space of the content store.", found.storage_free_bytes),
    ):
        yield GaugeMetricFamily(name, text, value=value)
