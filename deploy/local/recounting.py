"""The second witness: the figures counted again from the stored bytes of every service, without any table of the projection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from math import ceil

import orjson

from deploy.local.doors import Doors
from deploy.local.progress import Tracker
from deploy.local.tables import DIMENSIONS, KNOWN, WAITS, Readings, Table
from deploy.local.truth import ALL
from services.metrics.contributions import GROUPS
from services.metrics.figures import BY_CODE, Figure, evaluate
from services.metrics.ledger import Ledger
from services.metrics.recount import Recount
from services.metrics.slices import key_of
from services.metrics.story import tell
from services.metrics.summary import Wait, waits
from shared.contracts.registry import TOPIC_OF_EVENT

PAGE = 5_000
RECORDS = ("intake", "approval", "notify")
_Sums = dict[str, dict[str, int]]


@dataclass
class Record:
    """Everything that is stored: folded into rows, and counted by topic and by journey and type."""

    recount: Recount = field(default_factory=Recount)
    topics: Counter[str] = field(default_factory=Counter)
    types: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


async def read_record(doors: Doors, tracker: Tracker) -> Record:
    """Read the record of every service that writes about journeys, page by page."""
    record = Record()
    for service in RECORDS:
        stream, version = "", 0
        while True:
            page = await doors.lines(service, "/v1/record", "auditor", after_stream=stream, after_version=version, limit=PAGE)
            if not page:
                break
            for body in page:
                _take(record, body)
            last = orjson.loads(page[-1])
            stream, version = last["subject"], last["sequence"]
            tracker.advance(len(page))
    return record


def _take(record: Record, body: bytes) -> None:
    record.recount.take(body)
    event = orjson.loads(body)
    record.topics[TOPIC_OF_EVENT.get(event["type"], "unknown")] += 1
    record.types[event["journey"]][event["type"]] += 1


def counted(record: Record, journeys: Iterable[str] | None, today: date) -> Table:
    """The figures over these journeys, or over all of them."""
    chosen = list(record.recount.journeys if journeys is None else journeys)
    entries = record.recount.total(chosen)
    offers = [wait for key in chosen if key in record.recount.journeys for wait in waits(tell(record.recount.journeys[key]), 0)]
    sums = {code: _by_slice(figure, entries) for code, figure in BY_CODE.items()}

    def empty(code: str, name: str) -> Readings:
        readings = _told(BY_CODE[code], sums[code].get(_shared(name), {}))
        return readings | _waited([], today) if code == "F8" else readings

    table = Table(empty)
    for code, figure in BY_CODE.items():
        for name, amounts in sums[code].items():
            if not name.endswith("=*"):
                table.put(code, name, _told(figure, {**sums[code].get(_shared(name), {}), **amounts}))
    waiting = _offers_by_slice(offers)
    for name in {*table.names("F8"), *waiting}:
        table.put("F8", name, table.get("F8", name) | _waited(waiting.get(name, ()), today))
    return table


def _shared(name: str) -> str:
    """Where the sums of groups are kept that do not know the dimension: they belong to each of its slices."""
    return f"{name.partition('=')[0]}=*"


def _told(figure: Figure, amounts: dict[str, int]) -> Readings:
    return {code: (value.numerator, value.denominator) for code, value in evaluate(figure, amounts).items()}


def _by_slice(figure: Figure, entries: Ledger) -> _Sums:
    sums: _Sums = defaultdict(lambda: defaultdict(int))
    for entry, amounts in entries.items():
        group = entry.cell.group
        if group not in figure.groups:
            continue
        names = [ALL]
        for by in figure.by:
            if by in DIMENSIONS:
                key = key_of(entry, by)
                names.append(f"{by}={'*' if key is None else key}")
        names.append(f"{KNOWN}={key_of(entry, 'day', 'known')}")
        for measure, amount in zip(GROUPS[group], amounts, strict=True):
            for name in names:
                sums[name][f"{group}.{measure}"] += amount
    return sums


def _offers_by_slice(offers: Iterable[Wait]) -> dict[str, list[Wait]]:
    found: dict[str, list[Wait]] = defaultdict(list)
    for offer in offers:
        start, end = (region[:4] + "00" for region in (offer.from_region, offer.to_region))
        keys = {
            "city": start,
            "county": offer.from_region,
            "item": offer.item,
            "basic": offer.basic,
            "channel": offer.channel,
            "day": offer.offered_on.isoformat(),
            "pair": f"{start}>{end}",
            KNOWN: offer.offered_known.isoformat(),
        }
        for name in (ALL, *(f"{by}={key}" for by, key in keys.items())):
            found[name].append(offer)
    return found


def _waited(offers: Iterable[Wait], today: date) -> Readings:
    some = list(offers)
    taken = sorted(seconds for offer in some if (seconds := _seconds(offer)) is not None)
    overdue = sum(offer.how is None and offer.due < today for offer in some)
    readings: Readings = {"overdue": (overdue, None)}
    for code, share in WAITS.items():
        readings[code] = (taken[ceil(share * len(taken)) - 1] if taken else 0, len(taken))
    return readings


def _seconds(offer: Wait) -> int | None:
    if offer.how != "accepted" or offer.ended_at is None or offer.layer != "physical":
        return None
    milliseconds = round((offer.ended_at - offer.offered_at).total_seconds() * 1000)
    return (milliseconds + 500) // 1000
