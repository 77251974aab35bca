"""Other people's logs in the projection: one row for each reported fact, found again by its journey and sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.metrics.batch import Counts, Report
from shared.contracts.envelope import Envelope
from shared.contracts.intake import HistoryReported
from shared.contracts.wire import decode
from shared.eventsourcing.records import Place
from shared.postgres.event_log import Tx

_KEEP = """
INSERT INTO log_fact (generation, journey, sequence, topic, partition, kafka_offset, origin, region, case_ref, zone, file,
    row, rule, phase, kind, occurred, known, channel, item, resource, started, due, ended, irregular, op, field, old, new)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::text[], $5::smallint[], $6::bigint[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::text[],
    $16::timestamptz[], $17::timestamptz[], $18::text[], $19::text[], $20::text[], $21::timestamptz[],
    $22::timestamptz[], $23::timestamptz[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[])
ON CONFLICT DO NOTHING RETURNING topic, partition
"""


class LogFacts:
    """The part of the projection that keeps rows of other people's logs."""

    async def apply(self, tx: Tx, generation: int, reports: Sequence[Report]) -> Mapping[Place, Counts]:
        """Keep `reports`; one that is kept already is a duplicate."""
        counts: dict[Place, Counts] = {}
        rows = []
        for record, _ in reports:
            counts.setdefault(Place(record.topic, record.partition), Counts()).duplicate += 1
            rows.append(_row(decode(record.value or b""), record))
        kept = await tx.fetch(_KEEP, generation, *(list(column) for column in zip(*rows, strict=True))) if rows else []
        for row in kept:
            found = counts[Place(row["topic"], row["partition"])]
            found.duplicate -= 1
            found.applied += 1
        return counts


def _row(event: Envelope[HistoryReported], record: Any) -> tuple[Any, ...]:
    fact, change = event.data, event.data.change
    return (
        event.key,
        event.sequence,
        record.topic,
        record.partition,
        record.offset,
        fact.origin,
        fact.region,
        fact.case_ref,
        fact.zone,
        fact.file,
        fact.row,
        fact.rule,
        fact.phase,
        fact.kind,
        event.time,
        event.known,
        fact.channel,
        fact.item,
        fact.resource,
        fact.started_on,
        fact.due_on,
        fact.ended_on,
        ",".join(fact.irregular),
        *((change.op, change.field, change.old, change.new) if change is not None else (None, None, None, None)),
    )
