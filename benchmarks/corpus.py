"""The corpus of the projection bench: a province's events, the same ones for the same seed, in streaming order for any size.

A shorter corpus is the beginning of a longer one. 2,000 journeys begin every day, a day has about 30,000 events, and a
journey takes a week or two: a larger corpus has more days, never more journeys at once. Records come in the order in which
they were recorded; visits that were reported days later carry the time at which they occurred, half of them also the earlier
time at which government knew. The bytes are those of the contract's codec, made without its models, which would take
longer than the projection; a test reads every kind with the contract and writes it again.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any, NamedTuple

import orjson

from benchmarks.corpus_places import HOMES, HOMES_WEIGHTS, ITEMS, ITEMS_WEIGHTS, Hall, Item, Office, halls, office
from benchmarks.projection_task import Application, Completion, Count, Decision, Delivery, Mark, Opening, Visit, Void
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS, PARTITIONS

SEED = 7
FIRST_DAY = date(2023, 1, 2)
JOURNEYS_A_DAY = 2_000
DUPLICATES = 0.01
DUPLICATE_WITHIN = 2_000
"""A duplicate comes at most so many records after the first."""
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_CHINA = 8 * _HOUR
_TOPIC = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS, "notify": NOTIFY_EVENTS}
_FAILURES = (
    ("wrong_place", "wrong_place", "applicant"),
    ("missing_material", "missing_material", "applicant"),
    ("missing_material", "not_informed", "government"),
    ("system_failure", "system_failure", "government"),
)
_IN_VAIN = (0.58, 0.86, 0.96, 1.0)
"""The shares of journeys with at most none, one, two and three visits before the one that brings the application."""


class Record(NamedTuple):
    """One record of a topic. `at_ms` is its timestamp."""

    topic: str
    partition: int
    key: bytes
    value: bytes
    at_ms: int


class Told(NamedTuple):
    """A distinct event: its record, whose it is, what it means for the task, and whether nothing follows."""

    record: Record
    journey: str
    mark: Mark | None
    is_last: bool


class _Draft(NamedTuple):
    recorded: int
    ordinal: int
    source: str
    type: str
    data: dict[str, Any]
    mark: Mark | None
    occurred: int
    known: int


def records(size: int, seed: int = SEED, into: Count | None = None) -> Iterator[Record]:
    """The first `size` distinct events and the duplicates among them; `into` counts what is right."""
    rng = Random(f"{seed}/duplicates")
    again: list[tuple[int, int, Record]] = []
    for n, (record, journey, mark, is_last) in enumerate(events(seed)):
        if n == size:
            break
        if into is not None:
            into.see(journey, mark, is_last=is_last)
        yield record
        if rng.random() < DUPLICATES:
            heapq.heappush(again, (n + rng.randint(1, DUPLICATE_WITHIN), n, record))
        while again and again[0][0] <= n:
            yield heapq.heappop(again)[2]
    while again:
        yield heapq.heappop(again)[2]


def events(seed: int = SEED) -> Iterator[Told]:
    """Every distinct event, without end, in the order in which they were recorded."""
    waiting: list[tuple[int, int, int, Told]] = []
    for number in count():
        begins = _begin(number)
        while waiting and waiting[0][0] < begins:
            yield heapq.heappop(waiting)[-1]
        for ordinal, (recorded, told) in enumerate(_Journey(seed, number, begins).told()):
            heapq.heappush(waiting, (recorded, number, ordinal, told))


def _begin(number: int) -> int:
    return (FIRST_DAY.toordinal() - _EPOCH_DAY) * _DAY + number * (_DAY // JOURNEYS_A_DAY)


class _Journey:
    """One journey from first contact to the result in hand, or to its withdrawal. Times are microseconds since 1970."""

    def __init__(self, seed: int, number: int, begins: int) -> None:
        self._rng = Random(f"{seed}/{number}")
        self.id = self._uuid()
        self._now = begins
        self._drafts: list[_Draft] = []
        self._item: Item = self._rng.choices(ITEMS, cum_weights=ITEMS_WEIGHTS)[0]
        self._home: str = self._rng.choices(HOMES, cum_weights=HOMES_WEIGHTS)[0]
        self._handling: Office = office(self._rng.choice(HOMES) if self._rng.random() < 0.2 else self._home, self._item.level)
        self._receiving = office(self._home, 4)
        self._subject = self._hex()
        self._officer = self._hex()
        self._correlation = self._uuid()
        self._case = f"{self._item.code}{_day(begins).replace('-', '')}{number:010d}"
        self._visits: list[str] = []

    def told(self) -> Iterator[tuple[int, Told]]:
        """Its events with the time at which each was recorded; in order, and in the order of each stream."""
        self._live()
        self._drafts.sort()
        key, partition = self.id.encode(), partition_of(self.id, PARTITIONS)
        heads = {"intake": 0, "approval": 0, "notify": 0}
        cause = self._uuid()
        last = len(self._drafts) - 1
        for n, draft in enumerate(self._drafts):
            heads[draft.source] += 1
            identity = self._uuid()
            body = self._body(draft, heads[draft.source], identity, cause)
            cause = identity
            record = Record(_TOPIC[draft.source], partition, key, body, draft.recorded // 1_000)
            yield draft.recorded, Told(record, self.id, draft.mark, n == last)

    def _live(self) -> None:
        rng = self._rng
        is_known = rng.random() < 0.9
        self._open(is_known=is_known)
        for _ in range(rng.choices(range(4), cum_weights=_IN_VAIN)[0]):
            self._come_in_vain(is_known=is_known)
            self._pass(0.2, 3)
        self._apply()
        if rng.random() < 0.03:
            self._pass(0.1, 2)
            self._intake("application-withdrawn", {"case_no": self._case, "reason_code": "changed-mind"})
            self._complete("withdrawn")
            return
        if self._handling.city != self._receiving.city:
            self._hand_over()
        self._pass(0.1, 2)
        self._accept()
        self._decide()
        self._deliver()

    def _open(self, *, is_known: bool) -> None:
        region = self._home if self._rng.random() < 0.85 else None
        data = {"subject_ref": self._subject} if is_known else {}
        data |= {"item_code": self._item.code, "basic_code": self._item.basic}
        if region is not None:
            data["applicant_region"] = region
        data |= {"declared_visits": 1, "first_contact": _moment(self._now)}  # type: ignore[dict-item]
        self._intake("journey-opened", data, Opening(region))

    def _come_in_vain(self, *, is_known: bool) -> None:
        """A visit before the application: somebody asked, or it failed."""
        rng = self._rng
        where = halls(self._home, rng.random())
        if rng.random() < 0.4:
            visit = self._visit(where, "consult", "done", "normal", "unknown", is_known=is_known)
        else:
            visit = self._visit(where, "apply", *rng.choice(_FAILURES), is_known=is_known)
        if rng.random() < 0.03:
            self._pass(0.02, 0.1)
            self._intake("visit-voided", {"visit_id": visit, "reason_code": "mistake"}, Void(visit))

    def _visit(self, at: Hall, purpose: str, outcome: str, cause: str, responsible: str, *, is_known: bool) -> str:
        visit = self._uuid()
        by_agent = self._rng.random() < 0.08
        day = _day(self._now)
        data: dict[str, Any] = {"visit_id": visit}
        if is_known:
            data["subject_ref"] = self._subject
        data |= {"venue_id": at.venue, "venue_region": at.region, "venue_kind": at.kind, "local_date": day}
        data["by"] = "agent" if by_agent else "applicant"
        if by_agent:
            data["person_ref"] = self._officer
        data |= {"purpose": purpose, "outcome": outcome, "cause": cause, "responsible": responsible}
        late = self._rng.random()
        data |= {"source": "self_report" if late < 0.03 else "window", "item_code": self._item.code}
        mark = Visit(visit, at.region, self._item.code, f"{cause}|{responsible}", day)
        delay = int(self._rng.uniform(1, 5) * _DAY) if late < 0.03 else 0
        # Half of the late reports tell what government knew when it happened: they are known before facts recorded earlier.
        self._draft("intake", "visit-recorded", data, mark, delay, knew=late < 0.015)
        return visit

    def _apply(self) -> None:
        item, case = self._item, self._case
        where = halls(self._home, self._rng.random())
        self._visit(where, "apply", "done", "normal", "unknown", is_known=True)
        data = {
            "case_no": case,
            "item_code": item.code,
            "basic_code": item.basic,
            "item_version": 1,
            "declared_visits": 1,
            "promised_wd": item.promised_wd,
            "statutory_wd": item.statutory_wd,
            "channel": "window",
            "virtual": False,
            "subject_ref": self._subject,
            "applicant_region": self._home,
            "receiving_body": self._receiving.body,
            "receiving_region": self._receiving.region,
            "handling_body": self._handling.body,
            "handling_region": self._handling.region,
            "handling_level": item.level,
            "materials": [{"code": code, "form": "original"} for code in item.materials],
        }
        self._intake("application-submitted", data, Application(self._home, self._handling.region, item.code))
        received = {
            "case_no": case,
            "receipt_no": f"S{case[-10:]}",
            "window_id": f"{where.venue}-1",
            "received_at": _moment(self._now),
            "form_check": "passed",
            "identity_check": "passed",
        }
        self._intake("application-received", received)
        self._notify("receipt")

    def _hand_over(self) -> None:
        offer = {"case_no": self._case, "handover_no": "H1"}
        giver, taker = self._receiving, self._handling
        places = {"from_body": giver.body, "from_region": giver.region, "to_body": taker.body, "to_region": taker.region}
        self._intake("custody-offered", offer | places | {"medium": "paper", "due": _day(self._now + 9 * _DAY)})
        self._pass(0.3, 3)
        if self._rng.random() < 0.9:
            self._intake("custody-accepted", offer)
        else:
            self._intake("custody-offer-withdrawn", offer)

    def _accept(self) -> None:
        item, now = self._item, self._now
        limits = {"promised_wd": item.promised_wd, "statutory_wd": item.statutory_wd}
        promised, statutory = (_day(now + (days + days // 5 * 2) * _DAY) for days in limits.values())
        dues = {"promised_due": promised, "statutory_due": statutory, "calendar_version": "2023.1"}
        begin = {"case_no": self._case, "accepted_at": _moment(now), "mode": "normal"}
        place = {"accepted_body": self._handling.body, "accepted_region": self._handling.region, "item_code": item.code}
        self._intake("application-accepted", begin | place | limits | dues)
        taken = {"case_no": self._case, "body": self._handling.body, "item_code": item.code, "accepted_at": _moment(now)}
        self._draft("approval", "case-taken", taken | limits | dues, None)

    def _decide(self) -> None:
        rng, item = self._rng, self._item
        used = min(int(rng.expovariate(2.2 / item.promised_wd)), 3 * item.promised_wd)
        self._pass(used + 0.1, used + used // 5 * 2 + 0.9)
        on_time = used <= item.promised_wd
        if not on_time:
            card = {"case_no": self._case, "rule_no": "promised-time.red.1", "due": _day(self._now)}
            self._draft("approval", "red-card-issued", card | {"used_wd": used, "body": self._handling.body}, None)
            self._pass(0.1, 0.5)
        self._outcome = "granted" if rng.random() < 0.94 else "refused"
        decided = {
            "case_no": self._case,
            "body": self._handling.body,
            "officer_ref": self._officer,
            "outcome": self._outcome,
            "document_no": f"D{self._case[-10:]}",
            "reason_codes": [] if self._outcome == "granted" else ["not-eligible"],
            "remedies": [] if self._outcome == "granted" else ["reconsideration", "litigation"],
            "decided_at": _moment(self._now),
            "net_wd_used": used,
            "on_time": on_time,
            "statutory_met": used <= item.statutory_wd,
        }
        self._draft("approval", "decision-made", decided, Decision(_day(self._now), on_time, used))
        noted = {"case_no": self._case, "outcome": self._outcome, "decision_event": self._uuid()}
        self._intake("decision-noted", noted)

    def _deliver(self) -> None:
        self._notify("result")
        self._pass(0.1, 4)
        if is_collected := self._rng.random() < 0.35:
            self._visit(halls(self._home, 0.0), "collect", "done", "normal", "unknown", is_known=True)
        delivered = {"case_no": self._case, "method": "window" if is_collected else "courier", "delivered_at": _moment(self._now)}
        self._intake("result-delivered", delivered, Delivery(_day(self._now)))
        self._complete(self._outcome)

    def _complete(self, outcome: str) -> None:
        self._intake("journey-completed", {"outcome": outcome, "completed_at": _moment(self._now)}, Completion(outcome))

    def _notify(self, template: str) -> None:
        intent = self._uuid()
        owed = {"intent_id": intent, "cause_event": self._uuid(), "template": template, "recipient_role": "applicant"}
        self._draft("notify", "notification-requested", owed | {"channel": "sms", "suppressed": False}, None)
        self._now += int(self._rng.uniform(1, 30) * _SECOND)
        sent = {"intent_id": intent, "attempt": 1, "provider_ref": f"sms-{intent[:13]}", "repeated": False}
        self._draft("notify", "notification-sent", sent, None)

    def _intake(self, name: str, data: dict[str, Any], mark: Mark | None = None) -> None:
        self._draft("intake", name, data, mark)

    def _draft(
        self, source: str, name: str, data: dict[str, Any], mark: Mark | None, delay: int = 0, *, knew: bool = False
    ) -> None:
        at = self._now
        recorded = at + delay
        known = at if knew else recorded
        self._drafts.append(_Draft(recorded, len(self._drafts), source, f"gov.{source}.{name}.v1", data, mark, at, known))
        self._now += int(self._rng.uniform(0.01, 2) * _SECOND)

    def _pass(self, least_days: float, most_days: float) -> None:
        self._now += int(self._rng.uniform(least_days, most_days) * _DAY)

    def _body(self, draft: _Draft, sequence: int, identity: str, cause: str) -> bytes:
        office_of = self._receiving if draft.source == "intake" else self._handling
        recorded = _instant(draft.recorded)
        document = {
            "specversion": "1.0",
            "id": identity,
            "source": draft.source,
            "type": draft.type,
            "subject": f"journey-{self.id}",
            "sequence": sequence,
            "time": _instant(draft.occurred) if draft.occurred != draft.recorded else recorded,
            "recordedtime": recorded,
            "knowntime": _instant(draft.known) if draft.known != draft.recorded else recorded,
            "journey": self.id,
            "partitionkey": self.id,
            "correlationid": self._correlation,
            "causationid": cause,
            "actorrole": "service" if draft.source == "notify" else "clerk",
            "actorid": f"desk-{office_of.region}",
        }
        if draft.source != "notify":
            document |= {"actorbody": office_of.body, "actorregion": office_of.region}
        document |= {"datacontenttype": "application/json", "dataschema": "urn:runonce:schema:" + draft.type, "data": draft.data}
        return orjson.dumps(document)

    def _hex(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"

    def _uuid(self) -> str:
        bits = f"{self._rng.getrandbits(128):032x}"
        return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"


@lru_cache(10_000)
def _day_of(number: int) -> str:
    return date.fromordinal(number + _EPOCH_DAY).isoformat()


def _day(at: int) -> str:
    """The local day in China."""
    return _day_of((at + _CHINA) // _DAY)


@lru_cache(100_000)
def _minute(number: int) -> str:
    days, minutes = divmod(number, _DAY // _MINUTE)
    return f"{_day_of(days)}T{minutes // 60:02}:{minutes % 60:02}:"


def _instant(at: int) -> str:
    """RFC 3339 in UTC with microseconds, as the envelope writes it."""
    minute, micros = divmod(at, _MINUTE)
    return f"{_minute(minute)}{micros // _SECOND:02}.{micros % _SECOND:06}Z"


def _moment(at: int) -> str:
    """The same as facts write it: without a fraction that is zero."""
    return _instant(at) if at % _SECOND else _instant(at)[:-8] + "Z"
