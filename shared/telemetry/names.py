"""Every metric name, once. Counts of deliveries are named so; figures about people are gauges read from the record."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "runonce_http_request_seconds",
    "Time to answer an HTTP request",
    ["service", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
OUTBOX_WAITING = Gauge("runonce_outbox_waiting", "Rows not published yet", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("runonce_outbox_oldest_seconds", "Since when the oldest row waits to be published", ["service"])
PARKED = Gauge("runonce_parked", "Events that wait behind a failed or missing one", ["service", "group"])
TASKS = Gauge("runonce_tasks", "Tasks of the event loop", ["service"])
TIMERS_ASIDE = Gauge("runonce_timers_aside", "Journeys that are set aside because their timers fail", ["service"])
PROJECTED_DELIVERIES = Counter("runonce_projected_deliveries_total", "Records folded, duplicates included", ["service"])
FIGURE = Gauge("runonce_figure", "A figure of the province as a ratio or count, from the projection", ["figure"])
AS_OF_LAG_SECONDS = Gauge("runonce_as_of_lag_seconds", "How far the figures are behind the clock", [])
