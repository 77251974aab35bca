"""What the outbox owes, since when, and what is parked in which group can be watched from outside."""

from __future__ import annotations

from prometheus_client import REGISTRY

from shared.postgres import standing
from shared.postgres.event_log import EventLog
from tests.conftest import MakeLog

OWED = """
INSERT INTO outbox (topic, partition, key, kind, ref, recorded)
SELECT 'gov.a.events.v1', 0, 'k', 'event', gen_random_uuid(), clock_timestamp() - n * interval '1 minute'
FROM generate_series(1, 3) n
"""
PARKED = """
INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code)
SELECT g, 'k', 's', n, 't', 0, n, 'type', '', 'gap' FROM unnest($1::text[]) g, generate_series(1, 2) n
"""


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": "notify", **labels})


async def shown(log: EventLog) -> list[float | None]:
    await standing.show(log, {"retired"})
    waiting, oldest_s = gauge("runonce_outbox_waiting"), gauge("runonce_outbox_oldest_seconds")
    return [waiting, oldest_s and round(oldest_s / 60), *(gauge("runonce_parked", group=name) for name in ("g", "retired"))]


async def test_what_waits_is_shown_and_what_is_gone_is_not(make_log: MakeLog) -> None:
    log = await make_log("notify")
    assert await shown(log) == [0, 0, None, None]

    await log.pool.execute(OWED)
    await log.pool.execute(PARKED, ["g", "retired"])
    assert await shown(log) == [3, 3, 2, None]

    await log.pool.execute("DELETE FROM parked")
    assert await shown(log) == [3, 3, None, None]
