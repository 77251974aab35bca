"""Live alerts: what two windows over the snapshots make conspicuous. Pure rules, and the rows they leave.

A pair of cities is conspicuous when more of its hand-overs wait than ever in the hour before; a cause, when it made at
least twice as many visits fail within the hour as within the hour before. Snapshots carry running totals, so a lost or
repeated one changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid5

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.metrics.names import CAUSES
from services.metrics.store import CHANNEL
from shared.contracts.base import wire_time
from shared.postgres.event_log import EventLog, Tx
from shared.reference.deadlines import local_date
from shared.reference.divisions import DIVISIONS

WINDOW = timedelta(hours=1)
WAITS_MIN = 5
FAILED_MIN = 10
# Papers may take seven working days from body to body, and a few days off lie among them.
_ANSWERED_WITHIN = timedelta(days=14)
_SPACE = UUID("d4b4b0a9-7d5f-5c4e-9a2f-5f0f3f2a8a11")
Kind = Literal["custody-wait", "cause-doubled"]


class SnapshotSaid(BaseModel):
    """What a snapshot says, as far as alerts read it: open hand-overs by pair, failed visits by cause since the beginning."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    at: AwareDatetime
    open_waits: dict[str, int]
    failed: dict[str, int]


class Alert(NamedTuple):
    """Something worth telling; at most once an hour for each subject."""

    id: UUID
    kind: Kind
    subject: str
    at: datetime
    now: float
    before: float


class Windows:
    """The snapshots of the last two hours."""

    def __init__(self) -> None:
        self._seen: deque[SnapshotSaid] = deque()

    def hear(self, said: SnapshotSaid) -> list[Alert]:
        """What `said` makes conspicuous. A snapshot that comes late is not looked at."""
        if self._seen and said.at <= self._seen[-1].at:
            return []
        while self._seen and self._seen[0].at < said.at - 2 * WINDOW:
            self._seen.popleft()
        found = [*self._waiting(said), *self._doubled(said)]
        self._seen.append(said)
        return found

    def _waiting(self, said: SnapshotSaid) -> Iterator[Alert]:
        hour = [seen for seen in self._seen if seen.at >= said.at - WINDOW]
        for pair, waiting in said.open_waits.items():
            before = max((seen.open_waits.get(pair, 0) for seen in hour), default=waiting)
            if hour and waiting >= WAITS_MIN and waiting > before and waiting >= 2 * hour[0].open_waits.get(pair, 0):
                yield _alert("custody-wait", pair, said.at, waiting, hour[0].open_waits.get(pair, 0))

    def _doubled(self, said: SnapshotSaid) -> Iterator[Alert]:
        then = self._newest_before(said.at - WINDOW)
        earlier = self._newest_before(said.at - 2 * WINDOW + timedelta(minutes=1)) or (self._seen[0] if self._seen else None)
        if then is None or earlier is None or earlier.at >= then.at:
            return
        for cause, total in said.failed.items():
            now = total - then.failed.get(cause, 0)
            before = then.failed.get(cause, 0) - earlier.failed.get(cause, 0)
            if now >= FAILED_MIN and now >= 2 * before:
                yield _alert("cause-doubled", cause, said.at, now, before)

    def _newest_before(self, at: datetime) -> SnapshotSaid | None:
        return next((seen for seen in reversed(self._seen) if seen.at <= at), None)


def _alert(kind: Kind, subject: str, at: datetime, now: float, before: float) -> Alert:
    return Alert(uuid5(_SPACE, f"{kind}/{subject}/{at:%Y-%m-%dT%H}"), kind, subject, at, now, before)


def worded(alert: Mapping[str, Any]) -> dict[str, Any]:
    """An alert as JSON, with its sentence in both languages and the evidence to ask for."""
    zh, en = _sentence(alert["kind"], alert["subject"], alert["now"], alert["before"])
    return {
        "id": str(alert["id"]),
        "kind": alert["kind"],
        "subject": alert["subject"],
        "at": wire_time(alert["at"]),
        "now": alert["now"],
        "before": alert["before"],
        "zh": zh,
        "en": en,
        "evidence": _evidence(alert["kind"], alert["subject"], alert["at"]),
    }


def _evidence(kind: Kind, subject: str, at: datetime) -> dict[str, str]:
    """What an alert speaks of as a slice: the visits in vain of its hour's days, or the offers that a pair may still answer."""
    if kind == "custody-wait":
        asked, since = {"figure": "F8", "reading": "offered", "pair": subject, "layer": "physical"}, at - _ANSWERED_WITHIN
    else:
        asked, since = {"figure": "F13", "reading": "failed", "cause": subject}, at - WINDOW
    return asked | {"from": local_date(since).isoformat(), "to": local_date(at).isoformat()}


def _sentence(kind: str, subject: str, now: float, before: float) -> tuple[str, str]:
    if kind == "custody-wait":
        (from_zh, from_en), (to_zh, to_en) = (_place(code) for code in subject.split(">"))
        return (
            f"{from_zh}移交{to_zh}待接收 {now:.0f} 件，一小时前 {before:.0f} 件。",
            f"{now:.0f} hand-overs from {from_en} to {to_en} wait to be taken; an hour ago {before:.0f}.",
        )
    words = CAUSES.get(subject, {"zh": subject, "en": subject})
    return (
        f"“{words['zh']}”一小时内 {now:.0f} 次未办成，前一小时 {before:.0f} 次。",
        f"{words['en']}: {now:.0f} visits in vain within the hour, {before:.0f} in the hour before.",
    )


def _place(code: str) -> tuple[str, str]:
    row = DIVISIONS.get(code)
    return (code, code) if row is None else (row.name_zh, row.name_en)


async def keep(log: EventLog, alerts: list[Alert]) -> None:
    """Write alerts down and tell every process; one that is known already is not told again."""
    async with log.transaction() as tx:
        for alert in alerts:
            fresh = await tx.fetchval(
                "INSERT INTO alert (id, kind, subject, at, now, before) VALUES ($1, $2, $3, $4, $5, $6) "
                "ON CONFLICT DO NOTHING RETURNING true",
                *alert,
            )
            if fresh:
                said = orjson.dumps({"alert": worded(alert._asdict())}).decode()
                await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, said)


async def newest_alerts(tx: Tx, limit: int, since: datetime | None = None) -> list[dict[str, Any]]:
    """The newest alerts, those `since` an instant if one is given."""
    rows = await tx.fetch(
        "SELECT id, kind, subject, at, now, before FROM alert WHERE $2::timestamptz IS NULL OR at >= $2 "
        "ORDER BY at DESC, id LIMIT $1",
        limit,
        since,
    )
    return [worded(dict(row)) for row in rows]
