"""Figures about other people's logs: each one a query over the facts, as far as they had occurred and were known.

These logs record no visits. `runs_proxy` counts one visit and one more for each correction that came in; it is a proxy and
is named so. Months and days are cut in the log's own time zone; quantiles interpolate linearly.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.postgres.event_log import Tx

# Facts and cases are put into temporary tables once and analysed: a planner that guesses their sizes joins them row by row.
_FACT_TABLE = "CREATE TEMPORARY TABLE fact (LIKE log_fact) ON COMMIT DROP"
_FACTS = """
INSERT INTO fact SELECT * FROM log_fact WHERE generation = $1 AND origin = $2
AND ($3::timestamptz IS NULL OR occurred < $3) AND ($4::timestamptz IS NULL OR known < $4)
"""
_CASES = """
CREATE TEMPORARY TABLE one ON COMMIT DROP AS
SELECT region, journey, min(zone) AS zone, min(occurred) AS first, max(occurred) AS last, count(DISTINCT (file, row)) AS rows,
    max(started) AS started, max(due) AS due, max(ended) AS ended, max(channel) AS channel,
    min(occurred) FILTER (WHERE phase = 'submitted') AS submitted,
    min(occurred) FILTER (WHERE phase = 'decided' AND kind = 'permit_decision') AS decided,
    min(occurred) FILTER (WHERE phase = 'closed') AS closed,
    min(occurred) FILTER (WHERE phase = 'correction_requested') AS asked,
    count(*) FILTER (WHERE phase = 'correction_requested') AS rounds,
    count(*) FILTER (WHERE phase = 'correction_received') AS corrections
FROM fact GROUP BY region, journey
"""
_SPREAD = """
count({0}) AS n, min({0}) AS min, percentile_cont(0.5) WITHIN GROUP (ORDER BY {0}) AS median, avg({0}) AS mean,
percentile_cont(0.9) WITHIN GROUP (ORDER BY {0}) AS p90, max({0}) AS max
"""
_BY_REGION = "GROUP BY GROUPING SETS ((region), ())"
_DURATION = "extract(epoch FROM last - first)::float8"
_TO_DECISION = "(extract(epoch FROM decided - submitted) / 86400)::float8"


@dataclass(frozen=True, slots=True)
class Seen:
    """Which log is asked about, and how far: facts that occurred before `as_of` and were known before `known_at`."""

    generation: int
    origin: str
    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def arguments(self) -> tuple[Any, ...]:
        return (self.generation, self.origin, self.as_of, self.known_at)


async def end_of(tx: Tx, generation: int, origin: str, day: date | None) -> datetime | None:
    """When a day is over in the log's own time zone; None for none, and for a log that is not there."""
    if day is None:
        return None
    query = "SELECT ($3::date + 1)::timestamp AT TIME ZONE min(zone) FROM log_fact WHERE generation = $1 AND origin = $2"
    found: datetime | None = await tx.fetchval(query, generation, origin, day)
    return found


async def origins(tx: Tx, generation: int) -> list[dict[str, Any]]:
    """The logs that were brought in."""
    rows = await tx.fetch(
        "SELECT origin, min(zone) AS zone, count(*) AS facts, count(DISTINCT journey) AS cases, min(occurred) AS first, "
        "max(occurred) AS last FROM log_fact WHERE generation = $1 GROUP BY origin ORDER BY origin",
        generation,
    )
    return [dict(row) for row in rows]


async def _gather(tx: Tx, seen: Seen) -> None:
    await tx.execute(_FACT_TABLE)
    await tx.execute(_FACTS, *seen.arguments)
    await tx.execute(_CASES)
    await tx.execute("ANALYZE fact, one")


async def figures(tx: Tx, seen: Seen) -> dict[str, Any]:
    """Every figure of a log, for the whole of it (`all`) and by region."""
    await _gather(tx, seen)
    return {
        "counts": await _by_region(tx, _COUNTS, seen.generation, seen.origin, seen.as_of),
        "out_of_order": await _by_region(tx, _OUT_OF_ORDER),
        "rules": await _tally(tx, "SELECT region, rule AS word, count(*) AS n FROM fact GROUP BY 1, 2"),
        "cases_by_rule": await _tally(tx, "SELECT region, rule AS word, count(DISTINCT journey) AS n FROM fact GROUP BY 1, 2"),
        "channels": await _tally(tx, "SELECT region, channel AS word, count(*) AS n FROM one GROUP BY 1, 2"),
        "closed_after_deadline_by_channel": await _tally(
            tx, "SELECT region, channel AS word, count(*) AS n FROM one WHERE ended > due GROUP BY 1, 2"
        ),
        "first_event_month": await _tally(tx, _months("first")),
        "started_month": await _tally(tx, _months("started")),
        "correction_rounds": await _tally(
            tx, "SELECT region, rounds::text AS word, count(*) AS n FROM one WHERE rounds > 0 GROUP BY 1, 2"
        ),
        "runs_proxy": await _tally(tx, "SELECT region, (1 + corrections)::text AS word, count(*) AS n FROM one GROUP BY 1, 2"),
        "duration_s": await _spread(tx, f"SELECT region, {_SPREAD.format(_DURATION)} FROM one {_BY_REGION}"),
        "submitted_to_decision_days": await _spread(
            tx, f"SELECT region, {_SPREAD.format(_TO_DECISION)} FROM one WHERE decided IS NOT NULL {_BY_REGION}"
        ),
        "request_to_receipt_days": await _first_answers(tx),
    }


