"""The numbers of a service that Prometheus collects. Each service has a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Figures:
    """Requests by route and status, seconds by route, requests of each forward pass, shots read, requests at this moment."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("msm_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "msm_request_seconds", "Time to an answer", ["route"], buckets=SECONDS, registry=self.registry
        )
        self.batches = Histogram(
            "msm_batch_requests", "Requests that shared a forward pass", ["kind"], buckets=SIZES, registry=self.registry
        )
        self.shots = Counter("msm_shots", "Shots given to the model", ["route"], registry=self.registry)
        self.active = Gauge("msm_active_requests", "Requests being answered or waiting", registry=self.registry)

    def text(self) -> bytes:
        """The exposition that a scrape reads."""
        return generate_latest(self.registry)