_COUNTS = """
WITH ever AS (SELECT journey, max(occurred) AS last FROM log_fact WHERE generation = $1 AND origin = $2 GROUP BY journey)
SELECT region, count(*) AS cases, coalesce(sum(rows), 0)::int AS events, count(*) FILTER (WHERE rows = 1) AS single_event_cases,
    count(*) FILTER (WHERE ended > due) AS closed_after_deadline,
    count(*) FILTER (WHERE decided < submitted) AS decision_before_submission,
    count(*) FILTER (WHERE rounds > 0) AS with_correction_request,
    avg(1 + corrections)::float8 AS runs_proxy_mean,
    count(*) FILTER (WHERE ever.last >= coalesce($3::timestamptz, 'infinity')) AS in_flight
FROM one JOIN ever USING (journey) GROUP BY GROUPING SETS ((region), ())
"""
_OUT_OF_ORDER = """
SELECT fact.region,
    count(DISTINCT (fact.file, fact.row)) FILTER (WHERE fact.occurred > one.closed) AS events_after_first_close,
    count(DISTINCT (fact.file, fact.row)) FILTER (
        WHERE (fact.known AT TIME ZONE fact.zone)::date > (fact.occurred AT TIME ZONE fact.zone)::date) AS recorded_later
FROM fact JOIN one USING (journey) GROUP BY GROUPING SETS ((fact.region), ())
"""


def _months(column: str) -> str:
    return (
        f"SELECT region, to_char({column} AT TIME ZONE zone, 'YYYY-MM') AS word, count(*) AS n FROM one "
        f"WHERE {column} IS NOT NULL GROUP BY 1, 2"
    )


async def _by_region(tx: Tx, query: str, *arguments: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for row in await tx.fetch(query, *arguments):
        values = dict(row)
        found[values.pop("region") or "all"] = values
    return found


_spread = _by_region


async def _tally(tx: Tx, query: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"all": defaultdict(int)}
    for row in await tx.fetch(query):
        word = row["word"] if row["word"] is not None else "unknown"
        found.setdefault(row["region"], {})[word] = row["n"]
        found["all"][word] += row["n"]
    return found


async def _first_answers(tx: Tx) -> dict[str, dict[str, Any]]:
    """Days from the first request to the first receipt, by kind of receipt; negative where the log has it so."""
    query = f"""
    WITH answer AS (SELECT journey, coalesce(kind, 'any') AS kind, min(occurred) AS first FROM fact
        WHERE phase = 'correction_received' GROUP BY 1, 2),
    paired AS (SELECT answer.kind, (extract(epoch FROM answer.first - one.asked) / 86400)::float8 AS days
        FROM answer JOIN one USING (journey) WHERE one.asked IS NOT NULL)
    SELECT kind, {_SPREAD.format("days")}, count(*) FILTER (WHERE days < 0) AS before_request FROM paired GROUP BY kind
    """
    rows = await tx.fetch(query)
    return {row["kind"]: {k: v for k, v in dict(row).items() if k != "kind"} for row in rows}


_CHANGES = """
WITH fact AS (
    SELECT journey, sequence, known, op, field, old, new FROM log_fact WHERE generation = $1 AND origin = $2
    AND ($3::timestamptz IS NULL OR occurred < $3) AND ($4::timestamptz IS NULL OR known < $4) AND op IS NOT NULL)
"""


async def field_values(tx: Tx, seen: Seen, field: str) -> dict[str, int]:
    """How many cases had each value of `field`, as it was known; deleted cases have none until they return."""
    query = """
    , last AS (SELECT DISTINCT ON (journey) journey, new, known, sequence FROM fact WHERE field = $5
        ORDER BY journey, known DESC, sequence DESC),
    gone AS (SELECT DISTINCT ON (journey) journey, known, sequence FROM fact WHERE op = 'delete'
        ORDER BY journey, known DESC, sequence DESC)
    SELECT coalesce(last.new, '') AS word, count(*) AS n FROM last LEFT JOIN gone USING (journey)
    WHERE gone.journey IS NULL OR (last.known, last.sequence) > (gone.known, gone.sequence) GROUP BY 1
    """
    rows = await tx.fetch(_CHANGES + query, *seen.arguments, field)
    return {row["word"]: row["n"] for row in rows}


async def field_changes(tx: Tx, seen: Seen) -> dict[str, dict[str, int]]:
    """Observed updates by field, and every transition from one value to another by field."""
    query = "SELECT field, old, new, count(*) AS n FROM fact WHERE op = 'update' GROUP BY 1, 2, 3"
    updates: dict[str, int] = defaultdict(int)
    transitions: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await tx.fetch(_CHANGES + query, *seen.arguments):
        updates[row["field"]] += row["n"]
        if row["old"] and row["new"]:
            transitions[row["field"]][f"{row['old']} -> {row['new']}"] = row["n"]
    return {"updates": updates, **transitions}
